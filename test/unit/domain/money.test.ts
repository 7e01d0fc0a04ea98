import fc from 'fast-check';
import { usdText } from '../../../shared/domain/money.ts';

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
