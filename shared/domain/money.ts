/**
 * Money and prices are integers. An amount is in nano-USD (10^-9 USD); a price in pico-USD (10^-12 USD) a token,
 * because the cheapest models cost less than one nano-USD a token. Number.MAX_SAFE_INTEGER nano-USD is nine
 * million USD, beyond any budget this product accepts.
 */
export type NanoUsd = number;
export type PicoUsd = number;

const NANO_USD_A_USD = 1_000_000_000;

/** The largest amount accepted for a limit: one million USD. */
export const NANO_USD_MAX: NanoUsd = 1_000_000 * 1_000_000_000;

/** One cent. */
export const NANO_USD_A_CENT: NanoUsd = 10_000_000;

/**
 * Nano-USD of an amount in USD that a person gave; undefined where it is no whole number of them from one to
 * NANO_USD_MAX. Up to there a double holds every nano-dollar, so that what has nine decimals comes out as it was written.
 */
export function nanoUsdOf(usd: number): NanoUsd | undefined {
  const nanoUsd = Math.round(usd * NANO_USD_A_USD);
  if (!(nanoUsd >= 1 && nanoUsd <= NANO_USD_MAX)) return undefined;
  return nanoUsd / NANO_USD_A_USD === usd ? nanoUsd : undefined;
}

/** An amount in USD as a decimal number, exact to the nano-dollar: `0.000123450`. */
export function usdText(nanoUsd: NanoUsd): string {
  const digits = String(nanoUsd).padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
