/**
 * A budget in a storm: hundreds of callers at once, through real HTTP and DynamoDB's real protocol, more than the budget
 * can serve. `npm run test:long -- test/e2e/budget-storm.test.ts` has five times as many and kills more gateways.
 */
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { limitsKey, numberAt } from '../../shared/aws/limits-item.ts';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import { putUsageRecord } from '../../shared/aws/usage-store.ts';
import { counterName } from '../../shared/domain/counter.ts';
import type { TenantRef } from '../../shared/domain/ids.ts';
import type { LimitsStore } from '../../shared/ports.ts';
import { admissionOf, freshTenant, limitsItemOf, settlementOf } from '../support/limits-fixture.ts';
import { type Observation, observeLimits, readRecords } from '../support/limits-observer.ts';
import { usedBy } from '../support/limits-observer-sums.ts';
import { runs, seed } from '../support/runs.ts';
import { CLIENT_MODEL as model } from '../support/stack.ts';
import { type CallerOptions, storm } from '../support/storm-clients.ts';
import { STORM_TABLES, type StormProject, type StormWorld, startStormWorld } from '../support/storm-world.ts';

const CALLERS = runs(200, 1_000);
/** The first of them is killed, or all but the last. */
const GATEWAYS = runs(2, 3);
/** What about a third of the callers spend. */
const BUDGET = CALLERS * 3_000;
/** Beside one that is the rest of a budget: no request may cost as much as a tenth of it. */
const SPENT_MIN = BUDGET * 0.9;
/** Requests of the storm's last moment whose release met no answer, and which no later request of the project releases. */
const ORPHANS_MAX = 3;
const TRIES_MAX = 200;
/** How often a caller comes back to a budget that the dead have reserved. */
const RESERVED_TRIES = 10;

let world: StormWorld;
beforeAll(async () => {
  world = await startStormWorld({ gateways: GATEWAYS, seed: seed() });
}, 450_000);
afterAll(() => world?.close());

/** Every fourth is answered word by word. */
function bodyOf(index: number): object {
  const stream = index % 4 === 0;
  const wish = stream ? 'tokens=25 delay=8' : `tokens=${10 + (index % 15)}`;
  const messages = [{ role: 'user', content: `[[emulator ${wish}]] Work.` }];
  return { model, max_completion_tokens: 40, messages, ...(stream && { stream }) };
}

function callersOf(
  project: StormProject,
  of: Pick<CallerOptions, 'onAnswer' | 'reservedTriesMax'>,
): readonly CallerOptions[] {
  return Array.from({ length: CALLERS }, (_, index) => {
    let tries = index;
    return {
      baseUrl: () => {
        tries += 1;
        return world.gateways[tries % GATEWAYS]?.baseUrl ?? '';
      },
      key: project.keys[index % project.keys.length] ?? '',
      body: bodyOf(index),
      triesMax: TRIES_MAX,
      ...of,
    };
  });
}

/** What every counter that is compared holds, and what the ledger says that it should. */
async function sumsOf(project: StormProject) {
  const [item, records] = [await project.item(), await project.records()];
  const money = item.counters.filter(({ counter }) => counter.kind.startsWith('money'));
  const sums = money.map(({ counter }) => [
    counterName(counter),
    records.reduce((sum, record) => sum + usedBy(record, counter), 0),
  ]);
  return {
    held: money.map(({ counter, committed }) => [counterName(counter), committed]),
    ledger: sums,
    spent: records.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0),
    open: { inflight: item.inflight, debt: item.debt, entries: item.entries.size },
  };
}

const CLEAN = { inflight: 0, debt: 0, entries: 0 };

function report(name: string, facts: object): void {
  process.stderr.write(`${name}: ${JSON.stringify(facts)}\n`);
}

const figuresOf = ({ wrong, exceeded, highest, ...figures }: Observation) => ({
  ...figures,
  highest: Math.max(...highest.values()),
});

