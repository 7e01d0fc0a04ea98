/**
 * A request to a model as the product understands it, free of any wire's spelling: OpenAI's chat completions and
 * responses and Anthropic's messages are all read into it, and Bedrock's APIs are all called from it.
 */
import type { ServiceTier } from './price.ts';

/** Of formats that Bedrock takes (service model of bedrock-runtime: ImageFormat, DocumentFormat, AudioFormat, VideoFormat). */
export const IMAGE_FORMATS = ['png', 'jpeg', 'gif', 'webp'] as const;
export const DOCUMENT_FORMATS = ['pdf', 'csv', 'doc', 'docx', 'xls', 'xlsx', 'html', 'txt', 'md'] as const;
export const AUDIO_FORMATS = ['wav', 'mp3'] as const;
export const VIDEO_FORMATS = ['mkv', 'mov', 'mp4', 'webm', 'flv', 'mpeg', 'mpg', 'wmv', 'three_gp'] as const;

/** Bytes as base64, of which the format was recognised: they go to Bedrock as they came. */
export interface Media<Format extends string> {
  readonly format: Format;
  readonly base64: string;
  /** Bytes that the base64 stands for. */
  readonly size: number;
}

/** How long the prompt cache keeps what it is given. */
export type CacheLifetime = '5m' | '1h';

/** Everything before is to be kept in the prompt cache. */
export interface CachePoint {
  readonly type: 'cache-point';
  /** Absent: as long as the model keeps it by default. */
  readonly ttl?: CacheLifetime;
}

export interface TextBlock {
  readonly type: 'text';
  /** Not blank. */
  readonly text: string;
}
export interface ImageBlock extends Media<(typeof IMAGE_FORMATS)[number]> {
  readonly type: 'image';
}
export interface DocumentBlock extends Media<(typeof DOCUMENT_FORMATS)[number]> {
  readonly type: 'document';
  /** As Bedrock allows it: letters, digits, single spaces, hyphens, parentheses and brackets, at most 200; unique in a request. */
  readonly name: string;
}
export interface AudioBlock extends Media<(typeof AUDIO_FORMATS)[number]> {
  readonly type: 'audio';
}
export interface VideoBlock extends Media<(typeof VIDEO_FORMATS)[number]> {
  readonly type: 'video';
}
/** A call that the model made. */
export interface ToolCallBlock {
  readonly type: 'tool-call';
  /** Not empty, otherwise as the caller has it; ids that a model does not take are the translation's affair. */
  readonly id: string;
  /** As that of a tool, which need not be among the request's. */
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}
export interface ToolResultBlock {
  readonly type: 'tool-result';
  /** That of the call it answers, in the message before. */
  readonly id: string;
  readonly status: 'success' | 'error';
  /** Not empty. */
  readonly content: readonly (TextBlock | ImageBlock | DocumentBlock)[];
}
/** What the model thought. Only signed thoughts may be sent back. */
export interface ReasoningBlock {
  readonly type: 'reasoning';
  readonly text: string;
  readonly signature: string;
}
export interface RedactedReasoningBlock {
  readonly type: 'redacted-reasoning';
  readonly base64: string;
}

export type UserBlock =
  | TextBlock
  | ImageBlock
  | DocumentBlock
  | AudioBlock
  | VideoBlock
  | ToolResultBlock
  | CachePoint;
export type AssistantBlock = TextBlock | ToolCallBlock | ReasoningBlock | RedactedReasoningBlock | CachePoint;

export type Message =
  | { readonly role: 'user'; readonly content: readonly UserBlock[] }
  | { readonly role: 'assistant'; readonly content: readonly AssistantBlock[] };

export interface Tool {
  /** 1 to 64 of letters, digits, `_` and `-`. */
  readonly name: string;
  readonly description?: string;
  /** JSON Schema, its type `object`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly strict: 'asked' | 'not-asked';
  /** A cache point after this tool. */
  readonly cachePoint?: CachePoint;
}

