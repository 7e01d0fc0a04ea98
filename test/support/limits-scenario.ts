/**
 * What the model checks explore: requests on one limits item, what must hold at every moment and at the end, and
 * the naive store that must fail.
 */
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { limitsKey, numberAt } from '../../shared/aws/limits-item.ts';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import { putUsageRecord } from '../../shared/aws/usage-store.ts';
import type { Admission } from '../../shared/domain/admission.ts';
import { accountOfKey, type KeyRef, parseKeyRef, parseRequestId } from '../../shared/domain/ids.ts';
import type { LimitSet } from '../../shared/domain/limits.ts';
import { decodeReservation, decodeSettled } from '../../shared/domain/reservation-entry.ts';
import type { LimitsStore } from '../../shared/ports.ts';
import {
  admissionOf,
  freshTenant,
  KEY,
  LIFETIME_MS,
  NOW_MS,
  OTHER_KEY,
  settlementOf,
  TABLES,
} from './limits-fixture.ts';
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
const admissionsUnder = (limits: LimitSet, accountLimits: LimitSet): readonly Admission[] =>
  KEYS.map((key, index) => admissionOf({ tenant, index: index + 1, key, limits, accountLimits }));

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
      if (by !== undefined && committed + by.amount > LIMIT) return { outcome: 'refused', by, committed };
      return { outcome: 'admitted', committed: [committed] };
    },
    async settle({ record }) {
      await add(record.usage.input + record.usage.output);
      await putUsageRecord({ dynamo, table: TABLES.usageTable }, record);
    },
    sweep: async () => 0,
    readSpend: async () => ({ nanoUsd: 0, debtNanoUsd: 0 }),
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

/** What one record or entry says that its counters hold. */
interface Held {
  readonly key: KeyRef | undefined;
  readonly tokens: number;
  readonly reserved: boolean;
}

/** Everything that the tables say of the tenant. */
export function ledgerOf(dynamo: MemoryDynamo) {
  const item = dynamo.dump(TABLES.limitsTable).get(`TENANT#${tenant}|LIMITS`) ?? {};
  const settled = new Map<string, Held>();
  const reserved: Held[] = [];
  for (const usage of dynamo.dump(TABLES.usageTable).values()) {
    const key = parseKeyRef(usage['key']?.S ?? '');
    const tokens = numberAt(usage, 'input') + numberAt(usage, 'output');
    settled.set((usage['SK']?.S ?? '').slice('USAGE#'.length), { key, tokens, reserved: false });
  }
  const records = settled.size;
  for (const [name, value] of Object.entries(item)) {
    const request = name.startsWith('r#') ? parseRequestId(name.slice(2)) : undefined;
    if (request === undefined) continue;
    const reservation = decodeReservation(value.S ?? '');
    if (reservation !== undefined) {
      reserved.push({ key: reservation.key, tokens: reservation.reserved.tokens, reserved: true });
    }
    const record = decodeSettled({ tenant, request }, value.S ?? '');
    if (record !== undefined) {
      settled.set(request, {
        key: record.key,
        tokens: record.usage.input + record.usage.output,
        reserved: false,
      });
    }
  }
  const held = [...settled.values(), ...reserved];
  return { committed: numberAt(item, 'tpm#202611202017'), item, held, reserved, records };
}

/** What was set aside and what was used, nobody's or one account's, is what the counters hold and within the limits. */
function checkCounters(
  { item, held }: Pick<ReturnType<typeof ledgerOf>, 'item' | 'held'>,
  of: { readonly limits: LimitSet; readonly suffix: string },
): void {
  const { tokensPerMinute = 0, requestsPerMinute = 0 } = of.limits;
  const tokens = numberAt(item, `tpm#202611202017${of.suffix}`);
  const expected = held.reduce((sum, one) => sum + one.tokens, 0);
  if (tokens > tokensPerMinute) throw new Error(`committed${of.suffix} ${tokens} of ${tokensPerMinute}`);
  if (tokens !== expected) throw new Error(`committed${of.suffix} ${tokens}, but the ledger has ${expected}`);
  // Whether a request that used nothing had reserved, its record does not say.
  const sure = held.filter((one) => one.reserved || one.tokens > 0).length;
  const requests = numberAt(item, `rpm#202611202017${of.suffix}`);
  if (requests > requestsPerMinute)
    throw new Error(`requests${of.suffix} ${requests} of ${requestsPerMinute}`);
  if (requests < sure || requests > held.length) {
    throw new Error(`requests${of.suffix} ${requests}, but the ledger has ${sure} to ${held.length}`);
  }
}

const checkMoment =
  (under: Under) =>
  (dynamo: MemoryDynamo): void => {
    const { item, held, reserved } = ledgerOf(dynamo);
    checkCounters({ item, held }, { limits: under.limits, suffix: '' });
    for (const key of new Set(KEYS)) {
      const own = held.filter((one) => one.key === key);
      checkCounters({ item, held: own }, { limits: under.accountLimits, suffix: `#${accountOfKey(key)}` });
    }
    const inflight = numberAt(item, 'inflight');
    if (inflight !== reserved.length) throw new Error(`in flight ${inflight} of ${reserved.length}`);
  };

/** After two sweeps nothing is reserved, and the money counter is the sum of the records. */
async function checkEnd(dynamo: MemoryDynamo, under: Under): Promise<void> {
  const before = ledgerOf(dynamo);
  await realStore(dynamo).sweep(tenant, AFTER_EXPIRY_MS);
  await realStore(dynamo).sweep(tenant, LONG_AFTER_MS);
  checkMoment(under)(dynamo);
  const { reserved, records, item } = ledgerOf(dynamo);
  if (reserved.length > 0) throw new Error(`${reserved.length} stay reserved`);
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
  /** By default two or three requests fit into each. */
  readonly limits?: LimitSet;
  readonly accountLimits?: LimitSet;
}

type Under = Required<Pick<ScenarioFacts, 'limits' | 'accountLimits'>>;

/** Requests, each admitted and settled by its process, and a sweep where asked for. */
export function scenarioOf(of: ScenarioFacts): Scenario {
  const settled = new Set<string>();
  const under = {
    limits: { ...LIMITS, ...of.limits },
    accountLimits: { ...ACCOUNT_LIMITS, ...of.accountLimits },
  };
  const admissions = admissionsUnder(under.limits, under.accountLimits);
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
    check: checkMoment(under),
    finish: async (dynamo) => {
      const recorded = new Set([...dynamo.dump(TABLES.usageTable).values()].map((item) => item['SK']?.S));
      const lost = [...settled].find((id) => !recorded.has(`USAGE#${id}`));
      if (lost !== undefined) throw new Error('a settlement resolved without a record');
      await checkEnd(dynamo, under);
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
