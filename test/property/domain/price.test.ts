import fc from 'fast-check';
import { estimateOf } from '../../../shared/domain/estimate.ts';
import { costOf, dearestPrices, type TierPrices, type TokenPrices } from '../../../shared/domain/price.ts';
import type { TokenUsage } from '../../../shared/domain/usage.ts';

/** No media are in these requests, so that nothing here depends on it. */
const MODEL = { outputFactor: 1, inputTokensMax: 200_000 };
const pico = fc.integer({ min: 1, max: 1_000_000_000 });
const classes = fc.record(
  { input: pico, output: pico, cacheRead: pico, cacheWrite5m: pico, cacheWrite1h: pico },
  { requiredKeys: ['input', 'output'] },
);
/** Any prices at all, plausible or not: a long context may be cheaper, a class may be missing from either. */
const tiers: fc.Arbitrary<TierPrices> = fc
  .record({ base: classes, long: fc.option(classes, { nil: undefined }), aboveTokens: fc.nat(3_000) })
  .map(({ base, long, aboveTokens }) => ({
    ...base,
    ...(long !== undefined && { longContext: { ...long, aboveTokens } }),
  }));

/** Shares that divide what is bounded among the classes, each bound included. */
const share = fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));
const shares = fc.record({ all: share, read: share, write: share, long: share, output: share });

/** A usage within the bounds: its prompt has at most `input` tokens, its answer at most `output`. */
function within(
  bound: Pick<TokenUsage, 'input' | 'output'>,
  of: {
    readonly all: number;
    readonly read: number;
    readonly write: number;
    readonly long: number;
    readonly output: number;
  },
): TokenUsage & { readonly cacheWrite1h: number } {
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

const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 200 }), { maxLength: 20 });

test('no usage within the bounds of an estimate costs more than it reserves', () => {
  fc.assert(
    fc.property(
      fc.record({ price: tiers, texts, outputTokensMax: fc.integer({ min: 1, max: 10_000 }), shares }),
      fc.constantFrom('none' as const, '5m' as const, '1h' as const),
      ({ price, shares: of, ...request }, cacheWrites) => {
        const command = { system: [], messages: [{ role: 'user' as const, texts: request.texts }] };
        const { usage: bound, reserved } = estimateOf(command, {
          price,
          outputTokensMax: request.outputTokensMax,
          cacheWrites,
          model: MODEL,
          counting: {},
        });
        const used = within(bound, cacheWrites === '1h' ? of : { ...of, long: 0 });
        expect(costOf(price, used)).toBeLessThanOrEqual(reserved.nanoUsd);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('a bound is reached: the estimate is what its dearest usage costs, and no more', () => {
  fc.assert(
    fc.property(classes, fc.integer({ min: 1, max: 5_000 }), (price, tokens) => {
      const dearest = dearestPrices(price, { contextTokensMax: tokens, cacheWrites: '1h' });
      const usages: readonly TokenUsage[] = [
        { input: tokens, output: 1, cacheRead: 0, cacheWrite: 0 },
        { input: 0, output: 1, cacheRead: tokens, cacheWrite: 0 },
        { input: 0, output: 1, cacheRead: 0, cacheWrite: tokens },
        { input: 0, output: 1, cacheRead: 0, cacheWrite: tokens, cacheWrite1h: tokens },
      ];
      const costs = usages.map((usage) => costOf(price, usage));
      expect(Math.max(...costs)).toBe(
        costOf(dearest, { input: tokens, output: 1, cacheRead: 0, cacheWrite: 0 }),
      );
    }),
  );
});

/** The price in exact arithmetic, written another way: a sum over single tokens. */
function slowPico(prices: TokenPrices, usage: TokenUsage): number {
  const write5m = prices.cacheWrite5m ?? prices.cacheWrite1h ?? prices.input;
  const each = [
    ...Array<number>(usage.input).fill(prices.input),
    ...Array<number>(usage.output).fill(prices.output),
    ...Array<number>(usage.cacheRead).fill(prices.cacheRead ?? prices.input),
    ...Array<number>(usage.cacheWrite - (usage.cacheWrite1h ?? 0)).fill(write5m),
    ...Array<number>(usage.cacheWrite1h ?? 0).fill(prices.cacheWrite1h ?? write5m),
  ];
  return each.reduce((sum, price) => sum + price, 0);
}

test('a cost is the sum of its tokens, rounded up by less than one nano-USD', () => {
  fc.assert(
    fc.property(tiers, shares, (price, of) => {
      const usage = within({ input: 200, output: 100 }, of);
      const { longContext, ...base } = price;
      const isLong =
        longContext !== undefined &&
        usage.input + usage.cacheRead + usage.cacheWrite > longContext.aboveTokens;
      const exact = slowPico(isLong ? longContext : base, usage);
      const cost = costOf(price, usage);
      expect(cost * 1000).toBeGreaterThanOrEqual(exact);
      expect(cost * 1000 - exact).toBeLessThan(1000);
    }),
  );
});
