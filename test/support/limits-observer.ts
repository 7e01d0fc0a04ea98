/**
 * Looks at a tenant's limits item as fast as it can, around whatever the functions have to go through, and keeps what it
 * saw: consistent reads, each a moment of the item's life. What they add up to is judged by limits-observer-sums.ts.
 */
import { setImmediate } from 'node:timers/promises';
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { DEBT, INFLIGHT, limitsKey, numberAt } from '../../shared/aws/limits-item.ts';
import { createUsageStore } from '../../shared/aws/usage-store.ts';
import { type CounterIdentity, counterName, parseCounterName } from '../../shared/domain/counter.ts';
import { parseRequestId, type RequestId, type TenantRef } from '../../shared/domain/ids.ts';
import type { UsageRecord } from '../../shared/domain/usage.ts';
import { type Judgement, judge } from './limits-observer-sums.ts';

/** The item at one moment between two instants. */
export interface Snapshot {
  readonly endMs: number;
  readonly counters: readonly { readonly counter: CounterIdentity; readonly committed: number }[];
  readonly inflight: number;
  /** Nano-USD. */
  readonly debt: number;
  /** The texts of the entries. */
  readonly entries: ReadonlyMap<RequestId, string>;
  /** Requests whose records were read before this moment. */
  readonly recorded: ReadonlySet<RequestId>;
}

export interface ObserverOptions {
  readonly dynamo: Dynamo;
  readonly tables: { readonly limits: string; readonly usage: string };
  readonly tenant: TenantRef;
  /** The most that a counter may hold; undefined where nothing limits it. */
  readonly limitOf: (counter: CounterIdentity) => number | undefined;
}

export interface Observation extends Judgement {
  readonly snapshots: number;
  /** The highest that a limited counter was seen at, by its name. */
  readonly highest: ReadonlyMap<string, number>;
  /** What exceeded its limit: a line each. */
  readonly exceeded: readonly string[];
}

export interface Observer {
  /** Ends the watch; with the ledger as it is in the end, what was seen is added up. */
  stop(): Promise<{ observation(): Promise<Observation> }>;
}

/** How many looks at the item for one at the ledger, which is read whole. */
const LOOKS_A_LEDGER = 8;

/** Begins to watch. */
export function observeLimits(options: ObserverOptions): Observer {
  const snapshots: Snapshot[] = [];
  let stopped = false;
  const watch = async (): Promise<void> => {
    let recorded: ReadonlySet<RequestId> = new Set();
    for (let looks = 1; !stopped; looks += 1) {
      if (looks % LOOKS_A_LEDGER === 0) {
        recorded = new Set((await readRecords(options)).map(({ request }) => request));
      }
      snapshots.push(await takeSnapshot(options, recorded));
      await setImmediate();
    }
  };
  const watched = watch();
  return {
    async stop() {
      stopped = true;
      await watched;
      return {
        observation: async () => {
          const judgement = judge(snapshots, await readRecords(options));
          return { ...judgement, ...heights(snapshots, options.limitOf), snapshots: snapshots.length };
        },
      };
    },
  };
}

/** Every record of the tenant. */
export async function readRecords(
  of: Pick<ObserverOptions, 'dynamo' | 'tables' | 'tenant'>,
): Promise<readonly UsageRecord[]> {
  const usage = createUsageStore({ dynamo: of.dynamo, table: of.tables.usage });
  const records: UsageRecord[] = [];
  for await (const page of usage.read(of.tenant, { fromMs: 0, toMs: 2 ** 43 })) records.push(...page);
  return records;
}

/** The item as it is now. */
export async function takeSnapshot(
  of: Pick<ObserverOptions, 'dynamo' | 'tables' | 'tenant'>,
  recorded: ReadonlySet<RequestId> = new Set(),
): Promise<Snapshot> {
  const { Item: item = {} } = await of.dynamo.getItem({
    TableName: of.tables.limits,
    Key: limitsKey(of.tenant),
    ConsistentRead: true,
  });
  const endMs = Date.now();
  const counters = Object.keys(item).flatMap((name) => {
    const counter = parseCounterName(name);
    return counter === undefined ? [] : [{ counter, committed: numberAt(item, name) }];
  });
  const entries = new Map<RequestId, string>();
  for (const [name, value] of Object.entries(item)) {
    const request = name.startsWith('r#') ? parseRequestId(name.slice(2)) : undefined;
    if (request !== undefined && value.S !== undefined) entries.set(request, value.S);
  }
  return {
    endMs,
    counters,
    entries,
    recorded,
    inflight: numberAt(item, INFLIGHT),
    debt: numberAt(item, DEBT),
  };
}

function heights(
  snapshots: readonly Snapshot[],
  limitOf: ObserverOptions['limitOf'],
): Pick<Observation, 'highest' | 'exceeded'> {
  const highest = new Map<string, number>();
  const exceeded: string[] = [];
  for (const { counters } of snapshots) {
    for (const { counter, committed } of counters) {
      const limit = limitOf(counter);
      if (limit === undefined) continue;
      const name = counterName(counter);
      highest.set(name, Math.max(committed, highest.get(name) ?? 0));
      if (committed > limit) exceeded.push(`${name}: ${committed} of ${limit}`);
    }
  }
  return { highest, exceeded };
}
