import { type CounterCharge, periodEndMs } from '../../shared/domain/limits.ts';

/**
 * OpenAI's `x-ratelimit-*` for tokens; none where the tenant has no such limit. `committed` holds the counters
 * in the order of the charges, this request's reservation included.
 */
export function rateLimitHeaders(
  charges: readonly CounterCharge[],
  of: { readonly committed: readonly number[]; readonly nowMs: number },
): Readonly<Record<string, string>> {
  const index = charges.findIndex((charge) => charge.kind === 'tokens-minute');
  const limit = charges[index]?.limit;
  const committed = of.committed[index];
  if (limit === undefined || committed === undefined) return {};
  return {
    'x-ratelimit-limit-tokens': String(limit),
    'x-ratelimit-remaining-tokens': String(Math.max(0, limit - committed)),
    'x-ratelimit-reset-tokens': goDuration(periodEndMs('tokens-minute', of.nowMs) - of.nowMs),
  };
}

/** Milliseconds as Go prints a duration, as OpenAI does: `12ms`, `1s`, `1.5s`, `6m0s`. */
export function goDuration(durationMs: number): string {
  if (durationMs < 1000) return `${durationMs}ms`;
  const minutes = Math.floor(durationMs / 60_000);
  const seconds = (durationMs - minutes * 60_000) / 1000;
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`;
}
