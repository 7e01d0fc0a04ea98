/** The metrics function over a ledger in memory that tests write themselves. */
import { ulid } from 'ulid';
import { createHandler } from '../../functions/metrics/create-handler.ts';
import { createMemoryAudit } from '../../local/memory/audit.ts';
import { createMemoryTenancy } from '../../local/memory/tenancy.ts';
import { createMemoryUsageStore } from '../../local/memory/usage-store.ts';
import type { PageBounds } from '../../shared/domain/bucket-report.ts';
import { insert } from '../../shared/domain/change.ts';
import { accountOfKey, parseRequestId } from '../../shared/domain/ids.ts';
import type { Principal } from '../../shared/domain/principal.ts';
import type { ApiKey, Tenant } from '../../shared/domain/tenancy.ts';
import { NO_USAGE, type UsageRecord } from '../../shared/domain/usage.ts';
import type { UsageStore } from '../../shared/ports.ts';
import type { Answer } from './administration-fixture.ts';
import {
  adminPrincipal,
  gatewayEvent,
  lambdaContext,
  NOON_MS,
  recordingLog,
  testSecrets,
} from './gateway-event.ts';
import { seededRandom } from './random.ts';

export interface LedgerFixture {
  put(record: UsageRecord): void;
  /** `GET /v1/organization/<report>`, by an administrator unless told otherwise. */
  report(path: string, query: Record<string, string[]>, principal?: Principal): Promise<Answer>;
  /** How many records were read of the ledger so far. */
  readonly recordsRead: () => number;
}

/** A record of a chat on `key`, made of what is given; admitted `admissionLagMs` after it was received, none by default. */
export function recordOf(
  key: ApiKey,
  of: { readonly atMs: number; readonly admissionLagMs?: number } & Partial<
    Pick<UsageRecord, 'model' | 'endpoint' | 'serviceTier' | 'outcome' | 'usage' | 'nanoUsd'>
  >,
): UsageRecord {
  const request = parseRequestId(ulid(of.atMs - (of.admissionLagMs ?? 0)));
  if (request === undefined) throw new Error('No request id.');
  const { atMs, admissionLagMs: _lag, ...rest } = of;
  return {
    request,
    tenant: key.tenant,
    account: accountOfKey(key.ref),
    key: key.ref,
    model: 'amazon.nova-lite-v1:0',
    endpoint: 'chat.completions',
    serviceTier: 'standard',
    outcome: 'completed',
    usage: NO_USAGE,
    nanoUsd: 0,
    estimated: false,
    startedAtMs: atMs,
    settledAtMs: atMs,
    ...rest,
  };
}

/** `bounds`: what a page may hold; absent: what the product's does. */
export async function ledgerFixture(tenants: readonly Tenant[], bounds?: PageBounds): Promise<LedgerFixture> {
  const { tenancy, chains } = createMemoryTenancy();
  for (const tenant of tenants) {
    await tenancy.commit({ writes: [insert({ type: 'tenant', value: tenant })], audit: [] });
  }
  const ledger = createMemoryUsageStore();
  const read = { records: 0 };
  const usage: UsageStore = {
    async *read(tenant, range) {
      for await (const records of ledger.read(tenant, range)) {
        read.records += records.length;
        yield records;
      }
    },
  };
  const handler = createHandler({
    tenancy,
    usage,
    rollups: ledger.rollups,
    audit: createMemoryAudit(chains),
    secrets: testSecrets,
    clock: () => NOON_MS,
    random: seededRandom('ledger'),
    log: recordingLog(),
    ...(bounds !== undefined && { pageBounds: bounds }),
  });
  return {
    put: ledger.put,
    recordsRead: () => read.records,
    report: async (path, query, principal = adminPrincipal()) => {
      const event = gatewayEvent({ method: 'GET', resource: `/v1/organization/${path}`, query, principal });
      const { statusCode, headers, body } = Object(await handler(event, lambdaContext()));
      return { status: statusCode, headers, body: JSON.parse(body) };
    },
  };
}
