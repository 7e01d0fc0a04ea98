/**
 * How often a randomised test tries, and from which seed. `npm test` tries as often as fits between two edits,
 * `npm run test:long` (jest.long.config.mjs) ten times as often or more.
 */
import { randomInt } from 'node:crypto';

/** The number of tries of this run: `normal` in `npm test`, `long` in `npm run test:long`. */
export const runs = (normal: number, long: number): number =>
  process.env['BPX_TEST_RUNS'] === 'long' ? long : normal;

let chosen: number | undefined;

/** The seed of this test file, 0 to 2^31 - 1: the same at each call, printed at the first, taken from BPX_TEST_SEED where that is set. */
export function seed(): number {
  if (chosen !== undefined) return chosen;
  chosen = givenSeed() ?? randomInt(2 ** 31 - 1);
  // Not by the console, which Jest adds a stack to, nor to stdout, which tests of the log watch.
  process.stderr.write(`The seed is ${chosen}; BPX_TEST_SEED=${chosen} tries the same again.\n`);
  return chosen;
}

function givenSeed(): number | undefined {
  const text = process.env['BPX_TEST_SEED'];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value < 2 ** 31) return value;
  throw new RangeError(`BPX_TEST_SEED must be an integer from 0 to 2147483647, not '${text}'.`);
}
