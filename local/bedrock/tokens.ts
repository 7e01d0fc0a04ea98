/**
 * The emulator's tokeniser. Text that comes in costs one token for every four bytes of UTF-8, rounded up; text
 * that goes out costs one token for each piece streamed, a piece being a word with the white space before it,
 * 16 characters at most. Neither ever counts more tokens than bytes, which real tokenisers hold to as well.
 */

const BYTES_PER_TOKEN = 4;
/** A code point is never split, so a piece is always whole UTF-8. */
const PIECE = /\s*\S{1,16}|\s+$/gu;
/** What a picture, document or tool block costs at most, whatever its size. */
const BLOCK_TOKENS_MAX = 1600;

/** Tokens of a text of the request; 0 only for the empty text. */
export const countTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);

/** Tokens of a content block that is not text. */
export const countBlockTokens = (block: unknown): number =>
  Math.min(BLOCK_TOKENS_MAX, countTokens(JSON.stringify(block)));

/** Tokens of a file by the length of its base64; of one that lies elsewhere, the most. */
export const countMediaTokens = (base64: string | undefined): number =>
  base64 === undefined
    ? BLOCK_TOKENS_MAX
    : Math.min(BLOCK_TOKENS_MAX, Math.ceil(base64.length / BYTES_PER_TOKEN));

/** The pieces of a text, one token each; joined they are the text again. */
export const toPieces = (text: string): readonly string[] => text.match(PIECE) ?? [];
