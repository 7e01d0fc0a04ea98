/** Decimal text as whole pico-USD, without floating point between. */
import type { PicoUsd } from '../../shared/domain/money.ts';
import type { PriceClass } from '../../shared/domain/price.ts';

/** USD a token. */
export const A_TOKEN = 12;
/** USD a million tokens. */
export const A_MILLION_TOKENS = 6;

/** USD an image. */
export const AN_IMAGE = 12;

/** A thousand USD a million tokens; a price beyond it is a slip of the decimal point. */
const TOKEN_PICO_USD_MAX = 1_000_000_000;
/** Ten USD an image. */
const IMAGE_PICO_USD_MAX = 10_000_000_000_000;
const DECIMAL = /^(\d+)(?:\.(\d+))?(?:e(-?\d+))?$/;

/**
 * The price that this text says, `digits` being those of one USD: `5.46875e-07` a token is 546875, and `0.04` an image
 * 40000000000. What is below a
 * pico-USD rounds up: a price is never understated. Undefined for an empty cell; throws where it is no price.
 */
export function picoUsdOf(
  text: string,
  of: { readonly name: PriceClass; readonly digits: number },
): PicoUsd | undefined {
  if (text === '') return undefined;
  const [matched, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  if (matched === undefined) throw new Error(`Not a price: '${text}'`);
  const shift = Number(exponent) + of.digits - fraction.length;
  const all = whole + fraction;
  const pico = shift >= 0 ? Number(all + '0'.repeat(shift)) : roundedUp(all, -shift);
  const max = of.name === 'image' ? IMAGE_PICO_USD_MAX : TOKEN_PICO_USD_MAX;
  if (pico <= 0 || pico > max) throw new Error(`Not a plausible price: '${text}'`);
  return pico;
}

function roundedUp(digits: string, dropped: number): number {
  const cut = Math.max(0, digits.length - dropped);
  return Number(digits.slice(0, cut) || '0') + (/[1-9]/.test(digits.slice(cut)) ? 1 : 0);
}
