import { createHash } from 'node:crypto';
import type { RandomBytes } from '../../shared/domain/ids.ts';

/** Random-looking bytes that are the same for the same seed, so that a failing test can be run again. */
export function seededRandom(seed: string): RandomBytes {
  let counter = 0;
  return (length) => {
    const blocks: Buffer[] = [];
    for (let filled = 0; filled < length; filled += 32) {
      blocks.push(createHash('sha256').update(`${seed}:${counter}`).digest());
      counter += 1;
    }
    return Buffer.concat(blocks).subarray(0, length);
  };
}
