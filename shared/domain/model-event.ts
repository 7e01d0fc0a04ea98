/**
 * The vocabulary in the middle: every answer of a model, streamed or whole, from whichever Bedrock API, becomes
 * these events, and every answer of ours is written from them. Events travel in batches, one batch for each
 * read from the network, so that what arrived together is sent together.
 */
import type { TokenUsage } from './usage.ts';

/** Why a model stopped, in the product's own terms; `malformed` is an answer the model could not form. */
export type StopReason = 'end' | 'length' | 'tool-calls' | 'content-filter' | 'malformed';

export type ModelEvent =
  | { readonly type: 'message-start' }
  | { readonly type: 'text-delta'; readonly text: string }
  | { readonly type: 'message-stop'; readonly reason: StopReason }
  | { readonly type: 'usage'; readonly usage: TokenUsage };
