import fc from 'fast-check';
import { NANO_USD_MAX, nanoUsdOf, usdText } from '../../../shared/domain/money.ts';

test.each([
  [0, '0.000000000'],
  [1, '0.000000001'],
  [123_450, '0.000123450'],
  [999_999_999, '0.999999999'],
  [1_000_000_000, '1.000000000'],
  [1_000_000_000_000_000, '1000000.000000000'],
  [Number.MAX_SAFE_INTEGER, '9007199.254740991'],
])('%d nano-USD are %s USD', (nanoUsd, text) => {
  expect(usdText(nanoUsd)).toBe(text);
});

test('no nano-dollar is lost', () => {
  fc.assert(
    fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (nanoUsd) => {
      expect(usdText(nanoUsd)).toMatch(/^(0|[1-9]\d*)\.\d{9}$/);
      expect(BigInt(usdText(nanoUsd).replace('.', ''))).toBe(BigInt(nanoUsd));
    }),
  );
});

test('an amount of up to nine decimals is as many nano-USD as it says, to the last', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: NANO_USD_MAX }), (nanoUsd) => {
      expect(nanoUsdOf(Number(usdText(nanoUsd)))).toBe(nanoUsd);
      expect(nanoUsdOf(nanoUsd / 1e9)).toBe(nanoUsd);
    }),
  );
});

test.each([
  0,
  -1,
  1e-10,
  4e-10,
  1.0000000005,
  0.1234567891,
  1_000_000.000000001,
  Number.POSITIVE_INFINITY,
  Number.NaN,
])('%p USD is no amount', (usd) => {
  expect(nanoUsdOf(usd)).toBeUndefined();
});
