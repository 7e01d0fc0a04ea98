import fc from 'fast-check';
import { nestsDeeperThan } from '../../../shared/http/json-depth.ts';

/** The depth of a parsed value: a scalar is 0, each array or object adds one. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('the depth of JSON text', () => {
  test('is the depth of what it parses to', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat({ max: 7 }), (value, limit) => {
        expect(nestsDeeperThan(JSON.stringify(value), limit)).toBe(depthOf(value) > limit);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['brackets inside a string', '"[[[["', false],
    ['brackets behind an escaped quote', '"\\"[[[["', false],
    ['brackets behind a string that ends in a backslash', '["\\\\", [[[1]]]]', true],
    ['an unterminated string', '"[[[[', false],
  ])('with %s is judged by structure alone', (_what, text, deeper) => {
    expect(nestsDeeperThan(text, 2)).toBe(deeper);
  });

  test('is found in a million levels', () => {
    expect(nestsDeeperThan('['.repeat(1_000_000), 64)).toBe(true);
  });
});
