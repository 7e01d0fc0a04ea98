/**
 * What the model checks explore: requests on one limits item, what must hold at every moment and at the end, and
 * the naive store that must fail.
 */
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { limitsKey, numberAt } from '../../shared/aws/limits-item.ts';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import { putUsageRecord } from '../../shared/aws/usage-store.ts';
import type { Admission } from '../../shared/domain/admission.ts';
import { parseRequestId } from '../../shared/domain/ids.ts';
import { decodeReservation, decodeSettled } from '../../shared/domain/reservation-entry.ts';
import type { LimitsStore } from '../../shared/ports.ts';
import { admissionOf, freshTenant, LIFETIME_MS, NOW_MS, settlementOf, TABLES } from './limits-fixture.ts';
import { ANSWERED, type Exploration, explore, type Fault, type Scenario } from './limits-model.ts';
import type { MemoryDynamo } from './memory-dynamo.ts';

export const LIMIT = 20;
const tenant = freshTenant();
const limits = { tokensPerMinute: LIMIT, nanoUsdPerMonth: 2_000 };
const AFTER_EXPIRY_MS = NOW_MS + LIFETIME_MS + 1;
const LONG_AFTER_MS = NOW_MS + 100_000;
const BACKOFF = { attemptsMax: 2, random: () => 0, wait: async () => {} };

/** Requests of 10 tokens under a limit of 20: two fit, a third only when enough was given back. */
const admissions = [1, 2, 3].map((index) => admissionOf({ tenant, index, limits }));

/** The store under test; its waiting takes no time. */
export const realStore = (dynamo: Dynamo): LimitsStore => createLimitsStore({ dynamo, ...TABLES }, BACKOFF);

/** What gateways do: look whether there is room, call the model, add up. */
export function naiveStore(dynamo: Dynamo): LimitsStore {
  const Key = limitsKey(tenant);
  const add = (tokens: number) =>
    dynamo.updateItem({
      TableName: TABLES.limitsTable,
      Key,
      UpdateExpression: 'ADD #c :n',
      ExpressionAttributeNames: { '#c': 'tpm#202611202017' },
      ExpressionAttributeValues: { ':n': { N: String(tokens) } },
    });
  return {
    async admit(admission) {
      const { Item = {} } = await dynamo.getItem({ TableName: TABLES.limitsTable, Key });
      const committed = numberAt(Item, 'tpm#202611202017');
      const [by] = admission.charges;
      if (by !== undefined && committed + by.amount > LIMIT) return { outcome: 'refused', by, committed };
      return { outcome: 'admitted', committed: [committed] };
    },
    async settle({ record }) {
      await add(record.usage.input + record.usage.output);
      await putUsageRecord({ dynamo, table: TABLES.usageTable }, record);
    },
    sweep: async () => 0,
  };
}

/** True where the request was admitted and its settlement resolved. An unanswered admission is settled with nothing. */
async function request(store: LimitsStore, admission: Admission, tokens: number): Promise<boolean> {
  const result = await store.admit(admission).catch(async (error: unknown) => {
    await store.settle(settlementOf(admission, { tokens: 0, nanoUsd: 0 }));
    throw error;
  });
  if (result.outcome !== 'admitted') return false;
  await store.settle(settlementOf(admission, { tokens, nanoUsd: tokens * 100 }));
  return true;
}

/** Everything that the tables say of the tenant, in tokens. */
export function ledgerOf(dynamo: MemoryDynamo) {
  const item = dynamo.dump(TABLES.limitsTable).get(`TENANT#${tenant}|LIMITS`) ?? {};
  const settled = new Map<string, number>();
  let reserved = 0;
  let running = 0;
  for (const usage of dynamo.dump(TABLES.usageTable).values()) {
    settled.set(
      (usage['SK']?.S ?? '').slice('USAGE#'.length),
      numberAt(usage, 'input') + numberAt(usage, 'output'),
    );
  }
  const records = settled.size;
  for (const [name, value] of Object.entries(item)) {
    const id = name.startsWith('r#') ? parseRequestId(name.slice(2)) : undefined;
    if (id === undefined) continue;
    const reservation = decodeReservation(value.S ?? '');
    if (reservation !== undefined) running += 1;
    reserved += reservation?.reserved.tokens ?? 0;
    const record = decodeSettled({ tenant, request: id }, value.S ?? '');
    if (record !== undefined) settled.set(id, record.usage.input + record.usage.output);
  }
  const spent = [...settled.values()].reduce((sum, tokens) => sum + tokens, 0);
  const counters = Object.keys(item).filter((name) => name.startsWith('tpm#'));
  return { committed: numberAt(item, 'tpm#202611202017'), item, reserved, spent, running, records, counters };
}

