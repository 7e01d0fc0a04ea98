import {
  costOf,
  type ModelPrice,
  type PriceUse,
  pricesFor,
  type TierPrices,
} from '../../../shared/domain/price.ts';
import { NO_USAGE, type TokenUsage } from '../../../shared/domain/usage.ts';

/** USD a million tokens is a million pico-USD a token. */
const USD = 1_000_000;
/** Shaped like a Claude model's prices, in easy numbers, with a long context and two more tiers. */
const CLAUDE: ModelPrice = {
  input: 3 * USD,
  output: 15 * USD,
  cacheRead: 0.3 * USD,
  cacheWrite5m: 3.75 * USD,
  cacheWrite1h: 6 * USD,
  longContext: {
    aboveTokens: 200_000,
    input: 6 * USD,
    output: 22.5 * USD,
    cacheRead: 0.6 * USD,
    cacheWrite5m: 7.5 * USD,
    cacheWrite1h: 12 * USD,
  },
  otherTiers: {
    priority: { input: 5.25 * USD, output: 26.25 * USD },
    flex: { input: 1.5 * USD, output: 7.5 * USD, cacheRead: 0.15 * USD, cacheWrite5m: 1.875 * USD },
  },
};
/** The cheapest kind: 0.035 and 0.14 USD a million tokens, without a cache. */
const SMALL: ModelPrice = { input: 35_000, output: 140_000 };
/** An embedding model makes no output to bill. */
const EMBEDDING: ModelPrice = { input: 20_000, output: 0 };
/** 0.06 USD an image of up to 1024 pixels a side; tokens are not billed. */
const IMAGES: ModelPrice = { input: 0, output: 0, image: 60_000_000_000, imageSideMax: 1024 };
const IMAGES_OF_ANY_SIZE: ModelPrice = { input: 0, output: 0, image: 40_000_000_000 };
/** An odd price: 5.46875e-07 USD a token. */
const ODD: ModelPrice = { input: 546_875, output: 17_500_000 };

const standard = (price: ModelPrice): TierPrices => price;
const tier = (name: PriceUse['tier']): TierPrices =>
  pricesFor(CLAUDE, { tier: name, cacheWrites: 'none' }) ?? { input: 0, output: 0 };

/** Worked out by hand; the last column is in nano-USD. */
const GOLDEN: readonly (readonly [string, TierPrices, Partial<TokenUsage>, number])[] = [
  ['nothing', standard(CLAUDE), {}, 0],
  ['one token of input', standard(CLAUDE), { input: 1 }, 3_000],
  ['one token of output', standard(CLAUDE), { output: 1 }, 15_000],
  ['a short chat', standard(CLAUDE), { input: 11, output: 2 }, 63_000],
  ['two hundred thousand tokens of input', standard(CLAUDE), { input: 200_000 }, 600_000_000],
  ['a million tokens of output', standard(CLAUDE), { output: 1_000_000 }, 15_000_000_000],
  ['one token read from the cache', standard(CLAUDE), { cacheRead: 1 }, 300],
  ['one token written for five minutes', standard(CLAUDE), { cacheWrite: 1 }, 3_750],
  ['one token written for an hour', standard(CLAUDE), { cacheWrite: 1, cacheWrite1h: 1 }, 6_000],
  ['writes for both times', standard(CLAUDE), { cacheWrite: 10, cacheWrite1h: 4 }, 6 * 3_750 + 4 * 6_000],
  [
    'every class at once',
    standard(CLAUDE),
    { input: 100, output: 50, cacheRead: 1_000, cacheWrite: 300, cacheWrite1h: 100 },
    300_000 + 750_000 + 300_000 + 750_000 + 600_000,
  ],
  [
    'a prompt read from the cache',
    standard(CLAUDE),
    { input: 20, output: 500, cacheRead: 100_000 },
    37_560_000,
  ],
  ['a context at the threshold', standard(CLAUDE), { input: 200_000, output: 1 }, 600_015_000],
  ['a context beyond it', standard(CLAUDE), { input: 200_001, output: 1 }, 1_200_006_000 + 22_500],
  [
    'a context that the cache makes long',
    standard(CLAUDE),
    { input: 1, cacheRead: 200_000, output: 10 },
    6_000 + 120_000_000 + 225_000,
  ],
  [
    'a context that a cache write makes long',
    standard(CLAUDE),
    { cacheWrite: 200_001, cacheWrite1h: 1 },
    200_000 * 7_500 + 12_000,
  ],
  ['output alone, which is no context', standard(CLAUDE), { output: 300_000 }, 4_500_000_000],
  ['the priority tier', tier('priority'), { input: 100, output: 10 }, 525_000 + 262_500],
  ['the flex tier', tier('flex'), { input: 100, output: 10 }, 150_000 + 75_000],
  ['the flex tier’s cache', tier('flex'), { cacheRead: 10, cacheWrite: 10 }, 1_500 + 18_750],
  ['a tier without a long context', tier('flex'), { input: 400_000 }, 600_000_000],
  ['a fraction of a nano-USD, rounded up', standard({ input: 35, output: 1 }), { input: 1 }, 1],
  ['exactly a nano-USD', standard({ input: 500, output: 1 }), { input: 2 }, 1],
  ['a pico-USD more', standard({ input: 500, output: 1 }), { input: 2, output: 1 }, 2],
  ['three fractions, rounded once', standard({ input: 400, output: 400 }), { input: 1, output: 2 }, 2],
  ['a small model', standard(SMALL), { input: 1_000, output: 100 }, 35_000 + 14_000],
  ['a small model’s single token', standard(SMALL), { input: 1 }, 35],
  ['a price below a nano-USD a token', standard(ODD), { input: 3 }, 1_641],
  ['an odd price, many times', standard(ODD), { input: 1_000_000, output: 1 }, 546_892_500],
  ['text to embed', standard(EMBEDDING), { input: 8_192 }, 163_840],
  [
    'an image as input, counted in tokens by Bedrock',
    standard(CLAUDE),
    { input: 1_600, output: 300 },
    9_300_000,
  ],
  ['cache reads without a price of their own, as input', standard(SMALL), { cacheRead: 10 }, 350],
  ['cache writes without a price of their own, as input', standard(SMALL), { cacheWrite: 10 }, 350],
  ['an image made', standard(IMAGES), { images: 1 }, 60_000_000],
  ['images made of a text that is not billed', standard(IMAGES), { input: 77, images: 5 }, 300_000_000],
  ['no image', standard(IMAGES), { images: 0 }, 0],
  [
    'cache writes for the usual time without a price of their own, as those for an hour',
    standard({ input: 1_000, output: 1, cacheWrite1h: 2_500 }),
    { cacheWrite: 3, cacheWrite1h: 1 },
    8,
  ],
  [
    'writes for an hour without a price of their own, as the others',
    standard({ input: 1_000, output: 1, cacheWrite5m: 2_000 }),
    { cacheWrite: 2, cacheWrite1h: 2 },
    4,
  ],
  [
    'more writes for an hour than writes, as so many as there are',
    standard(CLAUDE),
    { cacheWrite: 1, cacheWrite1h: 9 },
    6_000,
  ],
  [
    'numbers whose product no number holds',
    standard({ input: 999_999_937, output: 1 }),
    { input: 999_999_937 },
    999_999_874_000_004,
  ],
];

