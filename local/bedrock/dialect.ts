/** How one API of Bedrock writes an answer: whole, or as frames. The run of a generation knows no more than this. */
import type { Answer } from './answer.ts';
import type { StreamException } from './directive.ts';
import { encodeFrame, exceptionHeaders } from './event-frame.ts';
import type { AnswerHeaders } from './exchange.ts';

export interface Dialect {
  readonly wholeHeaders: (told: Told) => AnswerHeaders;
  readonly whole: (told: Told) => object;
  readonly streamHeaders: AnswerHeaders;
  /** The frames before the first token. */
  readonly opening: (padding: Padding) => Buffer;
  readonly delta: (piece: string, padding: Padding) => Buffer;
  /** The frame that ends the text. */
  readonly textEnd: (padding: Padding) => Buffer;
  /** The frames that end the message: without them an answer is not complete. */
  readonly messageEnd: (told: Told, padding: Padding) => Buffer;
}

/** What is known when an answer ends. */
export interface Told {
  readonly requestId: string;
  readonly modelId: string;
  readonly answer: Answer;
  readonly inputTokens: number;
  readonly latencyMs: number;
}

/** A `p` for the next frame: the real service adds it so that lengths on the wire do not betray the text. */
export type Padding = () => string;

const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** Beginnings of the alphabet, at least one character long. */
export const paddingFrom =
  (random: () => number): Padding =>
  () =>
    ALPHABET.slice(0, 1 + Math.floor(random() * ALPHABET.length));

export const encodeException = (type: StreamException, message: string): Buffer =>
  encodeFrame(exceptionHeaders(type), JSON.stringify({ message }));