/** `none`: the model is shown the tools and may not call them. */
export type ToolChoice =
  | { readonly type: 'auto' | 'required' | 'none' }
  | { readonly type: 'tool'; readonly name: string };

export interface ToolUse {
  /** One or more. */
  readonly tools: readonly Tool[];
  readonly choice: ToolChoice;
  /** Whether the model may call several at once; absent: as it likes. */
  readonly parallel?: 'allowed' | 'forbidden';
}

export type AnswerFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json' }
  | {
      readonly type: 'json-schema';
      readonly name: string;
      readonly description?: string;
      readonly schema: Readonly<Record<string, unknown>>;
      readonly strict: 'asked' | 'not-asked';
    };

/** OpenAI's words for how much a model is to think. */
export const REASONING_EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
export type ReasoningEffort = (typeof REASONING_EFFORTS)[number];

/** How much to think: by effort, or by a budget of tokens as Anthropic's API has it. */
export type Reasoning =
  | { readonly type: 'effort'; readonly effort: ReasoningEffort }
  | { readonly type: 'budget'; readonly tokens: number }
  | { readonly type: 'adaptive' };

/** Every cache point of a request, wherever it stands. */
export const pointsOf = ({
  system,
  messages,
  toolUse,
}: Pick<ModelCommand, 'system' | 'messages' | 'toolUse'>): readonly CachePoint[] => [
  ...system.filter((block) => block.type === 'cache-point'),
  ...(toolUse?.tools ?? []).flatMap(({ cachePoint }) => cachePoint ?? []),
  ...messages.flatMap(({ content }) => content.filter((block) => block.type === 'cache-point')),
];

/** What a model is asked, whatever the endpoint. */
export interface ModelCommand {
  /** The model as the caller wrote it; answers echo it. */
  readonly requestedModel: string;
  /** System and developer texts, hoisted in order. */
  readonly system: readonly (TextBlock | CachePoint)[];
  /** Begins with a user message; roles alternate; no message is empty. Every tool call is answered in the next message. */
  readonly messages: readonly Message[];
  /**
   * Absent where the request declares no tools. Messages may hold tool calls and results all the same: the caller goes on
   * with a conversation that had tools. Whoever cannot be sent such blocks without tools is sent tools of their names.
   */
  readonly toolUse?: ToolUse;
  readonly answerFormat: AnswerFormat;
  /** Absent: as the model does by itself. */
  readonly reasoning?: Reasoning;
  /** Absent where the request named none; the tenant's default is then sent. */
  readonly outputTokensMax?: number;
  /** 0 to 1. */
  readonly temperature?: number;
  /** 0 to 1. */
  readonly topP?: number;
  readonly topK?: number;
  /** None of them empty. */
  readonly stopSequences: readonly string[];
  readonly serviceTier: ServiceTier;
  /** The caller's tags, checked against OpenAI's bounds: ≤ 16, keys ≤ 64, values ≤ 512. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The caller's own user id; only its digest leaves the process. */
  readonly endUser?: string;
  /** How the wire calls what a model's rules may refuse: its own name for the field. */
  readonly paramNames: ParamNames;
  /** Parameters accepted without effect, by name, for `x-ignored-params`. */
  readonly ignoredParams: readonly string[];
}

/** The wire's names of fields, for refusals that only the model's rules know: `max_tokens`, `input`, `text.format`. */
export interface ParamNames {
  readonly messages: string;
  readonly outputTokensMax: string;
  readonly stopSequences: string;
  readonly temperature: string;
  readonly topP: string;
  readonly topK: string;
  readonly tools: string;
  readonly toolChoice: string;
  readonly parallelToolCalls: string;
  readonly answerFormat: string;
  readonly reasoning: string;
  /** Thoughts of earlier answers that are sent back. */
  readonly reasoningHistory: string;
  readonly serviceTier: string;
  readonly metadata: string;
  /** The mark of a cache point as the request spells it. */
  readonly cachePoints: string;
}
