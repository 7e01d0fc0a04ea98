/** What an answer is made from; every operation that generates reads its body into this. */
import type { CacheUse } from './prompt-cache.ts';

/** A tool that may be called. */
export interface Tool {
  readonly name: string;
  /** JSON schema of its arguments, unchecked. */
  readonly schema: unknown;
}

/** Which tools must be called: none, some if the prompt asks, at least one, or the one of this name. */
export type ToolChoice = 'none' | 'auto' | 'any' | { readonly name: string };

/** How the ids of tool calls begin, by API and family; `nine` are Mistral's nine letters and digits. */
export type CallIdStyle = 'tooluse_' | 'toolu_bdrk_' | 'call_' | 'nine';

/** A guardrail that reads along. */
export interface Guard {
  readonly identifier: string;
  readonly version: string;
  readonly traces: 'enabled' | 'disabled' | 'enabled_full';
}

export interface Prompt {
  /** The text of the last user message, directive included. */
  readonly lastUserText: string;
  /** Tokens of everything that was not read from the cache or written to it. */
  readonly inputTokens: number;
  readonly maxTokens: number;
  readonly stopSequences: readonly string[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  readonly callIds: CallIdStyle;
  /** What tools said in the last user message. */
  readonly toolResults: readonly string[];
  /** How many turns there are: calls in different turns get different ids. */
  readonly turns: number;
  readonly thinks: boolean;
  /** JSON schema that the text must meet. */
  readonly textSchema?: unknown;
  readonly guard?: Guard;
  readonly cache?: CacheUse;
}
