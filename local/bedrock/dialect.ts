/** How one API of Bedrock writes an answer: whole, or as frames. The run of a generation knows no more than this. */
import type { Answer, AnswerBlock } from './answer.ts';
import type { Directive, StreamException } from './directive.ts';
import type { AnswerHeaders } from './exchange.ts';
import type { CacheUse } from './prompt-cache.ts';

export interface Dialect {
  readonly wholeHeaders: (told: Told) => AnswerHeaders;
  readonly whole: (told: Told) => object;
  readonly streamHeaders: AnswerHeaders;
  /** The frames before the first block. */
  readonly opening: (padding: Padding) => Buffer;
  /** The frames that begin a block; empty where the API has none for its kind. */
  readonly blockStart: (block: BlockAt, padding: Padding) => Buffer;
  readonly delta: (piece: string, at: BlockAt, padding: Padding) => Buffer;
  /** The frames that end a block. */
  readonly blockEnd: (block: BlockAt, padding: Padding) => Buffer;
  /** The frames that end the message: without them an answer is not complete. */
  readonly messageEnd: (told: Told, padding: Padding) => Buffer;
  readonly exception: (type: StreamException, message: string) => Buffer;
}

export interface BlockAt {
  readonly block: AnswerBlock;
  readonly index: number;
}

/** What is known before an answer begins. */
export interface Facts {
  readonly requestId: string;
  readonly modelId: string;
  readonly answer: Answer;
  /** Tokens of input that are paid in full. */
  readonly inputTokens: number;
  readonly cache: CacheUse | undefined;
  readonly directive: Directive;
  /** Unix milliseconds. */
  readonly receivedAtMs: number;
}

/** What is known when an answer ends. */
export interface Told extends Facts {
  readonly latencyMs: number;
}

/** A `p` for the next frame: the real service adds it so that lengths on the wire do not betray the text. */
export type Padding = () => string;

const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const LONG = ALPHABET.repeat(8);

/** Beginnings of the alphabet, at least one character long. */
export const paddingFrom =
  (random: () => number): Padding =>
  () =>
    ALPHABET.slice(0, 1 + Math.floor(random() * ALPHABET.length));

/** The padding that a directive asks for. */
export function paddingAsked(padding: Padding, { padding: asked }: Directive): Padding {
  if (asked === 'none') return () => '';
  return asked === 'long' ? () => LONG : padding;
}
