import type { Change, Write } from './domain/change.ts';
import { GatewayError } from './domain/gateway-error.ts';
import type { TenancyStore } from './ports.ts';

/** A change that was decided from what is stored now, and what its caller gets once it has committed. */
export interface Decision<Result> {
  /** Without writes where nothing is to be changed: then nothing is asked of the store. */
  readonly change: Change;
  readonly result: Result;
  /** The error that a refused write means; undefined where something was merely changed meanwhile. */
  readonly refusal?: (write: Write) => GatewayError | undefined | Promise<GatewayError | undefined>;
}

/** Each try reads again; the store itself waits out contention for the audit log. */
const TRIES_MAX = 24;

/**
 * Decides and commits; decides again where what it read has changed since. Rejects with what `decide` throws, with
 * the refusal of a write, or with `service_unavailable` where others were always faster: then nothing was changed.
 */
export async function decideAndCommit<Result>(
  tenancy: Pick<TenancyStore, 'commit'>,
  decide: () => Promise<Decision<Result>>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    const { change, result, refusal } = await decide();
    if (change.writes.length === 0) return result;
    const outcome = await tenancy.commit(change);
    if (outcome === 'committed') return result;
    const write = change.writes[outcome.refused];
    const error = write === undefined ? undefined : await refusal?.(write);
    if (error !== undefined) throw error;
    if (tries === TRIES_MAX) {
      throw new GatewayError(
        'service_unavailable',
        'What this request changes is being changed by others. Nothing was changed; retry it.',
        { retryAfterMs: 1_000 },
      );
    }
  }
}
