/**
 * What each model of Bedrock that embeds takes: data, by the id behind every inference profile. Sources: Bedrock user
 * guide, "Titan Embeddings", "Cohere Embed v3", "Cohere Embed v4" and "Amazon Nova Multimodal Embeddings", read
 * 2026-11-21.
 */
import { modelBehind } from './model-access.ts';

/** Whose words a call is written in. */
export type EmbeddingDialect = 'titan-v1' | 'titan-v2' | 'titan-image' | 'cohere-v3' | 'cohere-v4' | 'nova';

export interface EmbeddingModel {
  readonly dialect: EmbeddingDialect;
  /** Texts that one call takes, 1 or more. */
  readonly textsPerCall: number;
  /** Lengths of a vector that are offered, the model's own choice first; where there is one, it cannot be asked for. */
  readonly dimensions: readonly [number, ...(readonly number[])];
  /** Whether a text is embedded according to what it is for (`input_type`). */
  readonly inputTypes: 'told-apart' | 'all-the-same';
  /** Characters that a text may have; absent where only its tokens are bounded. */
  readonly charactersMax?: number;
}

const TITAN_V1: EmbeddingModel = {
  dialect: 'titan-v1',
  textsPerCall: 1,
  dimensions: [1536],
  inputTypes: 'all-the-same',
};
const COHERE_V3: EmbeddingModel = {
  dialect: 'cohere-v3',
  textsPerCall: 96,
  dimensions: [1024],
  inputTypes: 'told-apart',
  charactersMax: 2048,
};

const MODELS: Readonly<Record<string, EmbeddingModel>> = {
  'amazon.titan-embed-text-v1': TITAN_V1,
  'amazon.titan-embed-g1-text-02': TITAN_V1,
  'amazon.titan-embed-text-v2:0': { ...TITAN_V1, dialect: 'titan-v2', dimensions: [1024, 512, 256] },
  'amazon.titan-embed-image-v1': { ...TITAN_V1, dialect: 'titan-image', dimensions: [1024, 384, 256] },
  'cohere.embed-english-v3': COHERE_V3,
  'cohere.embed-multilingual-v3': COHERE_V3,
  'cohere.embed-v4:0': {
    dialect: 'cohere-v4',
    textsPerCall: 96,
    dimensions: [1536, 1024, 512, 256],
    inputTypes: 'told-apart',
  },
  'amazon.nova-2-multimodal-embeddings-v1:0': {
    dialect: 'nova',
    textsPerCall: 1,
    dimensions: [3072, 1024, 384, 256],
    inputTypes: 'told-apart',
  },
};

/** How the model of this id embeds; undefined for one that is not known to. */
export function embeddingModelOf(id: string): EmbeddingModel | undefined {
  const behind = modelBehind(id);
  return Object.hasOwn(MODELS, behind) ? MODELS[behind] : undefined;
}

/** What a text is embedded for, in Cohere's words. */
export const INPUT_TYPES = ['search_document', 'search_query', 'classification', 'clustering'] as const;
export type InputType = (typeof INPUT_TYPES)[number];
