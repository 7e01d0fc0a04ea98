/**
 * What the model checks explore: requests on one limits item, what must hold at every moment and at the end, and
 * the naive store that must fail.
 */
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { limitsKey, numberAt } from '../../shared/aws/limits-item.ts';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import { putUsageRecord } from '../../shared/aws/usage-store.ts';
import type { Admission } from '../../shared/domain/admission.ts';
import type { LimitSet, TenantLimits } from '../../shared/domain/limits.ts';
import type { LimitsStore } from '../../shared/ports.ts';
import {
  type AdmissionFacts,
  admissionOf,
  freshTenant,
  KEY,
  LIFETIME_MS,
  NOW_MS,
  OTHER_KEY,
  settlementOf,
  TABLES,
  type UsedFacts,
} from './limits-fixture.ts';
import { ledgerCheck, ledgerOf } from './limits-ledger.ts';
import { ANSWERED, type Exploration, explore, type Fault, type Scenario } from './limits-model.ts';
import type { MemoryDynamo } from './memory-dynamo.ts';

export const LIMIT = 20;
const tenant = freshTenant();
const LIMITS: LimitSet = { tokensPerMinute: LIMIT, nanoUsdPerMonth: 2_000, requestsPerMinute: 3 };
/** An account has limits of its own; the third request is another's. */
const ACCOUNT_LIMITS: LimitSet = { tokensPerMinute: LIMIT, requestsPerMinute: 2 };
const KEYS = [KEY, KEY, OTHER_KEY];
const AFTER_EXPIRY_MS = NOW_MS + LIFETIME_MS + 1;
const LONG_AFTER_MS = NOW_MS + 100_000;
const BACKOFF = { attemptsMax: 2, random: () => 0, wait: async () => {} };

/** Requests of 10 tokens under a limit of 20: two fit, a third only when enough was given back. */
const admissionsOf = (of: ScenarioFacts): readonly Admission[] =>
  KEYS.map((key, at) =>
    admissionOf({
      ...{ tenant, index: at + 1, key },
      ...of.requests?.[at % of.requests.length],
      limits: { ...LIMITS, ...of.limits },
      accountLimits: { ...ACCOUNT_LIMITS, ...of.accountLimits },
    }),
  );

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
      const by = admission.charges.find(({ kind }) => kind === 'tokens-minute');
      if (by !== undefined && committed + by.amount > LIMIT)
        return { outcome: 'refused', by, committed, returnable: 0, held: [] };
      return { outcome: 'admitted', committed: [committed] };
    },
    async settle({ record }) {
      await add(record.usage.input + record.usage.output);
      await putUsageRecord({ dynamo, table: TABLES.usageTable }, record);
    },
    sweep: async () => 0,
    readSpend: async () => ({ nanoUsd: 0, debtNanoUsd: 0 }),
    readHeld: async () => ({ counters: new Map(), reservations: [], inflight: 0 }),
  };
}

/** True where the request was admitted and its settlement resolved. */
async function request(store: LimitsStore, admission: Admission, used: UsedFacts): Promise<boolean> {
  const result = await store.admit(admission);
  if (result.outcome !== 'admitted') return false;
  await store.settle(settlementOf(admission, used));
  return true;
}

/** What the naive store's one counter holds. */
export const committedOf = (dynamo: MemoryDynamo): number =>
  numberAt(ledgerOf(dynamo, tenant).item, 'tpm#202611202017');

/** After two sweeps nothing is reserved, no entry stays, and no record was lost. */
async function checkEnd(dynamo: MemoryDynamo, admissions: readonly Admission[]): Promise<void> {
  const before = ledgerOf(dynamo, tenant);
  await realStore(dynamo).sweep(tenant, AFTER_EXPIRY_MS);
  await realStore(dynamo).sweep(tenant, LONG_AFTER_MS);
  const ledger = ledgerOf(dynamo, tenant);
  ledgerCheck(admissions)(ledger);
  const { reserved, records, item } = ledger;
  if (reserved.length > 0) throw new Error(`${reserved.length} stay reserved`);
  if (Object.keys(item).some((name) => name.startsWith('r#'))) throw new Error('an entry stays');
  const money = records.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
  if (numberAt(item, 'usd#202611') !== money)
    throw new Error(`money ${numberAt(item, 'usd#202611')}, not ${money}`);
  if (records.length < before.records.length) throw new Error('a record was lost');
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
  /** `none`: nobody died, so nobody's request may be charged as if they had. */
  readonly orphans?: 'none';
  /** What each request uses; by default half of what it set aside. */
  readonly used?: UsedFacts;
  /** By default two or three requests fit into each. */
  readonly limits?: Partial<TenantLimits>;
  readonly accountLimits?: LimitSet;
  /** What the requests ask for, in turn. */
  readonly requests?: readonly RequestFacts[];
}

export type RequestFacts = Pick<
  AdmissionFacts,
  | 'tokens'
  | 'nanoUsd'
  | 'model'
  | 'minuteTokens'
  | 'outputFactor'
  | 'debtNanoUsd'
  | 'debtTokens'
  | 'debtMinuteTokens'
>;

/** Requests, each admitted and settled by its process, and a sweep where asked for. */
export function scenarioOf(of: ScenarioFacts): Scenario {
  const settled = new Set<string>();
  const used = { tokens: 5, nanoUsd: 500, ...of.used };
  const admissions = admissionsOf(of);
  const check = ledgerCheck(admissions);
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
        if (await request(store, admission, used)) settled.add(admission.request);
      });
      return of.sweep ? [...requests, of.open(sender('sweeper')).sweep(tenant, AFTER_EXPIRY_MS)] : requests;
    },
    check: (dynamo) => check(ledgerOf(dynamo, tenant)),
    finish: async (dynamo) => {
      const recorded = new Set([...dynamo.dump(TABLES.usageTable).values()].map((item) => item['SK']?.S));
      const lost = [...settled].find((id) => !recorded.has(`USAGE#${id}`));
      if (lost !== undefined) throw new Error('a settlement resolved without a record');
      await checkEnd(dynamo, admissions);
      const orphan = ledgerOf(dynamo, tenant).records.find(({ outcome }) => outcome === 'orphaned');
      if (of.orphans === 'none' && orphan !== undefined) throw new Error('a live process left an orphan');
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