test(`${CALLERS} callers at once never spend more than the budget, and all of it adds up`, async () => {
  const startedMs = performance.now();
  const project = await world.project({ nanoUsd: BUDGET, keys: 4 });
  const observer = project.observe();
  const tally = await storm(callersOf(project, { onAnswer: () => undefined, reservedTriesMax: TRIES_MAX }));
  await project.quiet();
  const stopped = await observer.stop();
  const orphans = await project.expire();
  const seen = await stopped.observation();
  const sums = await sumsOf(project);
  const durationMs = Math.round(performance.now() - startedMs);
  report('clean storm', { ...tally, orphans, spent: sums.spent, BUDGET, ...figuresOf(seen), durationMs });
  expect({ wrong: seen.wrong, exceeded: seen.exceeded }).toEqual({ wrong: [], exceeded: [] });
  expect(seen.exact).toBeGreaterThan(0);
  // Callers of live processes leave no orphans but the last, and none gives up while the budget has room.
  expect(orphans).toBeLessThanOrEqual(ORPHANS_MAX);
  expect(tally.answers['429 rate_limit_exceeded']).toBeGreaterThan(0);
  expect(tally.endings).toMatchObject({ 'held-back': 0, 'given-up': 0, other: 0 });
  expect(Math.min(tally.endings.served, tally.endings['over-budget'])).toBeGreaterThan(0);
  expect(sums.spent).toBeGreaterThanOrEqual(SPENT_MIN);
  expect(sums.spent).toBeLessThanOrEqual(BUDGET);
  expect(sums.held).toEqual(sums.ledger);
  expect(sums.open).toEqual(CLEAN);
  expect(await project.costs(world.gateways[0] ?? unreachable())).toBe(sums.spent);
});

test(`nor do ${CALLERS} where answers and requests are lost, the store throttles and gateways are killed`, async () => {
  const startedMs = performance.now();
  const project = await world.project({ nanoUsd: BUDGET, keys: 4 });
  const before = { ...world.network.counts };
  world.network.set({ 'lost-answer': 0.15, 'lost-request': 0.05, throttled: 0.05 });
  const observer = project.observe();
  const doomed = world.gateways.slice(0, -1);
  const deaths: Promise<void>[] = [];
  let served = 0;
  const tally = await storm(
    callersOf(project, {
      reservedTriesMax: RESERVED_TRIES,
      onAnswer: (told) => {
        if (told === '200') served += 1;
        // They die with much under way, one after the other.
        if (served < (deaths.length + 1) * (CALLERS / 20)) return;
        const next = doomed[deaths.length];
        if (next !== undefined) deaths.push(next.kill());
      },
    }),
  );
  await Promise.all(deaths);
  world.network.set({});
  await world.network.whenIdle();
  const stopped = await observer.stop();
  const left = await project.item();
  const orphans = await project.expire();
  const seen = await stopped.observation();
  const sums = await sumsOf(project);
  const durationMs = Math.round(performance.now() - startedMs);
  const faults = faultsSince(before);
  report('storm with faults', {
    ...{ ...tally, deaths: deaths.length, faults, orphans, spent: sums.spent, BUDGET },
    ...{ ...figuresOf(seen), durationMs },
  });
  expect(deaths).toHaveLength(doomed.length);
  expect(Math.min(faults['lost-answer'], faults['lost-request'], faults.throttled)).toBeGreaterThan(0);
  expect(tally.answers['cut']).toBeGreaterThan(0);
  expect(left.inflight).toBeGreaterThan(0);
  expect(orphans).toBeGreaterThan(0);
  expect({ wrong: seen.wrong, exceeded: seen.exceeded }).toEqual({ wrong: [], exceeded: [] });
  expect(seen.exact + seen.bounded).toBeGreaterThan(0);
  expect(tally.endings).toMatchObject({ 'given-up': 0, other: 0 });
  const refused = tally.endings['over-budget'] + tally.endings['held-back'];
  expect(Math.min(tally.endings.served, refused)).toBeGreaterThan(0);
  expect(sums.spent).toBeLessThanOrEqual(BUDGET);
  expect(sums.held).toEqual(sums.ledger);
  expect(sums.open).toEqual(CLEAN);
  expect(await project.costs(world.gateways.at(-1) ?? unreachable())).toBe(sums.spent);
});

