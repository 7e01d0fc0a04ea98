/** What a request used, and the record that is kept of it. */
import type { AccountRef, KeyRef, RequestId, TenantRef } from './ids.ts';
import type { NanoUsd } from './money.ts';
import type { ServiceTier } from './price.ts';

/** Tokens as Bedrock counts them, or text units where a text is moderated: `input` excludes what was read from or written to the prompt cache. */
export interface TokenUsage {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  /** All that was written to the prompt cache, for however long. */
  readonly cacheWrite: number;
  /** Those of `cacheWrite` that are kept for an hour, which costs more; absent where there are none. */
  readonly cacheWrite1h?: number;
  /** Images made by a model that is billed by the image; absent where there are none. */
  readonly images?: number;
}

export const NO_USAGE: TokenUsage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

/** Every token once: what limits on tokens count. */
export const totalTokens = (usage: TokenUsage): number =>
  usage.input + usage.output + usage.cacheRead + usage.cacheWrite;

/**
 * Tokens as Bedrock's quotas a minute count them: what was read from the prompt cache is free of them, and a token of
 * output counts by the model's factor (Bedrock user guide, "How tokens are counted in Amazon Bedrock").
 */
export const quotaTokens = (usage: TokenUsage, outputFactor: number): number =>
  usage.input + usage.cacheWrite + usage.output * outputFactor;

/**
 * How a request ended. `orphaned`: its process died and the reservation was charged in full.
 */
export const OUTCOMES = ['completed', 'failed', 'abandoned', 'orphaned'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What a request asked for, by its endpoint in OpenAI's API. */
export const ENDPOINTS = ['chat.completions', 'embeddings', 'images', 'moderations'] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

/** One record a request, written at settlement and never changed. */
export interface UsageRecord {
  readonly request: RequestId;
  readonly tenant: TenantRef;
  readonly account: AccountRef;
  readonly key: KeyRef;
  /** The catalogue's id of the model that answered. */
  readonly model: string;
  readonly endpoint: Endpoint;
  /** The tier that the request was served and billed in. */
  readonly serviceTier: ServiceTier;
  readonly outcome: Outcome;
  readonly usage: TokenUsage;
  readonly nanoUsd: NanoUsd;
  /** True where Bedrock's own count never arrived and the charge is a bound instead of a measurement. */
  readonly estimated: boolean;
  /** When the request was admitted, ms since the epoch; the record belongs to this instant's periods. */
  readonly startedAtMs: number;
  readonly settledAtMs: number;
}

/** Milliseconds since the epoch; `fromMs` inclusive, `toMs` exclusive. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}
