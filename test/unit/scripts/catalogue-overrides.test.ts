import { catalogueModule, readTexts } from '../../../scripts/build-catalogue.ts';
import { listedModels } from '../../../scripts/catalogue/models-file.ts';
import { overridePoints } from '../../../scripts/catalogue/overrides.ts';

const texts = readTexts();
const MODELS = listedModels(texts);
const CHAT = 'amazon.nova-lite-v1:0';
const EMBEDDING = 'amazon.titan-embed-text-v2:0';
const IMAGE = 'stability.sd3-5-large-v1:0';
const SOURCE = { source: 'my contract', asOf: '2026-11-01' };

const fileOf = (...entries: readonly object[]): string => JSON.stringify({ prices: entries });
const pointsOf = (...entries: readonly object[]) => overridePoints(fileOf(...entries), MODELS);

test.each([
  [CHAT, { input: '0.05' }, [['input', 50_000]]],
  [
    CHAT,
    { cacheRead: '0.000001', cacheWrite1h: '1000' },
    [
      ['cacheRead', 1],
      ['cacheWrite1h', 1_000_000_000],
    ],
  ],
  [EMBEDDING, { input: '0.02' }, [['input', 20_000]]],
  [IMAGE, { image: '0.065' }, [['image', 65_000_000_000]]],
  [IMAGE, { image: '0.000000001' }, [['image', 1_000]]],
  [IMAGE, { image: '10' }, [['image', 10_000_000_000_000]]],
])('an operator’s price of %s, %j, is read to the pico-USD', (model, prices, expected) => {
  const points = pointsOf({ model, ...SOURCE, ...prices });
  expect(points.map(({ name, pico }) => [name, pico])).toEqual(expected);
});

test.each([
  [{ model: CHAT, input: '-1' }, 'prices[0].input: expected USD a million tokens as text, like "3.75"'],
  [{ model: CHAT, input: 3 }, 'prices[0].input: expected USD a million tokens as text, like "3.75"'],
  [{ model: CHAT, output: '0' }, "prices[0].output: Not a plausible price: '0'"],
  [{ model: CHAT, cacheRead: '0.000000' }, "prices[0].cacheRead: Not a plausible price: '0.000000'"],
  [
    { model: CHAT, input: '0.0000001' },
    'prices[0].input: expected USD a million tokens as text, like "3.75"',
  ],
  [{ model: CHAT, input: '1000.000001' }, "prices[0].input: Not a plausible price: '1000.000001'"],
  [{ model: CHAT, input: '1000001' }, 'prices[0].input: expected USD a million tokens as text, like "3.75"'],
  [{ model: CHAT, input: '1e3' }, 'prices[0].input: expected USD a million tokens as text, like "3.75"'],
  [{ model: IMAGE, image: '-0.04' }, 'prices[0].image: expected USD an image as text, like "0.04"'],
  [{ model: IMAGE, image: '0' }, "prices[0].image: Not a plausible price: '0'"],
  [{ model: IMAGE, image: '0.0000000001' }, 'prices[0].image: expected USD an image as text, like "0.04"'],
  [{ model: IMAGE, image: '10.01' }, "prices[0].image: Not a plausible price: '10.01'"],
  [{ model: CHAT, image: '0.04' }, "prices[0].image: a model of mode 'chat' bills no such class"],
  [{ model: EMBEDDING, output: '0.02' }, "prices[0].output: a model of mode 'embedding' bills no such class"],
  [{ model: IMAGE, input: '0.02' }, "prices[0].input: a model of mode 'image' bills no such class"],
  [{ model: 'no.such', input: '1' }, "prices[0].model: models.csv has no 'no.such'"],
  [
    { model: CHAT, region: 'eu-west-1', tier: 'flex', input: '1' },
    "prices[0].tier: a region's price is of the standard tier",
  ],
  [
    { model: CHAT, aboveTokens: -5, input: '1' },
    'prices[0].aboveTokens: expected a whole number of tokens, 1 or more',
  ],
])('%j is refused, and its place named', (entry, message) => {
  expect(() => pointsOf({ ...SOURCE, ...entry })).toThrow(new Error(`overrides.json: ${message}`));
});

test('the place is counted from the first entry', () => {
  const good = { model: CHAT, ...SOURCE, input: '1' };
  expect(() => pointsOf(good, good, { ...good, input: '0' })).toThrow(
    new Error("overrides.json: prices[2].input: Not a plausible price: '0'"),
  );
});

test('an operator’s prices stand above every published one, embeddings and images included', () => {
  const overrides = fileOf(
    { model: EMBEDDING, ...SOURCE, input: '0.019' },
    { model: IMAGE, ...SOURCE, image: '0.07' },
  );
  const rows = catalogueModule({ ...texts, overrides }).split('\n');
  const cellsOf = (id: string) => rows.find((row) => row.startsWith(`  ['${id}'`))?.replace(/^.*, \['/, "['");
  expect(cellsOf(EMBEDDING)).toBe("['3-', 19000, 0]],");
  expect(cellsOf(IMAGE)).toBe("['-----3', 0, 0, undefined, undefined, undefined, 70000000000]],");
});

test.each([
  ['amazon.rerank-v1:0,titan-embed,,32000,,', 'No price of amazon.rerank-v1:0'],
  [
    'amazon.titan-embed-text-v9:0,titan-embed,,8192,,amazon.titan-embed-text-v2:0',
    'No price of amazon.titan-embed-text-v9:0',
  ],
  [
    'amazon.titan-embed-text-v2:0,titan-embed,,8192,512,',
    'amazon.titan-embed-text-v2:0 has no max_output_tokens: leave it empty',
  ],
  ['amazon.titan-embed-text-v2:0,nova,,8192,,', 'Bad max_output_tokens of amazon.titan-embed-text-v2:0'],
  [
    'amazon.titan-embed-text-v2:0,nova,,8192,10,',
    'No price of amazon.titan-embed-text-v2:0 in any region, tier standard: output',
  ],
])('the listed model %j is refused', (line, message) => {
  const models = `model,family,released,max_input_tokens,max_output_tokens,like\n${line}\n`;
  expect(() => catalogueModule({ ...texts, models, overrides: '{"prices":[]}' })).toThrow(new Error(message));
});
