import { readFileSync } from 'node:fs';
import path from 'node:path';
import { estimateOf } from '../../../shared/domain/estimate.ts';

const MODEL = { outputFactor: 5, inputTokensMax: 200_000, imageTokensMax: 6_000 };
const price = { input: 3_000, output: 15_000 };
const estimate = (texts: readonly string[], of: Partial<Parameters<typeof estimateOf>[1]> = {}) =>
  estimateOf(
    { system: [], messages: [{ role: 'user', texts }] },
    { price, outputTokensMax: 100, cacheWrites: 'none', model: MODEL, counting: {}, ...of },
  );

test('input is bounded by its bytes and the template around them, output by what is sent', () => {
  expect(estimate(['abc', 'de'])).toEqual({
    usage: { input: 128 + 16 + 5, output: 100, cacheRead: 0, cacheWrite: 0 },
    reserved: { tokens: 249, nanoUsd: 149 * 3 + 100 * 15 },
  });
});

test('is what the README says of it', () => {
  const { tokens } = estimate(['Hi'], { outputTokensMax: 60 }).reserved;
  const readme = readFileSync(path.resolve(import.meta.dirname, '../../../README.md'), 'utf8');
  expect(readme.replace(/\s+/g, ' ')).toContain(
    `"Hi" with \`max_completion_tokens: 60\` reserves ${tokens} tokens`,
  );
});

test('every system text and message counts with its own template', () => {
  const { usage } = estimateOf(
    {
      system: ['ab', 'c'],
      messages: [
        { role: 'user', texts: ['d'] },
        { role: 'assistant', texts: ['e'] },
      ],
    },
    { price, outputTokensMax: 1, cacheWrites: 'none', model: MODEL, counting: {} },
  );
  expect(usage.input).toBe(128 + 4 * 16 + 5);
});

test.each([
  ['é', 2],
  ['😀', 4],
  // U+FDFA normalises (NFKC) to eighteen characters of 33 bytes.
  ['\ufdfa', 33],
])('%s may be as many tokens as its longest form has bytes', (text, bytes) => {
  expect(estimate([text]).usage.input).toBe(128 + 16 + bytes);
});

test('input is reserved at the dearest price it may be billed at', () => {
  const dear = { ...price, cacheRead: 300, cacheWrite5m: 3_750 };
  expect(estimate(['abc'], { price: dear, outputTokensMax: 1 }).reserved.nanoUsd).toBe(
    Math.ceil((147 * 3_750 + 15_000) / 1000),
  );
});
