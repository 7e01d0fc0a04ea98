/**
 * The part of Bedrock's Converse API that the product speaks, as it stands on the wire (restJson1; names from
 * the service model of bedrock-runtime, 2023-09-30). Only translation and the adapter know these types.
 */

export interface ConverseBody {
  readonly messages: readonly ConverseMessage[];
  readonly system?: readonly ({ readonly text: string } | ConverseCachePoint)[];
  readonly inferenceConfig: {
    readonly maxTokens?: number;
    readonly temperature?: number;
    readonly topP?: number;
    readonly stopSequences?: readonly string[];
  };
  readonly toolConfig?: ConverseToolConfig;
  readonly outputConfig?: {
    readonly textFormat?: {
      readonly type: 'json_schema';
      readonly structure: {
        readonly jsonSchema: {
          readonly schema: string;
          readonly name?: string;
          readonly description?: string;
        };
      };
    };
    readonly effort?: string;
  };
  readonly serviceTier?: { readonly type: 'default' | 'flex' | 'priority' };
  /** What only the model's own API knows: `thinking`, `top_k`, `reasoning_effort`. */
  readonly additionalModelRequestFields?: Readonly<Record<string, unknown>>;
  readonly additionalModelResponseFieldPaths?: readonly string[];
  /** 1 to 16 entries; absent, never empty. */
  readonly requestMetadata?: Readonly<Record<string, string>>;
}

export interface ConverseToolConfig {
  /** One or more. */
  readonly tools: readonly (ConverseTool | ConverseCachePoint)[];
  readonly toolChoice?:
    | { readonly auto: Readonly<Record<string, never>> }
    | { readonly any: Readonly<Record<string, never>> }
    | { readonly tool: { readonly name: string } };
}

export interface ConverseTool {
  readonly toolSpec: {
    readonly name: string;
    readonly description?: string;
    readonly inputSchema: { readonly json: Readonly<Record<string, unknown>> };
    readonly strict?: true;
  };
}

export interface ConverseCachePoint {
  readonly cachePoint: { readonly type: 'default'; readonly ttl?: '5m' | '1h' };
}

export interface ConverseMessage {
  readonly role: 'user' | 'assistant';
  readonly content: readonly ConverseBlock[];
}

/** Bytes are base64, as JSON has them on the wire. */
interface ConverseBytes {
  readonly format: string;
  readonly source: { readonly bytes: string };
}

export type ConverseBlock =
  | { readonly text: string }
  | { readonly image: ConverseBytes }
  | { readonly document: ConverseBytes & { readonly name: string } }
  | { readonly audio: ConverseBytes }
  | { readonly video: ConverseBytes }
  | {
      readonly toolUse: {
        readonly toolUseId: string;
        readonly name: string;
        readonly input: Readonly<Record<string, unknown>>;
      };
    }
  | {
      readonly toolResult: {
        readonly toolUseId: string;
        /** Absent where the model does not know the word. */
        readonly status?: 'success' | 'error';
        readonly content: readonly ConverseBlock[];
      };
    }
  | {
      readonly reasoningContent:
        | { readonly reasoningText: { readonly text: string; readonly signature: string } }
        | { readonly redactedContent: string };
    }
  | ConverseCachePoint;

export interface ConverseUsage {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cacheReadInputTokens?: number;
  readonly cacheWriteInputTokens?: number;
  /** What was written to the prompt cache, by how long it is kept: `5m` or `1h`. */
  readonly cacheDetails?: readonly { readonly ttl?: string; readonly inputTokens?: number }[];
}

/** The answer of Converse. */
export interface ConverseAnswer {
  readonly output?: { readonly message?: { readonly content?: readonly ConverseContent[] } };
  readonly stopReason?: string;
  readonly usage?: ConverseUsage;
  readonly serviceTier?: { readonly type?: string };
  readonly additionalModelResponseFields?: unknown;
}

/** A content block of an answer; kinds this product does not translate yet arrive with none of these keys. */
export interface ConverseContent {
  readonly text?: string;
  readonly toolUse?: { readonly toolUseId?: string; readonly name?: string; readonly input?: unknown };
  readonly reasoningContent?: {
    readonly reasoningText?: { readonly text?: string; readonly signature?: string };
    readonly redactedContent?: string;
  };
  readonly citationsContent?: { readonly content?: readonly { readonly text?: string }[] };
}

/** One event of ConverseStream, its kind beside its payload (the frame's `:event-type` and JSON body). */
export interface ConverseStreamEvent {
  /** `messageStart`, `contentBlockStart`, `contentBlockDelta`, `contentBlockStop`, `messageStop`, `metadata`, or unknown. */
  readonly kind: string;
  readonly payload: ConverseStreamPayload;
}

export interface ConverseStreamPayload {
  readonly contentBlockIndex?: number;
  readonly start?: { readonly toolUse?: { readonly toolUseId?: string; readonly name?: string } };
  readonly delta?: {
    readonly text?: string;
    readonly toolUse?: { readonly input?: string };
    readonly reasoningContent?: {
      readonly text?: string;
      readonly signature?: string;
      readonly redactedContent?: string;
    };
  };
  readonly stopReason?: string;
  readonly usage?: ConverseUsage;
  readonly serviceTier?: { readonly type?: string };
  readonly additionalModelResponseFields?: unknown;
}

/** One call of Converse or ConverseStream; the signal ends it. */
export interface ConverseCall {
  readonly modelId: string;
  readonly body: ConverseBody;
  readonly signal: AbortSignal;
}
