/** The catalogue: what each model is called on Bedrock, what it costs and what it takes. Data, never substring tests. */
import type { ModelPrice } from './price.ts';

export interface Model {
  /** The id callers use and Bedrock takes: a foundation model or a system inference profile. */
  readonly id: string;
  /** The provider's own name, lower case: `anthropic`, `amazon`, `meta`. */
  readonly provider: string;
  readonly mode: ModelMode;
  readonly inputTokensMax: number;
  /** 0 where a model answers with no tokens: its mode is not `chat`. */
  readonly outputTokensMax: number;
  /** Absent where no price is known: such a model is refused, never free. */
  readonly price?: ModelPrice;
  /** Unix seconds; what `GET /v1/models` calls `created`. */
  readonly createdAt: number;
  /** What a token of output counts in Bedrock's own quotas on tokens a minute, 1 or more. */
  readonly outputFactor: number;
  /** The most tokens that one image given as input is counted as; absent where no maximum is known. */
  readonly imageTokensMax?: number;
  readonly takes: ModelAbilities;
  /** What it can do beyond text, as the source of its data says. */
  readonly capabilities: readonly Capability[];
}

/** What a model is asked for: conversations, vectors or images. */
export type ModelMode = 'chat' | 'embedding' | 'image';

/** In the order of their digits in catalogue-data.ts: append only. */
export const CAPABILITIES = [
  'tools',
  'tool-choice',
  'images',
  'documents',
  'video',
  'audio',
  'reasoning',
  'structured-output',
  'parallel-tools',
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** What a model's own rules allow; a request that asks for more is refused or adapted in translation. */
export interface ModelAbilities {
  readonly systemMessages: boolean;
  /** Whether temperature and top_p are accepted at all. */
  readonly sampling: boolean;
  /** Whether temperature and top_p may be sent together. */
  readonly temperatureWithTopP: boolean;
  readonly stopSequences: boolean;
  /** Whether the last message may be the assistant's, to be continued. */
  readonly assistantPrefill: boolean;
}
