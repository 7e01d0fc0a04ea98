/** The emulator's own words: an introduction, what it was asked, and filler. */
import { crc32 } from 'node:zlib';
import { toPieces } from './tokens.ts';

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

/** One token a piece; exactly `tokens` of them where told. */
export function ownWords(text: string, tokens: number | undefined): readonly string[] {
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
