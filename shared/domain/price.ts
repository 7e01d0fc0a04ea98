/** What tokens cost: one price a class of tokens, service tier and length of context. */
import type { NanoUsd, PicoUsd } from './money.ts';
import type { TokenUsage } from './usage.ts';

/** Prices in pico-USD a token. An absent class is one whose price is not known, or that the model does not offer. */
export interface TokenPrices {
  readonly input: PicoUsd;
  readonly output: PicoUsd;
  readonly cacheRead?: PicoUsd;
  /** Written to the prompt cache for the usual time: five minutes, with some models more. */
  readonly cacheWrite5m?: PicoUsd;
  /** Written to the prompt cache for an hour. */
  readonly cacheWrite1h?: PicoUsd;
  /** An image that the model makes, in pico-USD an image. */
  readonly image?: PicoUsd;
}

/** The price of the whole request, answer included, where its prompt has more tokens than `aboveTokens`. */
export interface LongContextPrices extends TokenPrices {
  readonly aboveTokens: number;
}

/** The prices of one service tier. */
export interface TierPrices extends TokenPrices {
  readonly longContext?: LongContextPrices;
}

/** Bedrock's tiers that are billed by the token; `standard` is what it calls `default`. */
export const SERVICE_TIERS = ['standard', 'priority', 'flex', 'batch'] as const;
export type ServiceTier = (typeof SERVICE_TIERS)[number];

/** A model's prices: those of the standard tier, and of the others where they are known. */
export interface ModelPrice extends TierPrices {
  readonly otherTiers?: Readonly<Partial<Record<ServiceTier, TierPrices>>>;
}

/** The longest that a request asks the prompt cache to keep what it writes; `none` where it asks for nothing. */
export type CacheWrites = 'none' | '5m' | '1h';

/** What a request asks for, as far as prices depend on it. */
export interface PriceUse {
  readonly tier: ServiceTier;
  readonly cacheWrites: CacheWrites;
}

const CLASSES_USED: Readonly<Record<CacheWrites, readonly (keyof TokenPrices)[]>> = {
  none: ['input', 'output'],
  '5m': ['input', 'output', 'cacheRead', 'cacheWrite5m'],
  '1h': ['input', 'output', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h'],
};

/**
 * The prices of such a request; undefined where one of them is not known, since what has no price would cost
 * nothing. A tier's price is never derived from another's.
 */
export function pricesFor(price: ModelPrice, use: PriceUse): TierPrices | undefined {
  const tier = use.tier === 'standard' ? price : price.otherTiers?.[use.tier];
  if (tier === undefined) return undefined;
  const contexts: readonly TokenPrices[] = [tier, tier.longContext ?? tier];
  const isKnown = CLASSES_USED[use.cacheWrites].every((name) =>
    contexts.every((prices) => prices[name] !== undefined),
  );
  return isKnown ? tier : undefined;
}

/**
 * What a request costs, exact in pico-USD and then rounded up once to a whole nano-USD. Tokens of a class without a
 * price, which a request should not have been able to use, are charged as the next dearer one that is known.
 */
export function costOf(tier: TierPrices, usage: TokenUsage): NanoUsd {
  const prices = pricesAt(tier, usage.input + usage.cacheRead + usage.cacheWrite);
  const write5m = prices.cacheWrite5m ?? prices.input;
  const cacheWrite1h = Math.min(usage.cacheWrite1h ?? 0, usage.cacheWrite);
  const pico =
    amount(usage.input, prices.input) +
    amount(usage.output, prices.output) +
    amount(usage.cacheRead, prices.cacheRead ?? prices.input) +
    amount(usage.cacheWrite - cacheWrite1h, write5m) +
    amount(cacheWrite1h, prices.cacheWrite1h ?? write5m) +
    amount(usage.images ?? 0, prices.image ?? 0);
  return Number((pico + 999n) / 1000n);
}

/** A product of tokens and a price may pass what a number holds exactly. */
const amount = (tokens: number, price: PicoUsd): bigint => BigInt(tokens) * BigInt(price);

const pricesAt = ({ longContext, ...base }: TierPrices, contextTokens: number): TokenPrices =>
  longContext !== undefined && contextTokens > longContext.aboveTokens ? longContext : base;

/** The most that a token of the prompt and one of the answer can cost in a request of at most so many prompt tokens. */
export function dearestPrices(
  tier: TierPrices,
  of: { readonly contextTokensMax: number; readonly cacheWrites: CacheWrites },
): Pick<TokenPrices, 'input' | 'output'> {
  const contexts = [pricesAt(tier, 0), pricesAt(tier, of.contextTokensMax)];
  const dearestInput = contexts.map(({ input, cacheRead = 0, cacheWrite5m = 0, cacheWrite1h = 0 }) =>
    Math.max(input, cacheRead, cacheWrite5m, of.cacheWrites === '1h' ? cacheWrite1h : 0),
  );
  return { input: Math.max(...dearestInput), output: Math.max(...contexts.map(({ output }) => output)) };
}