test.each(GOLDEN)('%s costs what it does by hand', (_, prices, usage, nanoUsd) => {
  expect(costOf(prices, { ...NO_USAGE, ...usage })).toBe(nanoUsd);
});

test('an image without a price is never free', () => {
  expect(() => costOf(CLAUDE, { ...NO_USAGE, images: 1 })).toThrow(new RangeError('Images without a price'));
});

const NO_LONG_CACHE: ModelPrice = {
  ...CLAUDE,
  longContext: { aboveTokens: 200_000, input: 6 * USD, output: 22.5 * USD },
};

const PLAIN: PriceUse = { tier: 'standard', cacheWrites: 'none' };

test.each<[string, ModelPrice, PriceUse, TierPrices | undefined]>([
  ['the standard tier', CLAUDE, { tier: 'standard', cacheWrites: '1h' }, CLAUDE],
  ['another tier', CLAUDE, { tier: 'flex', cacheWrites: '5m' }, CLAUDE.otherTiers?.flex],
  ['a tier without a price', CLAUDE, { tier: 'batch', cacheWrites: 'none' }, undefined],
  ['a model without other tiers', SMALL, { tier: 'flex', cacheWrites: 'none' }, undefined],
  ['a tier whose cache has no price', CLAUDE, { tier: 'priority', cacheWrites: '5m' }, undefined],
  ['a cache for an hour without a price', CLAUDE, { tier: 'flex', cacheWrites: '1h' }, undefined],
  ['a model whose cache has no price', SMALL, { tier: 'standard', cacheWrites: '5m' }, undefined],
  ['the same model without a cache', SMALL, { tier: 'standard', cacheWrites: 'none' }, SMALL],
  [
    'a long context whose cache has no price',
    NO_LONG_CACHE,
    { tier: 'standard', cacheWrites: '5m' },
    undefined,
  ],
  ['vectors', EMBEDDING, { ...PLAIN, mode: 'embedding' }, EMBEDDING],
  ['vectors of a model that holds conversations', SMALL, { ...PLAIN, mode: 'embedding' }, SMALL],
  ['vectors of images', EMBEDDING, { ...PLAIN, mode: 'embedding', imagesEmbedded: 1 }, undefined],
  ['vectors of no image', EMBEDDING, { ...PLAIN, mode: 'embedding', imagesEmbedded: 0 }, EMBEDDING],
  ['vectors in a tier without a price', EMBEDDING, { ...PLAIN, tier: 'batch', mode: 'embedding' }, undefined],
  ['vectors of a model that makes images', IMAGES, { ...PLAIN, mode: 'embedding' }, undefined],
  ['a conversation with a model that embeds', EMBEDDING, PLAIN, undefined],
  ['a conversation with a model that makes images', IMAGES, { ...PLAIN, mode: 'chat' }, undefined],
  ['images of a priced size', IMAGES, { ...PLAIN, mode: 'image', imageSide: 1024 }, IMAGES],
  ['images larger than is priced', IMAGES, { ...PLAIN, mode: 'image', imageSide: 1025 }, undefined],
  ['images of an unknown size', IMAGES, { ...PLAIN, mode: 'image' }, undefined],
  [
    'images where every size costs the same',
    IMAGES_OF_ANY_SIZE,
    { ...PLAIN, mode: 'image' },
    IMAGES_OF_ANY_SIZE,
  ],
  ['images of a model that makes none', CLAUDE, { ...PLAIN, mode: 'image', imageSide: 512 }, undefined],
])('the prices of %s', (_, price, use, expected) => {
  expect(pricesFor(price, use)).toEqual(expected);
});
