/**
 * The vocabulary in the middle: every answer of a model, streamed or whole, from whichever Bedrock API, becomes
 * these events, and every answer of ours is written from them. Events travel in batches, one batch for each
 * read from the network, so that what arrived together is sent together.
 */
import type { ServiceTier } from './price.ts';
import type { TokenUsage } from './usage.ts';

/** Why a model stopped, in the product's own terms; `malformed` is an answer the model could not form. */
export type StopReason = 'end' | 'stop-sequence' | 'length' | 'tool-calls' | 'content-filter' | 'malformed';

/**
 * Blocks come one after the other and are told apart by their events. A tool call begins with its start, has its
 * arguments as pieces of JSON text, none of them empty, and ends with its stop; `call` counts them from 0 without a gap.
 * Thoughts end with their signature, where the model signs them.
 */
export type ModelEvent =
  | { readonly type: 'message-start' }
  | { readonly type: 'text-delta'; readonly text: string }
  | { readonly type: 'reasoning-delta'; readonly text: string }
  | { readonly type: 'reasoning-signature'; readonly signature: string }
  | { readonly type: 'redacted-reasoning'; readonly base64: string }
  | { readonly type: 'tool-call-start'; readonly call: number; readonly id: string; readonly name: string }
  | { readonly type: 'tool-call-delta'; readonly call: number; readonly json: string }
  | { readonly type: 'tool-call-stop'; readonly call: number }
  | { readonly type: 'message-stop'; readonly reason: StopReason; readonly stopSequence?: string }
  | { readonly type: 'service-tier'; readonly serviceTier: ServiceTier }
  | { readonly type: 'usage'; readonly usage: TokenUsage };
