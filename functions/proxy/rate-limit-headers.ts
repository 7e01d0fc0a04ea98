import { type CounterCharge, type CounterKind, periodEndMs } from '../../shared/domain/counter.ts';

/** What OpenAI's headers are named after, and the limits that each tells of. */
const SUBJECTS: readonly { readonly name: string; readonly kinds: readonly CounterKind[] }[] = [
  { name: 'requests', kinds: ['requests-day', 'requests-minute'] },
  { name: 'tokens', kinds: ['tokens-day', 'tokens-minute'] },
];

/**
 * OpenAI's `x-ratelimit-*` for requests and for tokens, each of the limit a minute or a day with the least left, be it
 * the tenant's, the service account's or the model's; none where none of them has such a limit, limits in shadow being
 * none. `committed` holds the counters in the order of the charges, this request's reservation included.
 *
 * Three things are not told. What smoothing leaves of ten seconds: a client that paces itself by these headers would
 * take the sixth for its limit and idle for most of the minute; a refusal says when the ten seconds end. Money, which
 * has no such header at OpenAI. And tokens a month, which no client waits for.
 */
export function rateLimitHeaders(
  charges: readonly CounterCharge[],
  of: { readonly committed: readonly number[]; readonly nowMs: number },
): Readonly<Record<string, string>> {
  const limits = charges.flatMap(({ kind, limit }, index) => {
    const committed = of.committed[index];
    if (limit === undefined || committed === undefined) return [];
    return [{ kind, limit, remaining: Math.max(0, limit - committed) }];
  });
  const headers: Record<string, string> = {};
  for (const { name, kinds } of SUBJECTS) {
    // Of equals the first stays first: its period is the longer one.
    const [tightest] = limits
      .filter(({ kind }) => kinds.includes(kind))
      .toSorted((one, other) => one.remaining - other.remaining);
    if (tightest === undefined) continue;
    headers[`x-ratelimit-limit-${name}`] = String(tightest.limit);
    headers[`x-ratelimit-remaining-${name}`] = String(tightest.remaining);
    headers[`x-ratelimit-reset-${name}`] = goDuration(periodEndMs(tightest.kind, of.nowMs) - of.nowMs);
  }
  return headers;
}

/** Milliseconds as Go prints a duration, as OpenAI does: `12ms`, `1s`, `1.5s`, `6m0s`, `3h42m29.5s`. */
export function goDuration(durationMs: number): string {
  if (durationMs < 1000) return `${durationMs}ms`;
  const hours = Math.floor(durationMs / 3_600_000);
  const minutes = Math.floor(durationMs / 60_000) % 60;
  const seconds = `${(durationMs % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes === 0 ? seconds : `${minutes}m${seconds}`;
}
