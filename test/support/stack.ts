/** The stack of `npm start` for end-to-end tests: ephemeral, on free ports, with a project of its own and ways to look inside. */
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import OpenAI, { type ClientOptions } from 'openai';
import { type Stack, type StackOptions, startStack } from '../../local/stack.ts';
import { createAuditStore } from '../../shared/aws/audit-store.ts';
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { createUsageStore } from '../../shared/aws/usage-store.ts';
import type { AuditRecord } from '../../shared/domain/audit.ts';
import { parseProjectId, type TenantRef } from '../../shared/domain/ids.ts';
import type { UsageRecord } from '../../shared/domain/usage.ts';
import { type DescribedFetch, describedFetch } from './described-answers.ts';
import { sendersTo } from './dynamodb.ts';

/** A cheap model of the catalogue that the emulator knows. */
export const CLIENT_MODEL = 'amazon.nova-lite-v1:0';

const TOKENS_PER_MINUTE = 50_000_000;
const TABLE_PREFIX = 'bedrock-proxy-dev';
/** A read takes about a millisecond, so this is some seconds. */
const READS_MAX = 5_000;

export interface TestStack {
  readonly stack: Stack;
  readonly baseUrl: string;
  readonly adminKey: string;
  /** A key of the test's own project, whose limits are generous. */
  readonly apiKey: string;
  readonly apiKeyId: string;
  readonly projectId: string;
  readonly tenant: TenantRef;
  readonly tokensPerMinute: number;
  readonly admin: OpenAI['admin']['organization'];
  /** The official client with the test's key and no retries, unless told otherwise. */
  client(options?: ClientOptions): OpenAI;
  /** `fetch` that rejects what the description of the API does not have; the clients above use it too. */
  readonly fetch: typeof fetch;
  /** A key of a service account of its own in the test's project. */
  newKey(options?: {
    scopes?: readonly string[];
    models?: readonly string[];
  }): Promise<{ id: string; value: string }>;
  usageRecords(tenant?: TenantRef): Promise<readonly UsageRecord[]>;
  /** Waits until there are that many records and nothing is in flight. */
  settledUsageRecords(count: number): Promise<readonly UsageRecord[]>;
  inflight(): Promise<number>;
  auditRecords(): Promise<readonly AuditRecord[]>;
  /** What the functions have logged so far; it is kept out of the test's own output. */
  readonly logLines: readonly string[];
  /** Every item of every table, as DynamoDB holds it. */
  everyItem(): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

/** Starts a stack; await it in `beforeAll` and close it in `afterAll`. */
export async function startTestStack(options: StackOptions = {}): Promise<TestStack> {
  const log = captureStdout();
  const stack = await startStack({ ephemeral: true, ...options });
  const { endpoints, baseUrl, adminKey } = stack;
  if (endpoints.dynamodb === null) throw new Error('End-to-end tests need the local DynamoDB.');
  const endpoint = endpoints.dynamodb;
  const senders = sendersTo(endpoint);
  const described = describedFetch();
  const access = { baseURL: baseUrl, maxRetries: 0, fetch: described.fetch };
  const admin = new OpenAI({ adminAPIKey: adminKey, ...access }).admin.organization;
  const { projectId, tenant } = await createProject(admin);
  const newKey = keyMaker(admin, projectId);
  const first = await newKey();
  return {
    ...{ stack, baseUrl, adminKey, projectId, tenant, admin, newKey },
    ...{ apiKey: first.value, apiKeyId: first.id, tokensPerMinute: TOKENS_PER_MINUTE },
    client: (of = {}) => new OpenAI({ apiKey: first.value, ...access, ...of }),
    fetch: described.fetch,
    ...viewsOfUsage(senders.lean, tenant),
    auditRecords: () => readAudit(senders.lean, tenant),
    logLines: log.lines,
    everyItem: () => scanAll(endpoint),
    close: async () => {
      senders.close();
      await stack.close();
      log.release();
      refuseViolations(described);
    },
  };
}

/** A client may have swallowed what was thrown when it happened. */
function refuseViolations({ violations }: DescribedFetch): void {
  if (violations.length > 0) throw new Error(`Not as described:\n${violations.join('\n')}`);
}

/** A project with generous limits. */
async function createProject(admin: TestStack['admin']): Promise<{ projectId: string; tenant: TenantRef }> {
  const project = await admin.projects.create({
    name: `e2e ${process.pid} ${Date.now()}`,
    limits: { tokens_per_minute: TOKENS_PER_MINUTE, usd_per_month: 1000 },
  } as { name: string });
  const tenant = parseProjectId(project.id);
  if (tenant === undefined) throw new Error(`Not a project id: ${project.id}`);
  return { projectId: project.id, tenant };
}

const keyMaker =
  (admin: TestStack['admin'], projectId: string): TestStack['newKey'] =>
  async (order = {}) => {
    const name = `workload ${Date.now()}`;
    const { api_key } = await admin.projects.serviceAccounts.create(projectId, { name, ...order });
    if (api_key === null) throw new Error('The service account came without a key.');
    return { id: api_key.id, value: api_key.value };
  };

/** Looks at what was booked, and at what is still reserved. */
function viewsOfUsage(
  dynamo: Dynamo,
  ownTenant: TenantRef,
): Pick<TestStack, 'usageRecords' | 'settledUsageRecords' | 'inflight'> {
  const usage = createUsageStore({ dynamo, table: `${TABLE_PREFIX}-usage` });
  const usageRecords = async (tenant = ownTenant): Promise<readonly UsageRecord[]> => {
    const records: UsageRecord[] = [];
    const range = { fromMs: 0, toMs: Date.now() + 3_600_000 };
    for await (const page of usage.read(tenant, range)) records.push(...page);
    return records;
  };
  const inflight = () => readInflight(dynamo, ownTenant);
  return {
    usageRecords,
    settledUsageRecords: async (count) => {
      for (let reads = 0; reads < READS_MAX; reads += 1) {
        const records = await usageRecords();
        if (records.length >= count && (await inflight()) === 0) return records;
      }
      throw new Error(`There never were ${count} settled records.`);
    },
    inflight,
  };
}

async function readInflight(dynamo: Dynamo, tenant: TenantRef): Promise<number> {
  const { Item } = await dynamo.getItem({
    TableName: `${TABLE_PREFIX}-limits`,
    Key: { PK: { S: `TENANT#${tenant}` }, SK: { S: 'LIMITS' } },
    ConsistentRead: true,
  });
  return Number(Item?.['inflight']?.N ?? 0);
}

async function readAudit(dynamo: Dynamo, tenant: TenantRef): Promise<readonly AuditRecord[]> {
  const tables = { audit: `${TABLE_PREFIX}-audit`, auditHead: `${TABLE_PREFIX}-audit-head` };
  const audit = createAuditStore({ dynamo, tables });
  const records: AuditRecord[] = [];
  for (let hasMore = true; hasMore; ) {
    const page = await audit.readChain(tenant, { limit: 100, after: String(records.length) });
    records.push(...page.items);
    hasMore = page.hasMore;
  }
  return records;
}

/** The functions run in this process and log to its stdout, one JSON object a line. */
function captureStdout(): { readonly lines: readonly string[]; release(): void } {
  const lines: string[] = [];
  const { write } = process.stdout;
  process.stdout.write = (chunk: string | Uint8Array): boolean => {
    lines.push(String(chunk));
    return true;
  };
  return {
    lines,
    release: () => {
      process.stdout.write = write;
    },
  };
}

/** Every item by the SDK's scan: what ships has none, and needs none. */
async function scanAll(endpoint: string): Promise<readonly unknown[]> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
  const suffixes = ['config', 'limits', 'usage', 'audit', 'audit-head'];
  const scans = suffixes.map((suffix) =>
    client.send(new ScanCommand({ TableName: `${TABLE_PREFIX}-${suffix}` })),
  );
  const pages = await Promise.all(scans);
  client.destroy();
  return pages.flatMap((page) => page.Items ?? []);
}
