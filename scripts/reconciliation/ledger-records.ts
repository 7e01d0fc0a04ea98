/** The ledger's records of a range: from the tables of a stage, or from a file that was written of them. */
import { decodeTime } from 'ulid';
import { z } from 'zod';
import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';
import { createUsageStore } from '../../shared/aws/usage-store.ts';
import { accountOfKey, parseKeyId, parseRequestId } from '../../shared/domain/ids.ts';
import { SERVICE_TIERS } from '../../shared/domain/price.ts';
import { ENDPOINTS, OUTCOMES, type TimeRange, type UsageRecord } from '../../shared/domain/usage.ts';
import { everyTenant } from '../../shared/every-tenant.ts';
import { connectTables } from '../stage-tables/connection.ts';
import type { TablesPlace } from '../stage-tables/place.ts';
import { inputFiles, jsonOf, linesOf, type Unreadable } from './input-files.ts';

export interface LedgerRecords {
  readonly records: readonly UsageRecord[];
  readonly unreadable: readonly Unreadable[];
}

/** Every tenant's records, archived ones included. */
export async function readLedgerTables(place: TablesPlace, range: TimeRange): Promise<LedgerRecords> {
  const { dynamo, prefix, close } = await connectTables(place);
  const tables = { config: `${prefix}-config`, audit: `${prefix}-audit`, auditHead: `${prefix}-audit-head` };
  const tenancy = createTenancyStore({ dynamo, tables, clock: Date.now });
  const usage = createUsageStore({ dynamo, table: `${prefix}-usage` });
  const records: UsageRecord[] = [];
  try {
    for await (const tenant of everyTenant(tenancy))
      for await (const page of usage.read(tenant, range)) records.push(...page);
  } finally {
    close();
  }
  return { records, unreadable: [] };
}

const count = z.number().int().nonnegative();
const line = z.object({
  request: z.string(),
  /** `key_…`, which names tenant and account too. */
  api_key_id: z.string(),
  model: z.string().min(1),
  endpoint: z.enum(ENDPOINTS),
  service_tier: z.enum(SERVICE_TIERS),
  outcome: z.enum(OUTCOMES),
  input: count,
  output: count,
  cache_read: count,
  cache_write: count,
  nano_usd: count,
  estimated: z.boolean(),
});

const LEDGER_FILES = { option: '--ledger', wanted: /\.jsonl(\.gz)?$/, endings: '.jsonl or .jsonl.gz' };

/** A file of JSON lines, one a record, for a look without AWS: what docs/costs.md shows. */
export async function readLedgerFile(location: string, range: TimeRange): Promise<LedgerRecords> {
  const records: UsageRecord[] = [];
  const unreadable: Unreadable[] = [];
  for (const file of await inputFiles(location, LEDGER_FILES)) {
    for await (const { place, text } of linesOf(file)) {
      const record = recordOf(text);
      if (record === undefined) unreadable.push({ place, reason: 'is no usage record' });
      else if (record.startedAtMs >= range.fromMs && record.startedAtMs < range.toMs) records.push(record);
    }
  }
  return { records, unreadable };
}

function recordOf(text: string): UsageRecord | undefined {
  const { success, data } = line.safeParse(jsonOf(text));
  const request = parseRequestId(data?.request ?? '');
  const key = parseKeyId(data?.api_key_id ?? '');
  if (!success || request === undefined || key === undefined) return undefined;
  const { model, endpoint, outcome, estimated, input, output } = data;
  const atMs = decodeTime(request);
  return {
    ...{ request, tenant: key.tenant, account: accountOfKey(key.key), key: key.key },
    ...{ model, endpoint, outcome, estimated, serviceTier: data.service_tier, nanoUsd: data.nano_usd },
    usage: { input, output, cacheRead: data.cache_read, cacheWrite: data.cache_write },
    startedAtMs: atMs,
    settledAtMs: atMs,
  };
}
