/** What the emulator says. It depends on the prompt alone, so the same prompt has the same answer for ever. */
import { crc32 } from 'node:zlib';
import type { Directive } from './directive.ts';
import { toPieces } from './tokens.ts';

/** What an answer is made from; every operation that generates reads its body into this. */
export interface Prompt {
  /** The text of the last user message, directive included. */
  readonly lastUserText: string;
  readonly inputTokens: number;
  readonly maxTokens: number;
  readonly stopSequences: readonly string[];
}

export interface Answer {
  /** One token each. */
  readonly pieces: readonly string[];
  readonly stopReason: 'end_turn' | 'max_tokens' | 'stop_sequence';
  /** The sequence that ended the answer; not part of its text. */
  readonly stopSequence?: string;
}

const INTRODUCTION = toPieces('This is the Bedrock emulator, no model has read this.');
const TOPIC_WORDS_MAX = 8;
/** The topic is looked for in the first characters only, so that a long prompt costs no more than a short one. */
const TOPIC_CHARACTERS_MAX = 200;
const FILLER_TOKENS_MIN = 20;
const FILLER_TOKENS_MAX = 60;
const FILLER = (
  'amber anchor basket bridge candle canyon copper corner cotton desert ember engine falcon fabric forest ' +
  'garden glacier granite harbor hazel island ivory jasmine kettle ladder lantern lemon linen marble meadow ' +
  'mirror nectar needle olive orchard paper pebble pepper pillow planet quartz quiet ribbon river saddle ' +
  'saffron signal silver spruce stone summer table timber topaz tunnel valley velvet violet walnut water ' +
  'willow window winter yellow'
)
  .split(' ')
  .map((word) => ` ${word}`);

/** The answer to a prompt whose directive has been taken out of `text`. */
export function composeAnswer(prompt: Prompt, { directive, text }: Asked): Answer {
  const pieces = directive.say === undefined ? ownWords(text, directive.tokens) : toPieces(directive.say);
  const stopped = stopAtSequence(pieces, prompt.stopSequences);
  if (stopped.pieces.length <= prompt.maxTokens) return stopped;
  return { pieces: stopped.pieces.slice(0, prompt.maxTokens), stopReason: 'max_tokens' };
}

export interface Asked {
  readonly directive: Directive;
  readonly text: string;
}

function ownWords(text: string, tokens: number | undefined): readonly string[] {
  const opening = [...INTRODUCTION, ...topicOf(text)];
  const seed = crc32(text);
  const length = tokens ?? opening.length + fillerLength(seed);
  return length <= opening.length
    ? opening.slice(0, length)
    : [...opening, ...filler(seed, length - opening.length)];
}

function topicOf(text: string): readonly string[] {
  const words = text.slice(0, TOPIC_CHARACTERS_MAX).toWellFormed().trim().split(/\s+/u);
  const topic = words.slice(0, TOPIC_WORDS_MAX).join(' ');
  return topic === '' ? toPieces(' You asked about nothing:') : toPieces(` You asked about "${topic}":`);
}

const fillerLength = (seed: number): number =>
  FILLER_TOKENS_MIN + (seed % (FILLER_TOKENS_MAX - FILLER_TOKENS_MIN + 1));

/** Words picked by a linear congruential generator (the constants of Numerical Recipes) from the prompt's hash. */
function filler(seed: number, count: number): readonly string[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return FILLER[(state >>> 16) % FILLER.length] ?? '';
  });
}

/** The answer up to the earliest stop sequence; the piece in which it begins is kept up to there. */
function stopAtSequence(pieces: readonly string[], sequences: readonly string[]): Answer {
  const text = sequences.length === 0 ? '' : pieces.join('');
  const found = sequences
    .map((sequence) => ({ sequence, at: text.indexOf(sequence) }))
    .filter(({ at }) => at >= 0)
    .sort((one, other) => one.at - other.at)[0];
  if (found === undefined) return { pieces, stopReason: 'end_turn' };
  return {
    pieces: firstCharacters(pieces, found.at),
    stopReason: 'stop_sequence',
    stopSequence: found.sequence,
  };
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
