import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type EstimateTerms, estimateOf } from '../../../shared/domain/estimate.ts';
import type { Media } from '../../../shared/domain/media-tokens.ts';

const MODEL = { outputFactor: 5, inputTokensMax: 200_000, imageTokensMax: 6_000 };
const price = { input: 3_000, output: 15_000 };
const estimate = (texts: readonly string[], of: Partial<Parameters<typeof estimateOf>[1]> = {}) =>
  estimateOf(
    { system: [], messages: [{ texts }] },
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
      messages: [{ texts: ['d'] }, { texts: ['e'] }],
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

const NONE = { system: [], messages: [{ role: 'user' as const, texts: ['Look.'] }] };
/** Of the words and the template around them, in every request below. */
const WORDS = 128 + 16 + 5;
const terms = (of: Partial<EstimateTerms> = {}): EstimateTerms => ({
  price,
  outputTokensMax: 100,
  cacheWrites: 'none',
  model: MODEL,
  counting: {},
  ...of,
});

describe('media', () => {
  const inputOf = (media: readonly Media[], of: Partial<EstimateTerms['model']> = {}): number =>
    estimateOf({ ...NONE, media }, terms({ model: { ...MODEL, ...of } })).usage.input - WORDS;
  const { imageTokensMax: _, ...UNKNOWN } = MODEL;

  test.each<[string, readonly Media[], number]>([
    ['nothing', [], 0],
    ['an image is its family’s largest', [{ kind: 'image' }], 256 + 6_000],
    ['three images are three of them', [{ kind: 'image' }, { kind: 'image' }, { kind: 'image' }], 3 * 6_256],
    ['a text is its bytes', [{ kind: 'text', text: 'naïve' }], 256 + 6],
    ['a text that normalises to more is that', [{ kind: 'text', text: '\ufdfa' }], 256 + 33],
    ['a packed document is the whole context window', [{ kind: 'document', bytes: 1 }], 200_000],
    ['so are several', [{ kind: 'document', bytes: 9 }, { kind: 'image' }], 200_000],
    ['a text is never cut to the window', [{ kind: 'text', text: 'x'.repeat(250_000) }], 256 + 250_000],
    [
      'nor is it where other media fill the window',
      [
        { kind: 'document', bytes: 1 },
        { kind: 'text', text: 'abc' },
      ],
      200_000 + 259,
    ],
    ['more images than fit are what fits', Array(40).fill({ kind: 'image' }), 200_000],
  ])('%s', (_, media, tokens) => {
    expect(inputOf(media)).toBe(tokens);
  });

  test('an image of a family without a known maximum is the whole context window', () => {
    const { usage } = estimateOf({ ...NONE, media: [{ kind: 'image' }] }, terms({ model: UNKNOWN }));
    expect(usage.input).toBe(WORDS + 200_000);
  });

  test('words beside them are never cut to the context window', () => {
    const long = 'x'.repeat(300_000);
    const input = { system: [], messages: [{ role: 'user' as const, texts: [long] }] };
    expect(estimateOf({ ...input, media: [{ kind: 'document', bytes: 1 }] }, terms()).usage.input).toBe(
      128 + 16 + 300_000 + 200_000,
    );
  });

  test('make a long context, priced so', () => {
    const tiered = { ...price, longContext: { aboveTokens: 200_000, input: 6_000, output: 22_500 } };
    const { reserved } = estimateOf(
      { ...NONE, media: [{ kind: 'document', bytes: 1 }] },
      terms({ price: tiered }),
    );
    expect(reserved).toEqual({ tokens: 200_249, nanoUsd: 200_149 * 6 + 2_250 });
  });
});

describe('balanced', () => {
  const balanced = (
    of: Partial<EstimateTerms> & { readonly media?: readonly Media[]; readonly text?: string },
  ) => {
    const { media = [], text = 'Look.', ...rest } = of;
    const input = { system: [], messages: [{ role: 'user' as const, texts: [text] }], media };
    return estimateOf(input, terms({ counting: { estimation: 'balanced' }, ...rest }));
  };

  test('a third of the bytes and a quarter of the cap are set aside; the rest of the bound is debt', () => {
    const text = 'x'.repeat(9_001);
    // Expected: 144 + ceil(9001 / 3) = 3145 in, 8192 / 4 = 2048 out. Bound: 144 + 9001 = 9145 in, 8192 out.
    expect(balanced({ text, outputTokensMax: 8_192 })).toEqual({
      usage: { input: 9_145, output: 8_192, cacheRead: 0, cacheWrite: 0 },
      reserved: {
        tokens: 3_145 + 2_048,
        nanoUsd: 3_145 * 3 + 2_048 * 15,
        debtNanoUsd: (9_145 - 3_145) * 3 + (8_192 - 2_048) * 15,
        debtTokens: 9_145 - 3_145 + 8_192 - 2_048,
      },
    });
  });

  test.each([
    [1, 1],
    [1_023, 1_023],
    [1_024, 1_024],
    [4_096, 1_024],
    [4_097, 1_025],
    [64_000, 16_000],
  ])('of an answer capped at %d tokens %d are expected', (outputTokensMax, expected) => {
    expect(balanced({ outputTokensMax }).reserved.tokens).toBe(128 + 16 + 2 + expected);
  });

  test('tokens a minute are counted as the tenant’s limits count, from the expected ones', () => {
    const counting = { estimation: 'balanced', tokenCounting: 'bedrock' } as const;
    const { reserved, outputFactor } = balanced({ outputTokensMax: 8_192, counting });
    // "Look." may be five tokens and is expected to be two.
    const { minuteTokens, debtMinuteTokens, debtTokens } = reserved;
    expect([minuteTokens, outputFactor]).toEqual([146 + 5 * 2_048, 5]);
    expect([debtTokens, debtMinuteTokens]).toEqual([3 + 8_192 - 2_048, 3 + 5 * (8_192 - 2_048)]);
  });

  test.each<[string, Media, number]>([
    ['an image', { kind: 'image' }, 256 + 2_000],
    ['a text', { kind: 'text', text: 'x'.repeat(30) }, 256 + 10],
    ['a packed document', { kind: 'document', bytes: 30_000 }, 256 + 10_000],
    ['a huge one', { kind: 'document', bytes: 4_500_000 }, 200_000],
  ])('%s is expected to be a part of its bound', (_, media, tokens) => {
    expect(balanced({ media: [media], outputTokensMax: 1 }).reserved.tokens).toBe(146 + 1 + tokens);
  });

  test('an image of a small maximum is not expected to be more', () => {
    const model = { ...MODEL, imageTokensMax: 300 };
    expect(balanced({ media: [{ kind: 'image' }], model, outputTokensMax: 1 }).reserved.tokens).toBe(
      146 + 1 + 556,
    );
  });
});
