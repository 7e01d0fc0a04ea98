/**
 * The part of Bedrock's Converse API that the product speaks, as it stands on the wire (restJson1; names from
 * the service model of bedrock-runtime, 2023-09-30). Only translation and the adapter know these types.
 */

export interface ConverseBody {
  readonly messages: readonly ConverseMessage[];
  readonly system?: readonly { readonly text: string }[];
  readonly inferenceConfig: {
    readonly maxTokens: number;
    readonly temperature?: number;
    readonly topP?: number;
    readonly stopSequences?: readonly string[];
  };
  /** 1 to 16 entries; absent, never empty. */
  readonly requestMetadata?: Readonly<Record<string, string>>;
}

export interface ConverseMessage {
  readonly role: 'user' | 'assistant';
  readonly content: readonly { readonly text: string }[];
}

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
}

/** A content block; kinds this product does not translate yet arrive with none of these keys. */
export interface ConverseContent {
  readonly text?: string;
}

/** One event of ConverseStream, its kind beside its payload (the frame's `:event-type` and JSON body). */
export interface ConverseStreamEvent {
  /** `messageStart`, `contentBlockStart`, `contentBlockDelta`, `contentBlockStop`, `messageStop`, `metadata`, or unknown. */
  readonly kind: string;
  readonly payload: ConverseStreamPayload;
}

export interface ConverseStreamPayload {
  readonly contentBlockIndex?: number;
  readonly delta?: { readonly text?: string };
  readonly stopReason?: string;
  readonly usage?: ConverseUsage;
}

/** One call of Converse or ConverseStream; the signal ends it. */
export interface ConverseCall {
  readonly modelId: string;
  readonly body: ConverseBody;
  readonly signal: AbortSignal;
}
