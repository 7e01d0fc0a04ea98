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

/** The modes that have an endpoint: only their models are listed, and only to them may an alias lead. */
export const SERVED_MODES: readonly ModelMode[] = ['chat', 'embedding'];

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
  /** Whose spelling top_k has among the model's own fields; `none`: the model takes none. */
  readonly topK: 'claude' | 'nova' | 'none';
  readonly reasoning: ReasoningAbility;
  /** Whether what the model thought, signed by it, may be sent back. */
  readonly reasoningHistory: boolean;
  readonly tools: ToolAbilities;
  /** How an answer's JSON schema may be sent to a model that has `structured-output`. */
  readonly nativeSchema: 'taken' | 'sanitised' | 'not-taken';
  /** Absent: the model keeps nothing on request. */
  readonly promptCache?: PromptCacheAbility;
  /** Whether Claude's own fields of Messages are taken: `tool_choice`, and the path to its stop sequence. */
  readonly claudeFields: boolean;
}

/** How a model is told how much to think. */
export type ReasoningAbility =
  /** By nothing: it never thinks aloud, or always. */
  | { readonly style: 'none' }
  /** Claude up to 4.5: `thinking` with a budget of tokens. */
  | { readonly style: 'claude-budget' }
  /** Claude from 4.6 on: adaptive `thinking` and an effort up to the ceiling; `off` is how it is kept from thinking. */
  | {
      readonly style: 'claude-adaptive';
      readonly ceiling: 'xhigh' | 'max';
      readonly off: 'disabled' | 'omitted';
    }
  /** `reasoning_effort`, which nothing turns off. */
  | { readonly style: 'effort-field' }
  /** `reasoningConfig`; at its highest effort the answer may have no maximum. */
  | { readonly style: 'nova' }
  /** `reasoning_config`. */
  | { readonly style: 'deepseek' };

/** How a model that has `tools` takes them. */
export interface ToolAbilities {
  /** Whether a model that has `tool-choice` may be made to call a tool. */
  readonly forced: boolean;
  /** Whether `strict` is taken, for schemas that close every object. */
  readonly strict: boolean;
  /** What ids of calls look like: Bedrock's pattern, or nine letters and digits. */
  readonly callIds: 'bedrock' | 'nine';
  /** Whether a turn may have tool results and something else. */
  readonly resultsWithTalk: boolean;
  /** Whether a result may say that the tool failed, and carry files. */
  readonly richResults: boolean;
  /** Whether Bedrock streams the answer to a request that has tools. */
  readonly streamed: boolean;
  /** `bare`: at its top a schema of arguments has `type`, `properties` and `required` alone, and nothing to refer to. */
  readonly schemas: 'whole' | 'bare';
}

/** What of a prompt a model keeps on request. */
export interface PromptCacheAbility {
  readonly pointsMax: number;
  /** Whether cache points may stand among the tools. */
  readonly amongTools: boolean;
  /** Whether it can be asked to keep something for an hour. */
  readonly hour: boolean;
}
