/** The ledger's records of a range: from the tables of a stage, or from a file that was written of them. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { decodeTime } from 'ulid';
import { z } from 'zod';
import { createLeanDynamo } from '../../shared/aws/lean-dynamo.ts';
import { createSignedHttp } from '../../shared/aws/signed-http.ts';
import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';
import { createUsageStore } from '../../shared/aws/usage-store.ts';
import { accountOfKey, parseKeyId, parseRequestId } from '../../shared/domain/ids.ts';
import { SERVICE_TIERS } from '../../shared/domain/price.ts';
import { ENDPOINTS, OUTCOMES, type TimeRange, type UsageRecord } from '../../shared/domain/usage.ts';
import { everyTenant } from '../../shared/every-tenant.ts';
import { inputFiles, jsonOf, linesOf, type Unreadable } from './input-files.ts';

export interface LedgerRecords {
  readonly records: readonly UsageRecord[];
  readonly unreadable: readonly Unreadable[];
}

/** Nobody waits for an answer here, and a page is as large as it may be. */
const PATIENT = { attemptsMax: 5, attemptTimeoutMs: 10_000, budgetMs: 30_000 };

/** Every tenant's records, archived ones included. Without an endpoint the region's own tables. */
export async function readLedgerTables(
  of: { readonly stage: string; readonly region: string; readonly endpoint: string | undefined },
  range: TimeRange,
): Promise<LedgerRecords> {
  const { region, endpoint = `https://dynamodb.${region}.amazonaws.com` } = of;
  const client = new DynamoDBClient({ region, endpoint });
  const http = createSignedHttp({
    ...{ region, service: 'dynamodb', endpoint, clock: Date.now },
    credentials: async () => {
      const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
      return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
    },
  });
  const prefix = `bedrock-proxy-${of.stage}`;
  const dynamo = createLeanDynamo({ http, clock: Date.now, ...PATIENT });
  const tables = { config: `${prefix}-config`, audit: `${prefix}-audit`, auditHead: `${prefix}-audit-head` };
  const tenancy = createTenancyStore({ dynamo, tables, clock: Date.now });
  const usage = createUsageStore({ dynamo, table: `${prefix}-usage` });
  const records: UsageRecord[] = [];
  try {
    for await (const tenant of everyTenant(tenancy))
      for await (const page of usage.read(tenant, range)) records.push(...page);
  } finally {
    http.close();
    client.destroy();
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

/** A file of JSON lines, one a record, for a look without AWS: what docs/costs.md shows. */
export async function readLedgerFile(location: string, range: TimeRange): Promise<LedgerRecords> {
  const records: UsageRecord[] = [];
  const unreadable: Unreadable[] = [];
  for (const file of await inputFiles(location, /\.jsonl(\.gz)?$/)) {
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
