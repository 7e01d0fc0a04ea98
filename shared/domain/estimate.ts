/** What a request may cost at most, known before it is sent. */
import type { ChatCommand } from './chat-command.ts';
import type { Amounts, TenantLimits } from './limits.ts';
import { type CacheWrites, costOf, dearestPrices, type TierPrices } from './price.ts';
import { NO_USAGE, quotaTokens, type TokenUsage } from './usage.ts';

/** What a request can use at most, and what is reserved for it. */
export interface Estimate {
  /** The upper bound, whatever is reserved. */
  readonly usage: TokenUsage;
  readonly reserved: Amounts;
  /** What a token of output counts where limits a minute count as Bedrock does. */
  readonly outputFactor?: number;
}

/** Tokens that a model's chat template adds once a request: preambles, dates, the opening of the answer. */
const REQUEST_TOKENS = 128;
/** Tokens that a chat template adds around each message: role, separators, end of turn. */
const MESSAGE_TOKENS = 16;

/**
 * The strict bound: no tokenizer makes more tokens than its text has bytes, and the output stops at the number
 * sent as maxTokens. Each token is priced at the dearest class it could be billed in, those of a long context where
 * the prompt may be one. Writes to the cache for the usual time are among them even where none were asked for,
 * because models may cache by themselves; those for an hour are not.
 */
export function estimateOf(
  command: Pick<ChatCommand, 'system' | 'messages'>,
  of: {
    readonly price: TierPrices;
    readonly outputTokensMax: number;
    readonly cacheWrites: CacheWrites;
    /** Of the model. */
    readonly outputFactor: number;
    readonly counting: Pick<TenantLimits, 'tokenCounting' | 'estimation'>;
  },
): Estimate {
  const { price, cacheWrites, outputFactor } = of;
  const usage = { ...NO_USAGE, input: inputTokensBound(command), output: of.outputTokensMax };
  const dearest = dearestPrices(price, { contextTokensMax: usage.input, cacheWrites });
  const reserved = { tokens: usage.input + usage.output, nanoUsd: costOf(dearest, usage) };
  return of.counting.tokenCounting === 'bedrock'
    ? { usage, reserved: { ...reserved, minuteTokens: quotaTokens(usage, outputFactor) }, outputFactor }
    : { usage, reserved };
}

function inputTokensBound(command: Pick<ChatCommand, 'system' | 'messages'>): number {
  const texts = [...command.system, ...command.messages.flatMap((message) => message.texts)];
  const turns = command.system.length + command.messages.length;
  return texts.reduce((sum, text) => sum + bytesBound(text), REQUEST_TOKENS + MESSAGE_TOKENS * turns);
}

/**
 * Some tokenizers normalise to NFKC first, which can make one character of three bytes into eighteen. ASCII is
 * its own normal form and is not normalised.
 */
function bytesBound(text: string): number {
  const bytes = Buffer.byteLength(text);
  if (bytes === text.length) return bytes;
  return Math.max(bytes, Buffer.byteLength(text.normalize('NFKC')));
}
