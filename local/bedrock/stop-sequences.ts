/** Where a text ends because of a sequence that the caller named. */

export interface Stopped {
  readonly pieces: readonly string[];
  /** The sequence that was met; it is not part of the text. */
  readonly sequence?: string;
}

/** The text up to the earliest stop sequence; the piece in which it begins is kept up to there. */
export function stopAtSequence(pieces: readonly string[], sequences: readonly string[]): Stopped {
  const text = sequences.length === 0 ? '' : pieces.join('');
  const found = sequences
    .map((sequence) => ({ sequence, at: text.indexOf(sequence) }))
    .filter(({ at }) => at >= 0)
    .sort((one, other) => one.at - other.at)[0];
  if (found === undefined) return { pieces };
  return { pieces: firstCharacters(pieces, found.at), sequence: found.sequence };
}

function firstCharacters(pieces: readonly string[], characters: number): readonly string[] {
  const kept: string[] = [];
  let left = characters;
  for (const piece of pieces) {
    if (left <= 0) break;
    kept.push(piece.slice(0, left));
    left -= piece.length;
  }
  return kept;
}