function checkMoment(dynamo: MemoryDynamo): void {
  const { committed, reserved, spent, running, item } = ledgerOf(dynamo);
  if (committed > LIMIT) throw new Error(`committed ${committed} of ${LIMIT}`);
  if (committed !== spent + reserved) throw new Error(`committed ${committed}, but ${spent} + ${reserved}`);
  if (numberAt(item, 'inflight') !== running)
    throw new Error(`in flight ${numberAt(item, 'inflight')} of ${running}`);
}

/** After two sweeps nothing is reserved, and the money counter is the sum of the records. */
async function checkEnd(dynamo: MemoryDynamo): Promise<void> {
  const before = ledgerOf(dynamo);
  await realStore(dynamo).sweep(tenant, AFTER_EXPIRY_MS);
  await realStore(dynamo).sweep(tenant, LONG_AFTER_MS);
  checkMoment(dynamo);
  const { reserved, records, item } = ledgerOf(dynamo);
  if (reserved !== 0) throw new Error(`${reserved} stay reserved`);
  if (Object.keys(item).some((name) => name.startsWith('r#'))) throw new Error('an entry stays');
  const money = [...dynamo.dump(TABLES.usageTable).values()].reduce(
    (sum, of) => sum + numberAt(of, 'nanoUsd'),
    0,
  );
  if (numberAt(item, 'usd#202611') !== money)
    throw new Error(`money ${numberAt(item, 'usd#202611')}, not ${money}`);
  if (records < before.records) throw new Error('a record was lost');
}

/** What varies between explorations. */
export interface ScenarioFacts {
  readonly open: (dynamo: Dynamo) => LimitsStore;
  /** The process of each request. */
  readonly processes: readonly string[];
  readonly faultsMax: number;
  /** By default those that leave no live process without an answer. */
  readonly faults?: readonly Fault[];
  /** Whether a sweep runs beside them that takes every reservation for expired. */
  readonly sweep: boolean;
  readonly tokens: number;
}

/** Requests, each admitted and settled by its process, and a sweep where asked for. */
export function scenarioOf(of: ScenarioFacts): Scenario {
  const settled = new Set<string>();
  return {
    faultsMax: of.faultsMax,
    faults: of.faults ?? ANSWERED,
    begin: (sender) => {
      settled.clear();
      const stores = new Map([...new Set(of.processes)].map((name) => [name, of.open(sender(name))]));
      const requests = of.processes.map(async (name, index) => {
        const store = stores.get(name);
        const admission = admissions[index];
        if (store === undefined || admission === undefined) return;
        if (await request(store, admission, of.tokens)) settled.add(admission.request);
      });
      return of.sweep ? [...requests, of.open(sender('sweeper')).sweep(tenant, AFTER_EXPIRY_MS)] : requests;
    },
    check: checkMoment,
    finish: async (dynamo) => {
      const recorded = new Set([...dynamo.dump(TABLES.usageTable).values()].map((item) => item['SK']?.S));
      const lost = [...settled].find((id) => !recorded.has(`USAGE#${id}`));
      if (lost !== undefined) throw new Error('a settlement resolved without a record');
      await checkEnd(dynamo);
    },
  };
}

/** Explores, and prints how much. */
export async function exploreAll(name: string, scenario: Scenario): Promise<Exploration> {
  const result = await explore(scenario, 60_000);
  process.stdout.write(
    `      ${name}: ${result.runs} runs, ${result.steps} steps, ${result.violations.length} violations\n`,
  );
  return result;
}
