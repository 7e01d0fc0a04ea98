/** How many tokens a text is, before any tokenizer has seen it. */

/** Bytes that a token is taken to stand for where a guess is wanted: fewer than in any common language's prose. */
const BYTES_A_TOKEN = 3;

/**
 * The most tokens that a text can be: no tokenizer makes more of it than it has bytes. Some normalise to NFKC first,
 * which can make one character of three bytes into eighteen. ASCII is its own normal form and is not normalised.
 */
export function textTokensMax(text: string): number {
  const bytes = Buffer.byteLength(text);
  if (bytes === text.length) return bytes;
  return Math.max(bytes, Buffer.byteLength(text.normalize('NFKC')));
}

/** The tokens that so many bytes of text are expected to be; never more than the bytes. */
export const tokensExpected = (bytes: number): number => Math.ceil(bytes / BYTES_A_TOKEN);
