/** A ledger in DynamoDB, the sweep that sums its hours, and the reports of it: with the sums and without. */

import { type RollupSweep, sweepRollups } from '../../functions/key-rotation/sweep-rollups.ts';
import { createHandler } from '../../functions/metrics/create-handler.ts';
import { createMemoryAudit } from '../../local/memory/audit.ts';
import { createMemoryTenancy } from '../../local/memory/tenancy.ts';
import type { Item } from '../../shared/aws/attribute.ts';
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { createUsageRollups } from '../../shared/aws/usage-rollups.ts';
import { createUsageStore, putUsageRecord } from '../../shared/aws/usage-store.ts';
import type { PageBounds } from '../../shared/domain/bucket-report.ts';
import { insert } from '../../shared/domain/change.ts';
import type { Tenant } from '../../shared/domain/tenancy.ts';
import type { UsageRecord } from '../../shared/domain/usage.ts';
import type { UsageRollups } from '../../shared/ports.ts';
import { adminPrincipal, gatewayEvent, lambdaContext, recordingLog, testSecrets } from './gateway-event.ts';
import { createMemoryDynamo, dynamoError, type MemoryDynamo } from './memory-dynamo.ts';
import { seededRandom } from './random.ts';

export const USAGE_TABLE = 'usage';
const ITEMS_A_PAGE = 3;

/** What befalls one call of a sweep: its process dies before or after it, or other things happen first. */
export type Incident = 'dies-before' | 'dies-after' | (() => Promise<unknown>);

/** A bucket as the wire has it. */
export type WireBucket = Readonly<Record<string, unknown>>;

export interface RollupWorld {
  readonly dynamo: MemoryDynamo;
  /** The clock of every process. */
  readonly now: { ms: number };
  /** As settlement writes a record. Rejects where an incident says so. */
  put(record: UsageRecord, incidents?: ReadonlyMap<number, Incident>): Promise<void>;
  /** One sweep of the tenant, with incidents at some of its calls; undefined where it died. */
  sweep(incidents?: ReadonlyMap<number, Incident>): Promise<RollupSweep | undefined>;
  /** All buckets of a report over all its pages, with the sums or from the records alone. */
  report(of: {
    readonly path: string;
    readonly query: Record<string, string[]>;
    readonly from: 'rollups' | 'records';
    readonly bounds?: PageBounds;
    readonly incidents?: ReadonlyMap<number, Incident>;
  }): Promise<readonly WireBucket[]>;
  /** As when the retention of records from before an instant is over. */
  dropRecords(beforeMs: number): void;
}

const NO_ROLLUPS: UsageRollups = {
  readProgress: async () => ({ rolledToMs: 0, reopened: 0 }),
  async *read() {},
  seal: () => Promise.reject(new Error('Nothing is rolled up here.')),
  advance: () => Promise.reject(new Error('Nothing is rolled up here.')),
};

/** Of one tenant. */
export async function rollupWorld(tenant: Tenant, startMs: number): Promise<RollupWorld> {
  const dynamo = createMemoryDynamo();
  const dropped = { beforeMs: 0 };
  const paged = inPages(
    dynamo,
    (item) => Number(item['startedAtMs']?.N ?? dropped.beforeMs) >= dropped.beforeMs,
  );
  const now = { ms: startMs };
  const clock = () => now.ms;
  const { tenancy, chains } = createMemoryTenancy();
  await tenancy.commit({ writes: [insert({ type: 'tenant', value: tenant })], audit: [] });
  const ask = ({
    calls,
    rollups,
    pageBounds,
  }: {
    readonly calls: Dynamo;
    readonly rollups: UsageRollups;
    readonly pageBounds: PageBounds | undefined;
  }) => {
    return createHandler({
      tenancy,
      usage: createUsageStore({ dynamo: calls, table: USAGE_TABLE }),
      rollups,
      audit: createMemoryAudit(chains),
      secrets: testSecrets,
      clock,
      random: seededRandom('rollups'),
      log: recordingLog(),
      ...(pageBounds !== undefined && { pageBounds }),
    });
  };
  return {
    dynamo,
    now,
    dropRecords: (beforeMs) => {
      dropped.beforeMs = beforeMs;
    },
    put: (record, incidents = new Map()) =>
      putUsageRecord({ dynamo: befallen(dynamo, incidents), table: USAGE_TABLE, clock }, record),
    async sweep(incidents = new Map()) {
      const table = { dynamo: befallen(paged, incidents), table: USAGE_TABLE };
      const ports = { usage: createUsageStore(table), rollups: createUsageRollups(table), clock };
      try {
        return await sweepRollups(ports, { tenant: tenant.ref, stopAtMs: now.ms + 60_000 });
      } catch {
        return undefined;
      }
    },
    async report({ path, query, from, bounds, incidents = new Map() }) {
      const calls = befallen(paged, incidents);
      const rollups =
        from === 'rollups' ? createUsageRollups({ dynamo: calls, table: USAGE_TABLE }) : NO_ROLLUPS;
      const handler = ask({ calls, rollups, pageBounds: bounds });
      const buckets: WireBucket[] = [];
      let page: string | null = null;
      do {
        const event = gatewayEvent({
          method: 'GET',
          resource: `/v1/organization/${path}`,
          query: { ...query, ...(page !== null && { page: [page] }) },
          principal: adminPrincipal({ expiresAtMs: now.ms + 3_600_000 }),
          nowMs: now.ms,
        });
        const { statusCode, body } = Object(await handler(event, lambdaContext()));
        if (statusCode !== 200) throw new Error(body);
        const answer = JSON.parse(body);
        buckets.push(...answer.data);
        page = answer.next_page;
      } while (page !== null);
      return buckets;
    },
  };
}

/** DynamoDB answers queries by the megabyte; here by three items. */
function inPages(dynamo: Dynamo, isKept: (item: Item) => boolean): Dynamo {
  return {
    ...dynamo,
    query: async (input) => {
      const output = await dynamo.query(input);
      const items = (output.Items ?? []).filter(isKept);
      const { PK, SK } = items[ITEMS_A_PAGE - 1] ?? {};
      if (items.length <= ITEMS_A_PAGE || PK === undefined || SK === undefined) {
        return { ...output, Items: items };
      }
      return { ...output, Items: items.slice(0, ITEMS_A_PAGE), LastEvaluatedKey: { PK, SK } };
    },
  };
}

/** Counts calls from 0; where there is an incident it happens. */
function befallen(dynamo: Dynamo, incidents: ReadonlyMap<number, Incident>): Dynamo {
  let calls = 0;
  const at = async <Output>(call: () => Promise<Output>): Promise<Output> => {
    const incident = incidents.get(calls);
    calls += 1;
    if (incident === 'dies-before') throw dynamoError('NetworkError', 'Dead.');
    if (typeof incident === 'function') await incident();
    const output = await call();
    if (incident === 'dies-after') throw dynamoError('NetworkError', 'Dead.');
    return output;
  };
  return {
    ...dynamo,
    getItem: (input) => at(() => dynamo.getItem(input)),
    putItem: (input) => at(() => dynamo.putItem(input)),
    query: (input) => at(() => dynamo.query(input)),
  };
}
