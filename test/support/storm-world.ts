/** A project with a small budget, gateways in processes of their own, and the DynamoDB and the network between them. */
import { setTimeout } from 'node:timers/promises';
import OpenAI from 'openai';
import { startDynamoDb } from '../../local/dynamodb/start.ts';
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import type { CounterIdentity } from '../../shared/domain/counter.ts';
import { parseProjectId, type TenantRef } from '../../shared/domain/ids.ts';
import type { UsageRecord } from '../../shared/domain/usage.ts';
import { sendersTo } from './dynamodb.ts';
import { type FaultyDynamo, startFaultyDynamo } from './faulty-dynamodb.ts';
import { type Observer, observeLimits, readRecords, type Snapshot, takeSnapshot } from './limits-observer.ts';
import { runs } from './runs.ts';
import { type StormGateway, startStormGateway } from './storm-gateway.ts';

export const STORM_TABLES = { limits: 'bedrock-proxy-dev-limits', usage: 'bedrock-proxy-dev-usage' } as const;

/** Few, so that a storm meets this limit too. */
const INFLIGHT = runs(15, 60);
/** A second or more. */
const READS_MAX = 500;
/** Longer than a function may live and an entry is kept. */
const AFTER_EXPIRY_MS = 1_100_000;
const AFTER_KEEPING_MS = 1_300_000;

export interface StormWorld {
  readonly network: FaultyDynamo;
  readonly gateways: readonly StormGateway[];
  /** Around the network. */
  readonly dynamo: Dynamo;
  /** A project with a budget, in nano-USD a month, and keys of as many accounts; the first account has half of it. */
  project(of: { readonly nanoUsd: number; readonly keys: number }): Promise<StormProject>;
  close(): Promise<void>;
}

export interface StormProject {
  readonly id: string;
  readonly tenant: TenantRef;
  readonly keys: readonly string[];
  limitOf(counter: CounterIdentity): number | undefined;
  observe(): Observer;
  item(): Promise<Snapshot>;
  records(): Promise<readonly UsageRecord[]>;
  /** Waits a moment at most until nothing is under way: an answer may be whole a moment before its settlement. */
  quiet(): Promise<void>;
  /** Settles what the dead left, as the hourly sweeps will once all of it has expired; the number of orphans. */
  expire(): Promise<number>;
  /** What the API says that it cost, in nano-USD. */
  costs(gateway: StormGateway): Promise<number>;
}

/** Longer than all the storms of one world. */
const STORMS_MS = 240_000;

/** A budget begins anew with the month, and what is spent would be of two: a world that would see that waits for it. */
async function awaitMonth(): Promise<void> {
  const now = new Date();
  const leftMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1) - now.getTime();
  if (leftMs < STORMS_MS) await setTimeout(leftMs + 1_000);
}

/** Starts it, in fair weather. */
export async function startStormWorld(of: {
  readonly gateways: number;
  readonly seed: number;
}): Promise<StormWorld> {
  await awaitMonth();
  const store = await startDynamoDb();
  if (store === undefined) throw new Error('A storm needs the local DynamoDB.');
  const network = await startFaultyDynamo({ target: store.endpoint, seed: of.seed });
  const senders = sendersTo(store.endpoint);
  const gateways: StormGateway[] = [];
  // One after the other: the first makes the tables.
  for (let count = 0; count < of.gateways; count += 1) {
    gateways.push(await startStormGateway({ dynamodb: network.endpoint }));
  }
  const close = async (): Promise<void> => {
    await Promise.all(gateways.map((gateway) => gateway.kill()));
    senders.close();
    await network.close();
    await store.close();
  };
  const dynamo = senders.lean;
  return { network, gateways, dynamo, close, project: (order) => makeProject({ dynamo, gateways }, order) };
}

const adminOf = ({ adminKey, baseUrl }: StormGateway) =>
  new OpenAI({ adminAPIKey: adminKey, baseURL: baseUrl, maxRetries: 5 }).admin.organization;

async function makeProject(
  { dynamo, gateways }: Pick<StormWorld, 'dynamo' | 'gateways'>,
  order: { readonly nanoUsd: number; readonly keys: number },
): Promise<StormProject> {
  const [first] = gateways;
  if (first === undefined) throw new Error('A project is made at a gateway.');
  const admin = adminOf(first);
  const usd = order.nanoUsd / 1e9;
  const project = await admin.projects.create({
    name: `storm ${Date.now()}`,
    limits: { usd_per_month: usd, inflight_requests: INFLIGHT },
  } as { name: string });
  const tenant = parseProjectId(project.id);
  if (tenant === undefined) throw new Error(`Not a project id: ${project.id}`);
  const keys: string[] = [];
  for (let index = 0; index < order.keys; index += 1) {
    const limits = index === 0 ? { limits: { usd_per_month: usd / 2 } } : {};
    const account = await admin.projects.serviceAccounts.create(project.id, {
      name: `worker ${index}`,
      ...limits,
    });
    keys.push(account.api_key?.value ?? '');
  }
  const source = { dynamo, tables: STORM_TABLES, tenant };
  const limitOf = ({ kind, account }: CounterIdentity): number | undefined => {
    if (kind !== 'money-month') return undefined;
    return account === undefined ? order.nanoUsd : order.nanoUsd / 2;
  };
  return {
    ...{ id: project.id, tenant, keys, limitOf },
    observe: () => observeLimits({ ...source, limitOf }),
    item: () => takeSnapshot(source),
    records: () => readRecords(source),
    quiet: async () => {
      for (let reads = 0; reads < READS_MAX; reads += 1)
        if ((await takeSnapshot(source)).inflight === 0) return;
    },
    expire: () => expire(source),
    costs: (gateway) => costsOf(gateway, project.id),
  };
}

async function expire({
  dynamo,
  tenant,
}: {
  readonly dynamo: Dynamo;
  readonly tenant: TenantRef;
}): Promise<number> {
  const { limits: limitsTable, usage: usageTable } = STORM_TABLES;
  const store = createLimitsStore({ dynamo, limitsTable, usageTable });
  const orphans = await store.sweep(tenant, Date.now() + AFTER_EXPIRY_MS);
  // An hour later the entries go, too.
  await store.sweep(tenant, Date.now() + AFTER_KEEPING_MS);
  return orphans;
}

async function costsOf(gateway: StormGateway, project: string): Promise<number> {
  const start_time = Math.floor(Date.now() / 1000) - 86_400;
  const page = await adminOf(gateway).usage.costs({ start_time, project_ids: [project], limit: 7 });
  const amounts = page.data
    .flatMap((bucket) => bucket.results)
    .map((result) => {
      if (result.object !== 'organization.costs.result') throw new Error(`Not a cost: ${result.object}`);
      return Number(result.amount?.value);
    });
  return Math.round(amounts.reduce((sum, amount) => sum + amount * 1e9, 0));
}
