/**
 * The limits of a tenant and of its service accounts. They come with the principal and are parameters of the
 * conditional update that admits a request, so that a change acts on the next request; the counters that enforce
 * them are counter.ts.
 */
import type { NanoUsd } from './money.ts';

/** Limits that a tenant and a service account may both have; an absent limit does not limit. */
export interface AccountLimits {
  /** Requests admitted a UTC minute, however they end. */
  readonly requestsPerMinute?: number;
  /** Requests admitted a UTC day, however they end. */
  readonly requestsPerDay?: number;
  /** Tokens, input and output together, a UTC minute. */
  readonly tokensPerMinute?: number;
  /** Spend a UTC calendar month. */
  readonly nanoUsdPerMonth?: NanoUsd;
}

/** The limits in force for a tenant. */
export interface TenantLimits extends AccountLimits {
  /** Rises with every change of configuration; an admission under an older version is refused as stale. */
  readonly version: number;
  /** Requests at once, 1 to 400. */
  readonly inflightMax: number;
  /** Output tokens reserved and sent where a request names none. */
  readonly outputTokensDefault: number;
}

export const INFLIGHT_DEFAULT = 100;
export const INFLIGHT_MAX = 400;
export const OUTPUT_TOKENS_DEFAULT = 4096;

/** Tokens and money set aside before a model call, or used by it. */
export interface Amounts {
  readonly tokens: number;
  readonly nanoUsd: NanoUsd;
}

/** The limits of a tenant that has set none. */
export const DEFAULT_LIMITS: TenantLimits = {
  version: 1,
  inflightMax: INFLIGHT_DEFAULT,
  outputTokensDefault: OUTPUT_TOKENS_DEFAULT,
};

/** `yyyymmddhhmm` of a UTC instant. */
export const utcMinute = (timeMs: number): string => digitsOf(timeMs, 'yyyy-mm-ddThh:mm'.length);

/** `yyyymm` of a UTC instant. */
export const utcMonth = (timeMs: number): string => digitsOf(timeMs, 'yyyy-mm'.length);

/** The digits of so much of an instant as ISO 8601 writes it. */
const digitsOf = (timeMs: number, isoLength: number): string =>
  new Date(timeMs).toISOString().slice(0, isoLength).replace(/[-T:]/g, '');
