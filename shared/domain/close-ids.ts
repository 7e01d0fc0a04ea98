/** Ids that a mistyped one may have meant. */

/** Longer ids are not compared, so that a refusal stays cheap. */
const LENGTH_MAX = 128;
/** Of an id's length, the share of characters that may differ. */
const DIFFERENCE_MAX = 0.4;
/** A part of an id that is shorter says nothing of which one was meant. */
const PART_LENGTH_MIN = 4;

/**
 * Up to `countMax` of the candidates, the closest by edit distance first; none that is not close. Close is also what
 * the wanted id is a part of: `nova-lite` may have meant `amazon.nova-lite-v1:0`.
 */
export function closeIds(
  wanted: string,
  of: { readonly candidates: readonly string[]; readonly countMax: number },
): readonly string[] {
  if (wanted.length > LENGTH_MAX) return [];
  const lower = wanted.toLowerCase();
  return of.candidates
    .map((id) => ({ id, distance: editDistance(lower, id.toLowerCase()) }))
    .filter(
      ({ id, distance }) =>
        distance <= DIFFERENCE_MAX * Math.max(id.length, wanted.length) ||
        (lower.length >= PART_LENGTH_MIN && id.toLowerCase().includes(lower)),
    )
    .sort((one, other) => one.distance - other.distance)
    .slice(0, of.countMax)
    .map(({ id }) => id);
}

/** Insertions, deletions and substitutions that make one text of the other (Levenshtein's distance). */
export function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from.charCodeAt(row - 1) === to.charCodeAt(column - 1);
      const substituted = (previous[column - 1] ?? 0) + (same ? 0 : 1);
      current.push(Math.min(substituted, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
