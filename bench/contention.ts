/** Whether one tenant's load is another's trouble: a quiet tenant's calls to the store, alone and beside a busy one. */
import type { Call } from './calls.ts';
import { exchange } from './exchange.ts';
import type { StoreCall } from './metered-store.ts';
import { CONNECTIONS } from './saturation.ts';
import { quantile } from './statistics.ts';

export interface Contention {
  readonly alone: QuietTenant;
  readonly besideBusy: QuietTenant;
  /** Requests of the busy tenant meanwhile, and what the store refused of its writes. */
  readonly busy: { readonly requests: number; readonly conflicts: number };
}

export interface QuietTenant {
  readonly requests: number;
  /** Store calls a request; four is what a request needs. */
  readonly callsPerRequest: number;
  /** Calls beyond those. */
  readonly retries: number;
  /** Writes that the store refused: a condition that failed, a transaction that met another. */
  readonly conflicts: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const QUIET_REQUESTS = 100;
const CALLS_A_REQUEST = 4;

export async function contention(of: {
  readonly quiet: { readonly call: Call; readonly partition: string };
  readonly busy: { readonly call: Call; readonly partition: string };
  readonly calls: readonly StoreCall[];
}): Promise<Contention> {
  await exchange(of.quiet.call);
  const alone = await quietly(of);
  const before = of.calls.length;
  const busy = startLoad(of.busy.call);
  const besideBusy = await quietly(of);
  const requests = await busy.stop();
  const theirs = of.calls.slice(before).filter(({ partition }) => partition === of.busy.partition);
  return { alone, besideBusy, busy: { requests, conflicts: conflictsIn(theirs) } };
}

async function quietly(of: Parameters<typeof contention>[0]): Promise<QuietTenant> {
  const before = of.calls.length;
  const tookMs: number[] = [];
  for (let request = 0; request < QUIET_REQUESTS; request += 1) {
    tookMs.push((await exchange(of.quiet.call)).totalMs);
  }
  const calls = of.calls.slice(before).filter(({ partition }) => partition === of.quiet.partition);
  return {
    requests: QUIET_REQUESTS,
    callsPerRequest: calls.length / QUIET_REQUESTS,
    retries: Math.max(0, calls.length - QUIET_REQUESTS * CALLS_A_REQUEST),
    conflicts: conflictsIn(calls),
    p50Ms: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
  };
}

const conflictsIn = (calls: readonly StoreCall[]): number =>
  calls.filter(({ refusal }) => refusal !== undefined).length;

/** Keeps `CONNECTIONS` requests under way; `stop` resolves with how many there were. */
function startLoad(call: Call): { stop(): Promise<number> } {
  const ending = new AbortController();
  let requests = 0;
  const worker = async () => {
    while (!ending.signal.aborted) {
      await exchange(call);
      requests += 1;
    }
  };
  const workers = Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return {
    stop: async () => {
      ending.abort();
      await workers;
      return requests;
    },
  };
}
