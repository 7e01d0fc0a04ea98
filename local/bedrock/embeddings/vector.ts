/** Vectors that stand for texts: the same for the same text, far from those of others, of length 1. */
import { crc32 } from 'node:zlib';

/** How many numbers, and what of the text's model makes its vectors other than those of another. */
export interface VectorShape {
  readonly dimensions: number;
  /** Whether the length is 1; it is something near otherwise. */
  readonly isNormalized?: boolean;
}

/** Numbers of a linear congruential generator (the constants of Numerical Recipes) from the text's hash. */
export function vectorOf(text: string, { dimensions, isNormalized = true }: VectorShape): readonly number[] {
  let state = crc32(text);
  const raw = Array.from({ length: dimensions }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  const length = isNormalized ? Math.hypot(...raw) : 1;
  return raw.map((value) => value / length);
}

/** One bit a number: whether it is above zero. */
export const binaryOf = (vector: readonly number[]): readonly number[] =>
  vector.map((value) => (value > 0 ? 1 : 0));

/** A byte a number, from -128 to 127. */
export const int8Of = (vector: readonly number[]): readonly number[] =>
  vector.map((value) => Math.max(-128, Math.min(127, Math.round(value * 127))));
