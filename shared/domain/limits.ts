/**
 * The limits of a tenant and the counters that enforce them.
 *
 * Counters live as top-level attributes of one item a tenant, their period inside the attribute's name, and
 * hold *committed = settled + reserved*. The limits themselves come with the principal and are parameters of
 * the conditional update, so that a change acts on the next request.
 */
import type { NanoUsd } from './money.ts';

/** The limits in force for a tenant; an absent limit does not limit. */
export interface TenantLimits {
  /** Rises with every change of configuration; an admission under an older version is refused as stale. */
  readonly version: number;
  /** Requests at once, 1 to 400. */
  readonly inflightMax: number;
  /** Tokens, input and output together, a UTC minute. */
  readonly tokensPerMinute?: number;
  /** Spend a UTC calendar month. */
  readonly nanoUsdPerMonth?: NanoUsd;
  /** Output tokens reserved and sent where a request names none. */
  readonly outputTokensDefault: number;
}

export const INFLIGHT_DEFAULT = 100;
export const INFLIGHT_MAX = 400;
export const OUTPUT_TOKENS_DEFAULT = 4096;

/** The counters of the first form; a later kind adds a member here and a case in `countersFor`. */
export const COUNTER_KINDS = ['tokens-minute', 'money-month'] as const;
export type CounterKind = (typeof COUNTER_KINDS)[number];

/** What one request adds to one counter. */
export interface CounterCharge {
  readonly kind: CounterKind;
  /** UTC, `yyyymmddhhmm` for a minute, `yyyymm` for a month. */
  readonly period: string;
  /** Tokens or nano-USD, a non-negative safe integer. */
  readonly amount: number;
  /** The most the counter may hold; absent where the tenant sets no such limit (the counter still counts). */
  readonly limit?: number;
}

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

/** The counters that a request beginning at `nowMs` charges with `amounts`. */
export function countersFor(limits: TenantLimits, nowMs: number, amounts: Amounts): readonly CounterCharge[] {
  return [
    {
      kind: 'tokens-minute',
      period: utcMinute(nowMs),
      amount: amounts.tokens,
      ...(limits.tokensPerMinute !== undefined && { limit: limits.tokensPerMinute }),
    },
    {
      kind: 'money-month',
      period: utcMonth(nowMs),
      amount: amounts.nanoUsd,
      ...(limits.nanoUsdPerMonth !== undefined && { limit: limits.nanoUsdPerMonth }),
    },
  ];
}

/** `yyyymmddhhmm` of a UTC instant. */
export const utcMinute = (timeMs: number): string =>
  new Date(timeMs).toISOString().slice(0, 16).replace(/[-T:]/g, '');

/** `yyyymm` of a UTC instant. */
export const utcMonth = (timeMs: number): string =>
  new Date(timeMs).toISOString().slice(0, 7).replace('-', '');

/** The instant, in ms, at which the period that contains `nowMs` ends. */
export function periodEndMs(kind: CounterKind, nowMs: number): number {
  switch (kind) {
    case 'tokens-minute':
      return (Math.floor(nowMs / 60_000) + 1) * 60_000;
    case 'money-month': {
      const now = new Date(nowMs);
      return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
    }
  }
}
