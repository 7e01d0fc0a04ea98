import fc from 'fast-check';
import { type EstimatedInput, type EstimateTerms, estimateOf } from '../../../shared/domain/estimate.ts';
import type { Media } from '../../../shared/domain/media-tokens.ts';
import { costOf, type TierPrices } from '../../../shared/domain/price.ts';
import { orphanAmounts } from '../../../shared/domain/reservation-entry.ts';
import { quotaTokens, type TokenUsage, totalTokens } from '../../../shared/domain/usage.ts';

const RUNS = { numRuns: 1_000 };

const pico = fc.integer({ min: 1, max: 100_000_000 });
const classes = fc.record(
  { input: pico, output: pico, cacheRead: pico, cacheWrite5m: pico, cacheWrite1h: pico },
  { requiredKeys: ['input', 'output'] },
);
const prices: fc.Arbitrary<TierPrices> = fc
  .record({ base: classes, long: fc.option(classes, { nil: undefined }), aboveTokens: fc.nat(20_000) })
  .map(({ base, long, aboveTokens }) => ({
    ...base,
    ...(long !== undefined && { longContext: { ...long, aboveTokens } }),
  }));

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.nat(40_000).map((length) => 'a'.repeat(length)),
);
const media: fc.Arbitrary<Media> = fc.oneof(
  fc.constant({ kind: 'image' as const }),
  fc.record({ kind: fc.constant('text' as const), text }),
  fc.record({ kind: fc.constant('document' as const), bytes: fc.nat(5_000_000) }),
);
const message = fc.record({
  role: fc.constant('user' as const),
  texts: fc.array(text, { minLength: 1, maxLength: 3 }),
});
const inputs: fc.Arbitrary<EstimatedInput> = fc.record(
  {
    system: fc.array(text, { maxLength: 2 }),
    messages: fc.array(message, { maxLength: 4 }),
    media: fc.array(media, { maxLength: 4 }),
  },
  { requiredKeys: ['system', 'messages'] },
);
const termsOf = (estimation: 'strict' | 'balanced'): fc.Arbitrary<EstimateTerms> =>
  fc.record({
    price: prices,
    outputTokensMax: fc.integer({ min: 1, max: 128_000 }),
    cacheWrites: fc.constantFrom('none', '5m', '1h'),
    model: fc.record(
      {
        outputFactor: fc.constantFrom(1, 5),
        inputTokensMax: fc.integer({ min: 1_000, max: 1_000_000 }),
        imageTokensMax: fc.integer({ min: 1, max: 128_000 }),
      },
      { requiredKeys: ['outputFactor', 'inputTokensMax'] },
    ),
    counting: fc
      .record({ tokenCounting: fc.constant('bedrock' as const) }, { requiredKeys: [] })
      .map((counting) => (estimation === 'strict' ? counting : { ...counting, estimation })),
  });

/** Any usage within a bound: parts of its prompt read from and written to the cache, and an answer up to its cap. */
const share = fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));
const shares = fc.record({ all: share, read: share, write: share, long: share, output: share });

function within(
  bound: TokenUsage,
  of: { readonly [Part in 'all' | 'read' | 'write' | 'long' | 'output']: number },
): TokenUsage {
  const context = Math.floor(bound.input * of.all);
  const cacheRead = Math.floor(context * of.read);
  const cacheWrite = Math.floor((context - cacheRead) * of.write);
  return {
    input: context - cacheRead - cacheWrite,
    output: Math.floor(bound.output * of.output),
    cacheRead,
    cacheWrite,
    cacheWrite1h: Math.floor(cacheWrite * of.long),
  };
}

const either = fc.constantFrom('strict' as const, 'balanced' as const).chain(termsOf);

test('no usage within the bound is more, or costs more, than what is reserved and the debt together', () => {
  fc.assert(
    fc.property(inputs, either, shares, (input, terms, parts) => {
      const { usage, reserved } = estimateOf(input, terms);
      const used = within(usage, terms.cacheWrites === '1h' ? parts : { ...parts, long: 0 });
      const { debtNanoUsd = 0, debtTokens = 0, debtMinuteTokens = 0 } = reserved;
      expect(costOf(terms.price, used)).toBeLessThanOrEqual(reserved.nanoUsd + debtNanoUsd);
      expect(totalTokens(used)).toBeLessThanOrEqual(reserved.tokens + debtTokens);
      if (reserved.minuteTokens === undefined) return;
      const usedAMinute = quotaTokens(used, terms.model.outputFactor);
      expect(usedAMinute).toBeLessThanOrEqual(reserved.minuteTokens + debtMinuteTokens);
    }),
    RUNS,
  );
});

test('balanced has the strict bound, reserves no more than it, and owes exactly the difference', () => {
  fc.assert(
    fc.property(inputs, termsOf('balanced'), (input, terms) => {
      const { estimation: _, ...counting } = terms.counting;
      const strict = estimateOf(input, { ...terms, counting });
      const balanced = estimateOf(input, terms);
      expect(balanced.usage).toEqual(strict.usage);
      const { debtNanoUsd, debtTokens, debtMinuteTokens = 0 } = balanced.reserved;
      for (const debt of [debtNanoUsd, debtTokens, debtMinuteTokens]) expect(debt).toBeGreaterThanOrEqual(0);
      // What an orphan is charged is what a call is charged whose count never came.
      expect(orphanAmounts(balanced.reserved)).toEqual(strict.reserved);
    }),
    RUNS,
  );
});

test('who asks for more reserves no less', () => {
  fc.assert(
    fc.property(inputs, either, message, media, fc.nat(10_000), (input, terms, another, one, tokens) => {
      const { reserved } = estimateOf(input, terms);
      const more = [
        estimateOf({ ...input, messages: [...input.messages, another] }, terms),
        estimateOf({ ...input, media: [...(input.media ?? []), one] }, terms),
        estimateOf(input, { ...terms, outputTokensMax: terms.outputTokensMax + tokens }),
      ];
      for (const { reserved: amounts } of more) {
        expect(amounts.tokens).toBeGreaterThanOrEqual(reserved.tokens);
        expect(amounts.nanoUsd).toBeGreaterThanOrEqual(reserved.nanoUsd);
        expect(amounts.minuteTokens ?? 0).toBeGreaterThanOrEqual(reserved.minuteTokens ?? 0);
      }
    }),
    RUNS,
  );
});
