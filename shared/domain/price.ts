/** What tokens cost: one price a class of tokens, service tier and length of context. */
import type { ModelMode } from './model.ts';
import type { NanoUsd, PicoUsd } from './money.ts';
import type { TokenUsage } from './usage.ts';

/**
 * Prices in pico-USD a token. An absent class is one whose price is not known, or that the model does not offer. Zero
 * stands for `input` and `output` alone, in models that bill no such tokens: an embedding model has no output, a model
 * that makes images bills neither. A use that needs such a class is refused (`pricesFor`).
 */
export interface TokenPrices {
  readonly input: PicoUsd | NothingBilled;
  readonly output: PicoUsd | NothingBilled;
  readonly cacheRead?: PicoUsd;
  /** Written to the prompt cache for the usual time: five minutes, with some models more. */
  readonly cacheWrite5m?: PicoUsd;
  /** Written to the prompt cache for an hour. */
  readonly cacheWrite1h?: PicoUsd;
  /** An image that the model makes, in pico-USD an image. */
  readonly image?: PicoUsd;
}

/** The price of a class that a model does not bill because it has none of it. */
type NothingBilled = 0;

/** The classes that have a price of their own. */
export type PriceClass = keyof TokenPrices;

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
  /** The longest side in pixels of an image that `image` pays for; absent where it pays for every size. */
  readonly imageSideMax?: number;
}

/** The longest that a request asks the prompt cache to keep what it writes; `none` where it asks for nothing. */
export type CacheWrites = 'none' | '5m' | '1h';

/** What a request asks for, as far as prices depend on it. */
export interface PriceUse {
  readonly tier: ServiceTier;
  readonly cacheWrites: CacheWrites;
  /** What the model is asked for; absent: a conversation. */
  readonly mode?: ModelMode;
  /** Images given to be embedded. No source prices them, so that more than none has no price; absent: none. */
  readonly imagesEmbedded?: number;
  /** The longest side of the images to be made, in pixels; absent: the model's own size, which is taken for the largest. */
  readonly imageSide?: number;
}

const CONVERSATION: Readonly<Record<CacheWrites, readonly PriceClass[]>> = {
  none: ['input', 'output'],
  '5m': ['input', 'output', 'cacheRead', 'cacheWrite5m'],
  '1h': ['input', 'output', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h'],
};

function classesUsed({ mode = 'chat', cacheWrites }: PriceUse): readonly PriceClass[] {
  if (mode === 'embedding') return ['input'];
  return mode === 'image' ? ['image'] : CONVERSATION[cacheWrites];
}

/**
 * The prices of such a request; undefined where one of them is not known, or zero because the model has none of what
 * is asked: what has no price would cost nothing. A tier's price is never derived from another's, nor a larger image's
 * from a smaller one's.
 */
export function pricesFor(price: ModelPrice, use: PriceUse): TierPrices | undefined {
  const tier = use.tier === 'standard' ? price : price.otherTiers?.[use.tier];
  if (tier === undefined || (use.imagesEmbedded ?? 0) > 0) return undefined;
  const { imageSide = Number.POSITIVE_INFINITY } = use;
  if (use.mode === 'image' && imageSide > (price.imageSideMax ?? Number.POSITIVE_INFINITY)) return undefined;
  const contexts: readonly TokenPrices[] = [tier, tier.longContext ?? tier];
  const isKnown = classesUsed(use).every((name) => contexts.every((prices) => (prices[name] ?? 0) > 0));
  return isKnown ? tier : undefined;
}

/**
 * What a request costs, exact in pico-USD and then rounded up once to a whole nano-USD. Tokens of a class without a
 * price, which a request should not have been able to use, are charged as the next dearer one that is known. Throws
 * RangeError for images without a price, which nothing dearer stands for: `pricesFor` refuses them before.
 */
export function costOf(tier: TierPrices, usage: TokenUsage): NanoUsd {
  const prices = pricesAt(tier, usage.input + usage.cacheRead + usage.cacheWrite);
  const images = usage.images ?? 0;
  if (images > 0 && prices.image === undefined) throw new RangeError('Images without a price');
  const write5m = write5mOf(prices);
  const cacheWrite1h = Math.min(usage.cacheWrite1h ?? 0, usage.cacheWrite);
  const pico =
    amount(usage.input, prices.input) +
    amount(usage.output, prices.output) +
    amount(usage.cacheRead, prices.cacheRead ?? prices.input) +
    amount(usage.cacheWrite - cacheWrite1h, write5m) +
    amount(cacheWrite1h, prices.cacheWrite1h ?? write5m) +
    amount(images, prices.image ?? 0);
  return Number((pico + 999n) / 1000n);
}

/** Where the usual time has no price of its own, an hour's is dearer. */
const write5mOf = ({ input, cacheWrite5m, cacheWrite1h }: TokenPrices): PicoUsd =>
  cacheWrite5m ?? cacheWrite1h ?? input;

/** A product of tokens and a price may pass what a number holds exactly. */
const amount = (tokens: number, price: PicoUsd): bigint => BigInt(tokens) * BigInt(price);

const pricesAt = ({ longContext, ...base }: TierPrices, contextTokens: number): TokenPrices =>
  longContext !== undefined && contextTokens > longContext.aboveTokens ? longContext : base;

/**
 * The most that a token of the prompt and one of the answer can cost in a request of at most so many prompt tokens;
 * what an image costs stays as it is.
 */
export function dearestPrices(
  tier: TierPrices,
  of: { readonly contextTokensMax: number; readonly cacheWrites: CacheWrites },
): Pick<TokenPrices, 'input' | 'output' | 'image'> {
  const contexts = [pricesAt(tier, 0), pricesAt(tier, of.contextTokensMax)];
  const dearestInput = contexts.map((prices) =>
    Math.max(
      prices.input,
      prices.cacheRead ?? 0,
      write5mOf(prices),
      of.cacheWrites === '1h' ? (prices.cacheWrite1h ?? 0) : 0,
    ),
  );
  return {
    input: Math.max(...dearestInput),
    output: Math.max(...contexts.map(({ output }) => output)),
    ...(tier.image !== undefined && { image: tier.image }),
  };
}
