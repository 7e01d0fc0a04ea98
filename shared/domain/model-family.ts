/**
 * What the models of a family have in common, by name. The family is a field of the catalogue's data, so nothing here
 * is found by looking for words in an id. Sources of what they take: the Converse feature table of the Bedrock user
 * guide, and the capability flags of LiteLLM's model list of 2026-08-01 (MIT).
 */
import type { ModelAbilities, ModelMode } from './model.ts';

export interface ModelFamily {
  readonly mode: ModelMode;
  readonly takes: ModelAbilities;
  /** What a token of output counts in Bedrock's quotas on tokens a minute, 1 or more. */
  readonly outputFactor: number;
  /** The most tokens that one image given as input is counted as; absent where no maximum is known. */
  readonly imageTokensMax?: number;
  /** The longest side, in pixels, of an image that the known price pays for; absent where it pays for every size. */
  readonly pricedImageSideMax?: number;
}

/** A model that follows Converse without an exception of its own; continuing an answer must be known to work. */
const STANDARD: ModelAbilities = {
  systemMessages: true,
  sampling: true,
  temperatureWithTopP: true,
  stopSequences: true,
  assistantPrefill: false,
};

const NO_SYSTEM: ModelAbilities = { ...STANDARD, systemMessages: false };
const PREFILL: ModelAbilities = { ...STANDARD, assistantPrefill: true };
/** Claude from 4.1 on refuses temperature and top_p in one request. */
const ONE_SAMPLER: ModelAbilities = { ...STANDARD, temperatureWithTopP: false };
/** Of a model that holds no conversation. */
const NOTHING: ModelAbilities = {
  systemMessages: false,
  sampling: false,
  temperatureWithTopP: false,
  stopSequences: false,
  assistantPrefill: false,
};

/**
 * Claude from 3.7 on burns five tokens of quota for one of output, every other model one. Source: Bedrock user guide,
 * "How tokens are counted in Amazon Bedrock" (quotas-token-burndown) and "Global cross-Region inference", read
 * 2026-11-21, which name 3.7 Sonnet, Opus 4, Sonnet 4 and Sonnet 4.5. Their successors are taken to burn as they do:
 * a factor too high admits less, never more.
 */
const CLAUDE_OUTPUT_FACTOR = 5;

/**
 * Up to Claude 4.6 an image is scaled to at most 1568 patches of 28 by 28 pixels; older pages of the same guide say
 * "about 1,600" (Claude documentation, "Vision", read 2026-11-21). A quarter is added for what stands around it.
 */
const CLAUDE_IMAGE_TOKENS = 2_000;
/** From Opus 4.7 on an image may have 2576 pixels a side and 4784 patches (same page); a quarter is added. */
const CLAUDE_LARGE_IMAGE_TOKENS = 6_000;
/**
 * Nova scales images to no size of its own: 8000 by 8000 pixels pass. At the densest ratio of its guide's table (900 by
 * 450 pixels are 800 tokens, so 506 pixels a token) that is 126,500 ("Image understanding", read 2026-11-21).
 */
const NOVA_IMAGE_TOKENS = 128_000;
/** Llama 3.2 cuts an image into at most 4 tiles of 1601 tokens (its vision configuration); Llama 4 makes fewer. */
const LLAMA_IMAGE_TOKENS = 8_000;
/** Gemma 3 sees an image as 256 tokens; were it to crop as well (pan and scan), as up to five times that. */
const GEMMA_IMAGE_TOKENS = 2_000;
/** Qwen3-VL scales an image to at most 16,777,216 pixels, 1024 of them a token (its preprocessor's configuration). */
const QWEN_IMAGE_TOKENS = 20_000;

const chat = (takes: ModelAbilities): ModelFamily => ({ mode: 'chat', takes, outputFactor: 1 });
const chatWithImages = (takes: ModelAbilities, imageTokensMax: number): ModelFamily => ({
  ...chat(takes),
  imageTokensMax,
});
const claude = (takes: ModelAbilities, imageTokensMax = CLAUDE_IMAGE_TOKENS): ModelFamily => ({
  ...chatWithImages(takes, imageTokensMax),
  outputFactor: CLAUDE_OUTPUT_FACTOR,
});
const EMBEDDING: ModelFamily = { mode: 'embedding', takes: NOTHING, outputFactor: 1 };
const IMAGE: ModelFamily = { mode: 'image', takes: NOTHING, outputFactor: 1 };

/** Every family of the catalogue. */
export const FAMILIES = {
  'claude-3': chatWithImages(PREFILL, CLAUDE_IMAGE_TOKENS),
  'claude-3-7': claude(PREFILL),
  'claude-4': claude(PREFILL),
  'claude-4-1': claude({ ...ONE_SAMPLER, assistantPrefill: true }),
  'claude-4-5': claude({ ...ONE_SAMPLER, assistantPrefill: true }),
  'claude-opus-4-6': claude(ONE_SAMPLER),
  // Opus 4.7 and later, Sonnet 5, Fable 5: sampling is the model's own affair.
  'claude-5': claude({ ...STANDARD, sampling: false, temperatureWithTopP: false }, CLAUDE_LARGE_IMAGE_TOKENS),
  'command-r': chat(STANDARD),
  deepseek: chat(STANDARD),
  'gemma-3': chatWithImages(STANDARD, GEMMA_IMAGE_TOKENS),
  glm: chat(STANDARD),
  // OpenAI's open-weight models refuse stop sequences on Converse.
  'gpt-oss': chat({ ...STANDARD, stopSequences: false }),
  'jamba-1-5': chat(STANDARD),
  kimi: chat(STANDARD),
  llama: chatWithImages(STANDARD, LLAMA_IMAGE_TOKENS),
  minimax: chat(STANDARD),
  mistral: chat(STANDARD),
  'mistral-7b': chat(NO_SYSTEM),
  nemotron: chat(STANDARD),
  nova: chatWithImages(STANDARD, NOVA_IMAGE_TOKENS),
  'nova-2': chatWithImages(STANDARD, NOVA_IMAGE_TOKENS),
  palmyra: chat(STANDARD),
  qwen: chatWithImages(STANDARD, QWEN_IMAGE_TOKENS),
  'titan-text': chat(NO_SYSTEM),
  'cohere-embed': EMBEDDING,
  'nova-embed': EMBEDDING,
  'titan-embed': EMBEDDING,
  // LiteLLM's price is that of 1024 by 1024 pixels; images of up to 2048 a side cost more.
  'nova-canvas': { ...IMAGE, pricedImageSideMax: 1024 },
  stability: IMAGE,
} as const satisfies Readonly<Record<string, ModelFamily>>;

export type Family = keyof typeof FAMILIES;
