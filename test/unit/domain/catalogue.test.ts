import { readFileSync } from 'node:fs';
import { catalogueModule } from '../../../scripts/build-catalogue.ts';
import { CATALOGUE, findModel } from '../../../shared/domain/catalogue.ts';
import { CATALOGUE_SOURCE } from '../../../shared/domain/catalogue-data.ts';
import { costOf } from '../../../shared/domain/model.ts';

const CSV = readFileSync('resources/catalogue/bedrock-models.csv', 'utf8');
const HEADER = CSV.split('\n')[0];

test('the data are what the script makes of the CSV', () => {
  expect(catalogueModule(CSV)).toBe(readFileSync('shared/domain/catalogue-data.ts', 'utf8'));
});

test('every model is there once, with bounds and a price in whole pico-USD', () => {
  expect(CATALOGUE.length).toBeGreaterThanOrEqual(60);
  expect(new Set(CATALOGUE.map((model) => model.id)).size).toBe(CATALOGUE.length);
  for (const { price, inputTokensMax, outputTokensMax, createdAt } of CATALOGUE) {
    const numbers = [price?.input, price?.output, inputTokensMax, outputTokensMax, createdAt];
    for (const number of numbers) expect(number).toBeGreaterThan(0);
    for (const number of [...numbers, price?.cacheRead ?? 1, price?.cacheWrite ?? 1]) {
      expect(Number.isSafeInteger(number)).toBe(true);
    }
  }
});

test('a model is what its row says', () => {
  expect(findModel('us.anthropic.claude-haiku-4-5-20251001-v1:0')).toEqual({
    id: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
    provider: 'anthropic',
    mode: 'chat',
    inputTokensMax: 200_000,
    outputTokensMax: 64_000,
    price: { input: 1_100_000, output: 5_500_000, cacheRead: 110_000, cacheWrite: 1_375_000 },
    createdAt: Date.UTC(2025, 9, 1) / 1000,
    takes: {
      systemMessages: true,
      sampling: true,
      temperatureWithTopP: false,
      stopSequences: true,
      assistantPrefill: true,
    },
  });
  expect(findModel('toString')).toBeUndefined();
});

test('a price below a nano-USD a token still costs', () => {
  const price = findModel('amazon.nova-micro-v1:0')?.price;
  expect(price).toEqual({ input: 35_000, output: 140_000 });
  const usage = { input: 1_000_000, output: 0, cacheRead: 0, cacheWrite: 0 };
  expect(costOf({ input: 35, output: 1 }, { ...usage, input: 1 })).toBe(1);
  expect(costOf({ input: 35_000, output: 1 }, usage)).toBe(35_000_000);
});

test('the source and its day are recorded', () => {
  expect(CATALOGUE_SOURCE).toEqual({
    name: 'LiteLLM model_prices_and_context_window.json (MIT)',
    asOf: '2026-08-01',
  });
});

test.each([
  ['5.46875e-07', 546_875],
  ['1e-12', 1],
  ['1.5e-12', 2],
  ['0.000001', 1_000_000],
  ['1.00000000000001e-06', 1_000_001],
])('a price of %s USD a token is %d pico-USD, never less', (usd, pico) => {
  const row = `x.model,nova,,10,10,${usd},1e-06,,`;
  expect(catalogueModule(`${HEADER}\n${row}\n`)).toContain(`10, 10, ${pico}, 1000000]`);
});

test.each([
  ['an unknown family', 'x.model,martian,,10,10,1e-06,1e-06,,'],
  ['no price', 'x.model,nova,,10,10,,1e-06,,'],
  ['a price of zero', 'x.model,nova,,10,10,0.0,1e-06,,'],
  ['a price that is none', 'x.model,nova,,10,10,cheap,1e-06,,'],
  ['no bound', 'x.model,nova,,,10,1e-06,1e-06,,'],
])('a row with %s stops the script', (_, row) => {
  expect(() => catalogueModule(`${HEADER}\n${row}\n`)).toThrow();
});