/** What many do who count what was spent before they let a request through, and what it cost after it. */
function checkThenCharge(of: {
  readonly dynamo: Dynamo;
  readonly limitsTable: string;
  readonly usageTable: string;
}) {
  const itemOf = (tenant: TenantRef) => limitsItemOf(of.dynamo, { tenant, table: of.limitsTable });
  const store: Pick<LimitsStore, 'admit' | 'settle'> = {
    admit: async ({ tenant, charges }) => {
      const item = await itemOf(tenant);
      const committed = charges.map((charge) => numberAt(item, counterName(charge)));
      const by = charges.find(
        (charge, at) => (committed[at] ?? 0) + charge.amount > (charge.limit ?? Infinity),
      );
      return by === undefined
        ? { outcome: 'admitted', committed }
        : { outcome: 'refused', by, committed: 0, returnable: 0, held: [] };
    },
    settle: async ({ admission: { tenant, charges }, record }) => {
      await putUsageRecord({ dynamo: of.dynamo, table: of.usageTable }, record);
      await of.dynamo.updateItem({
        TableName: of.limitsTable,
        Key: limitsKey(tenant),
        UpdateExpression: `ADD ${charges.map((_, at) => `#c${at} :c${at}`).join(', ')}`,
        ExpressionAttributeNames: Object.fromEntries(
          charges.map((charge, at) => [`#c${at}`, counterName(charge)]),
        ),
        ExpressionAttributeValues: Object.fromEntries(
          charges.map(({ amount }, at) => [`:c${at}`, { N: String(amount) }]),
        ),
      });
    },
  };
  return store;
}

/** The same storm within this process: what a store lets through, and what the observer says of it. */
async function stormOn(
  make: (tables: {
    readonly dynamo: Dynamo;
    readonly limitsTable: string;
    readonly usageTable: string;
  }) => Pick<LimitsStore, 'admit' | 'settle'>,
) {
  const { dynamo } = world;
  const tenant = freshTenant();
  const limit = 10_000;
  const observer = observeLimits({
    ...{ dynamo, tenant, tables: STORM_TABLES },
    limitOf: ({ kind }) => (kind === 'money-month' ? limit : undefined),
  });
  const store = make({ dynamo, limitsTable: STORM_TABLES.limits, usageTable: STORM_TABLES.usage });
  const atMs = Date.now();
  const call = async (index: number) => {
    const limits = { nanoUsdPerMonth: limit, inflightMax: 400 };
    const admission = admissionOf({ tenant, index, atMs, limits, nanoUsd: 1_000 });
    const { outcome } = await store.admit(admission);
    if (outcome === 'admitted') await store.settle(settlementOf(admission));
    return outcome;
  };
  const outcomes = await Promise.all(Array.from({ length: 200 }, (_, index) => call(index)));
  const seen = await (await observer.stop()).observation();
  const records = await readRecords({ dynamo, tenant, tables: STORM_TABLES });
  const spent = records.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
  report(`${make.name} in the storm`, { spent, limit, ...figuresOf(seen) });
  return { admitted: outcomes.filter((outcome) => outcome === 'admitted').length, spent, seen };
}

test('a budget that is checked before and charged after overspends in the same storm, and the observer tells', async () => {
  const naive = await stormOn(checkThenCharge);
  expect(naive.spent).toBeGreaterThan(10_000);
  expect(naive.seen.exceeded.length).toBeGreaterThan(0);
  const ours = await stormOn(createLimitsStore);
  expect(ours).toMatchObject({ admitted: 10, spent: 10_000, seen: { exceeded: [], wrong: [] } });
});

function faultsSince(before: StormWorld['network']['counts']): StormWorld['network']['counts'] {
  const { counts } = world.network;
  const since = (name: keyof typeof counts): number => counts[name] - before[name];
  return {
    passed: since('passed'),
    'lost-request': since('lost-request'),
    'lost-answer': since('lost-answer'),
    throttled: since('throttled'),
    hung: since('hung'),
    down: since('down'),
  };
}

function unreachable(): never {
  throw new Error('There is a gateway.');
}
