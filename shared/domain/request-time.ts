/** The time inside a request id. ULIDs sort by it: https://github.com/ulid/spec, 48 bits of ms in ten characters. */
import type { RequestId } from './ids.ts';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_LENGTH = 10;
const TIME_MAX_MS = 2 ** 48 - 1;

/** When a request's id was minted, in ms since the epoch: moments before it was admitted. */
export const requestTimeMs = (request: RequestId): number =>
  [...request.slice(0, TIME_LENGTH)].reduce(
    (timeMs, digit) => timeMs * CROCKFORD.length + CROCKFORD.indexOf(digit),
    0,
  );

/**
 * The first ten characters of every request id minted in this millisecond. Times out of a ULID's range are
 * clamped. Being shorter than an id, the prefix sorts before all ids of its millisecond and after all earlier
 * ones: as an upper bound it is exclusive, as a lower bound inclusive.
 */
export function requestTimePrefix(timeMs: number): string {
  let rest = Math.min(Math.max(Math.floor(timeMs), 0), TIME_MAX_MS);
  let prefix = '';
  while (prefix.length < TIME_LENGTH) {
    prefix = CROCKFORD.charAt(rest % CROCKFORD.length) + prefix;
    rest = Math.floor(rest / CROCKFORD.length);
  }
  return prefix;
}
