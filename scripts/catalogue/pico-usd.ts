/** Decimal text as whole pico-USD a token, without floating point between. */
import type { PicoUsd } from '../../shared/domain/money.ts';

/** USD a token. */
export const A_TOKEN = 12;
/** USD a million tokens. */
export const A_MILLION_TOKENS = 6;

/** A thousand USD a million tokens; a price beyond it is a slip of the decimal point. */
const PICO_USD_MAX = 1_000_000_000;
const DECIMAL = /^(\d+)(?:\.(\d+))?(?:e(-?\d+))?$/;

/**
 * The price that this text says, `digits` being those of one USD: `5.46875e-07` a token is 546875. What is below a
 * pico-USD rounds up: a price is never understated. Undefined for an empty cell; throws where it is no price.
 */
export function picoUsdOf(text: string, digits: number): PicoUsd | undefined {
  if (text === '') return undefined;
  const [matched, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  if (matched === undefined) throw new Error(`Not a price: '${text}'`);
  const shift = Number(exponent) + digits - fraction.length;
  const all = whole + fraction;
  const pico = shift >= 0 ? Number(all + '0'.repeat(shift)) : roundedUp(all, -shift);
  if (pico <= 0 || pico > PICO_USD_MAX) throw new Error(`Not a plausible price: '${text}'`);
  return pico;
}

function roundedUp(digits: string, dropped: number): number {
  const cut = Math.max(0, digits.length - dropped);
  return Number(digits.slice(0, cut) || '0') + (/[1-9]/.test(digits.slice(cut)) ? 1 : 0);
}
