/** What a request may cost, known before it is sent: at most and, where a tenant chose so, as expected. */
import type { Amounts, TenantLimits } from './limits.ts';
import { type Media, mediaTokensExpected, mediaTokensMax } from './media-tokens.ts';
import type { Model } from './model.ts';
import { type CacheWrites, costOf, dearestPrices, type TierPrices } from './price.ts';
import { textTokensMax, tokensExpected } from './text-tokens.ts';
import { NO_USAGE, quotaTokens, type TokenUsage, totalTokens } from './usage.ts';

/** What a request can use at most, and what is reserved for it. */
export interface Estimate {
  /** The upper bound, whatever is reserved. */
  readonly usage: TokenUsage;
  readonly reserved: Amounts;
  /** What a token of output counts where limits a minute count as Bedrock does. */
  readonly outputFactor?: number;
}

/** The part of a conversation that is billed as input. */
export interface EstimatedInput {
  /** System texts, and whatever else stands before the messages. */
  readonly system: readonly string[];
  /** Turns with their texts. */
  readonly messages: readonly { readonly texts: readonly string[] }[];
  /** All that stands among the messages beside text; absent: nothing. */
  readonly media?: readonly Media[];
}

/** What an estimate depends on beside the input. */
export interface EstimateTerms {
  readonly price: TierPrices;
  /** The number sent as maxTokens. */
  readonly outputTokensMax: number;
  readonly cacheWrites: CacheWrites;
  readonly model: Pick<Model, 'outputFactor' | 'inputTokensMax' | 'imageTokensMax'>;
  readonly counting: Pick<TenantLimits, 'tokenCounting' | 'estimation'>;
}

/** Tokens that a model's chat template adds once a request: preambles, dates, the opening of the answer. */
const REQUEST_TOKENS = 128;
/** Tokens that a chat template adds around each message: role, separators, end of turn. */
const MESSAGE_TOKENS = 16;
/** Where nothing but an answer's cap is known, a quarter of it is expected, and no less than this. */
const EXPECTED_OUTPUT_TOKENS_MIN = 1024;

/**
 * What to reserve. Strict, unless the tenant chose otherwise: the most tokens that the request can be, each at the
 * dearest class it could be billed in, those of a long context where the prompt may be one. Writes to the cache for
 * the usual time are among the classes even where none were asked for, because models may cache by themselves; those
 * for an hour are not.
 *
 * Balanced: the tokens that such a request is expected to be, at the same prices, and as its debt how many more the most
 * are and what they would cost beyond that, zero or more. Tokens are guessed, prices never.
 */
export function estimateOf(input: EstimatedInput, of: EstimateTerms): Estimate {
  const usage = { ...NO_USAGE, input: inputTokensMax(input, of.model), output: of.outputTokensMax };
  const { outputFactor } = of.model;
  const most = amountsOf(usage, of);
  const reserved =
    of.counting.estimation === undefined ? most : withDebt(amountsOf(expectedUsage(input, of), of), most);
  return of.counting.tokenCounting === 'bedrock' ? { usage, reserved, outputFactor } : { usage, reserved };
}

/** These tokens and their money, counted as the tenant's limits count. */
function amountsOf(usage: TokenUsage, of: EstimateTerms): Amounts {
  const amounts = { tokens: totalTokens(usage), nanoUsd: dearestCost(usage, of) };
  return of.counting.tokenCounting === 'bedrock'
    ? { ...amounts, minuteTokens: quotaTokens(usage, of.model.outputFactor) }
    : amounts;
}

/** What is expected, and by how much the most is more. */
function withDebt(expected: Amounts, most: Amounts): Amounts {
  const { minuteTokens } = expected;
  return {
    ...expected,
    debtNanoUsd: most.nanoUsd - expected.nanoUsd,
    debtTokens: most.tokens - expected.tokens,
    ...(minuteTokens !== undefined && { debtMinuteTokens: (most.minuteTokens ?? 0) - minuteTokens }),
  };
}

const dearestCost = (usage: TokenUsage, { price, cacheWrites }: EstimateTerms): number =>
  costOf(dearestPrices(price, { contextTokensMax: usage.input, cacheWrites }), usage);

function inputTokensMax(input: EstimatedInput, model: EstimateTerms['model']): number {
  const { media = [] } = input;
  return templateTokens(input) + sum(textsOf(input).map(textTokensMax)) + mediaTokensMax(media, model);
}

/** Within the most in both: a token stands for at least a byte, and no answer is expected beyond its cap. */
function expectedUsage(input: EstimatedInput, of: EstimateTerms): TokenUsage {
  const { media = [] } = input;
  const textTokens = tokensExpected(sum(textsOf(input).map(textTokensMax)));
  const outputTokens = Math.max(EXPECTED_OUTPUT_TOKENS_MIN, Math.ceil(of.outputTokensMax / 4));
  return {
    ...NO_USAGE,
    input: templateTokens(input) + textTokens + mediaTokensExpected(media, of.model),
    output: Math.min(of.outputTokensMax, outputTokens),
  };
}

const textsOf = ({ system, messages }: EstimatedInput): readonly string[] => [
  ...system,
  ...messages.flatMap((message) => message.texts),
];

const templateTokens = ({ system, messages }: EstimatedInput): number =>
  REQUEST_TOKENS + MESSAGE_TOKENS * (system.length + messages.length);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
