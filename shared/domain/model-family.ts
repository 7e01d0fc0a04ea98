/**
 * What the models of a family take, by name. The family is a field of the catalogue's data, so nothing here is
 * found by looking for words in an id. Sources: the Converse feature table of the Bedrock user guide, and the
 * capability flags of LiteLLM's model list of 2026-08-01 (MIT).
 */
import type { ModelAbilities } from './model.ts';

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

/** Every family of the catalogue, and its abilities. */
export const FAMILIES = {
  'claude-3': PREFILL,
  'claude-4': PREFILL,
  'claude-4-1': { ...ONE_SAMPLER, assistantPrefill: true },
  'claude-4-5': { ...ONE_SAMPLER, assistantPrefill: true },
  'claude-opus-4-6': ONE_SAMPLER,
  // Opus 4.7 and later, Sonnet 5, Fable 5: sampling is the model's own affair.
  'claude-5': { ...STANDARD, sampling: false, temperatureWithTopP: false },
  'command-r': STANDARD,
  deepseek: STANDARD,
  'gemma-3': STANDARD,
  glm: STANDARD,
  // OpenAI's open-weight models refuse stop sequences on Converse.
  'gpt-oss': { ...STANDARD, stopSequences: false },
  'jamba-1-5': STANDARD,
  kimi: STANDARD,
  llama: STANDARD,
  minimax: STANDARD,
  mistral: STANDARD,
  'mistral-7b': NO_SYSTEM,
  nemotron: STANDARD,
  nova: STANDARD,
  'nova-2': STANDARD,
  palmyra: STANDARD,
  qwen: STANDARD,
  'titan-text': NO_SYSTEM,
} as const satisfies Readonly<Record<string, ModelAbilities>>;

export type Family = keyof typeof FAMILIES;
