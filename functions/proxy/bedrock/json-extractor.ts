/**
 * Finds the first balanced JSON value in a text that comes in pieces: what stands before it is a model's introduction,
 * what comes after it an explanation. Its state is where in the value it is.
 */
export class JsonExtractor {
  readonly #opening: '{' | '[';
  #state: 'before' | 'within' | 'after' = 'before';
  #held = '';
  #depth = 0;
  #inString = false;
  #isEscaped = false;

  constructor(opening: '{' | '[') {
    this.#opening = opening;
  }

  /** What of the value this piece holds. */
  push(piece: string): string {
    if (this.#state === 'after') return '';
    if (this.#state === 'within') return this.#within(piece);
    const start = piece.indexOf(this.#opening);
    if (start < 0) {
      this.#held += piece;
      return '';
    }
    this.#state = 'within';
    this.#held = '';
    return this.#within(piece.slice(start));
  }

  /** What was held back, where no value ever began: a text is better than none. */
  finish(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  #within(piece: string): string {
    for (let at = 0; at < piece.length; at += 1) {
      this.#step(piece.charAt(at));
      if (this.#depth === 0) {
        this.#state = 'after';
        return piece.slice(0, at + 1);
      }
    }
    return piece;
  }

  #step(character: string): void {
    if (this.#isEscaped) {
      this.#isEscaped = false;
    } else if (this.#inString) {
      if (character === '\\') this.#isEscaped = true;
      if (character === '"') this.#inString = false;
    } else if (character === '"') {
      this.#inString = true;
    } else if (character === '{' || character === '[') {
      this.#depth += 1;
    } else if (character === '}' || character === ']') {
      this.#depth -= 1;
    }
  }
}
