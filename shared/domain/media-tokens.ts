/** How many tokens are billed for what a request holds beside text. */
import type { Model } from './model.ts';
import { textTokensMax, tokensExpected } from './text-tokens.ts';

/** An image, a document of plain text, or one of any other format: its bytes say nothing of its tokens. */
export type Media =
  | { readonly kind: 'image' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'document'; readonly bytes: number };

type MediaModel = Pick<Model, 'inputTokensMax' | 'imageTokensMax'>;

/** What stands around one in the prompt: its tags, its format and a name of up to 200 characters. */
const AROUND_TOKENS = 256;
/** A photograph or a screenshot in most families. */
const IMAGE_TOKENS_EXPECTED = 2_000;

/**
 * The most tokens that these can be. A PDF or an office file is packed text and pages seen as images, so nothing about
 * it is a bound, nor about an image whose family has no known maximum; for them it is the whole context window. Images
 * and such documents together are never more than that: Bedrock refuses what does not fit, and does not bill what it
 * refuses. Text is not capped so, because its own bound holds even where the catalogue understates a window.
 */
export const mediaTokensMax = (media: readonly Media[], model: MediaModel): number =>
  total(media, { model, tokensOf: (one) => tokensMax(one, model) });

/** The tokens that these are expected to be; never more than the most. */
export const mediaTokensExpected = (media: readonly Media[], model: MediaModel): number =>
  total(media, { model, tokensOf: (one) => Math.min(tokensMax(one, model), guessOf(one)) });

function total(
  media: readonly Media[],
  of: { readonly model: MediaModel; readonly tokensOf: (one: Media) => number },
): number {
  const sumOf = (some: readonly Media[]): number =>
    some.reduce((sum, one) => sum + AROUND_TOKENS + of.tokensOf(one), 0);
  const texts = media.filter(({ kind }) => kind === 'text');
  const others = media.filter(({ kind }) => kind !== 'text');
  return sumOf(texts) + Math.min(of.model.inputTokensMax, sumOf(others));
}

function tokensMax(one: Media, { imageTokensMax }: MediaModel): number {
  if (one.kind === 'text') return textTokensMax(one.text);
  return one.kind === 'image' && imageTokensMax !== undefined ? imageTokensMax : Number.POSITIVE_INFINITY;
}

function guessOf(one: Media): number {
  if (one.kind === 'image') return IMAGE_TOKENS_EXPECTED;
  return tokensExpected(one.kind === 'text' ? textTokensMax(one.text) : one.bytes);
}
