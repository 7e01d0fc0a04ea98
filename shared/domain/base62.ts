/** Base62 with the digits in the order `0-9A-Za-z`, most significant first, padded on the left with `0`. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Bytes at or above this are redrawn, so that each of the 62 digits is equally likely (4 × 62 = 248). */
const UNBIASED_BELOW = 248;

/** Writes a non-negative integer in at least `width` digits. */
export function encodeBase62(value: bigint, width: number): string {
  let rest = value;
  let digits = '';
  while (rest > 0n) {
    digits = DIGITS.charAt(Number(rest % 62n)) + digits;
    rest /= 62n;
  }
  return digits.padStart(width, '0');
}

/** `length` uniformly random digits. */
export function randomBase62(random: (length: number) => Uint8Array, length: number): string {
  let digits = '';
  while (digits.length < length) {
    for (const byte of random(length)) {
      if (byte < UNBIASED_BELOW && digits.length < length) digits += DIGITS.charAt(byte % 62);
    }
  }
  return digits;
}
