import type { UsageRecord } from '../../shared/domain/usage.ts';
import { recordOf } from '../support/ledger-fixture.ts';
import { type Incident, type RollupWorld, rollupWorld, type WireBucket } from '../support/rollup-world.ts';
import { accountEntity, keyEntity, tenantEntity } from '../support/tenancy-entities.ts';

const HOUR_MS = 3_600_000;
const MIDNIGHT_MS = Date.UTC(2026, 10, 18);
const tenant = tenantEntity();
const key = keyEntity(accountEntity(tenant.ref));

const requestAt = (atMs: number): UsageRecord => recordOf(key, { atMs, nanoUsd: 1_000_000_000 });

/** A world with one request in each of so many hours, and the clock two hours later. */
async function hoursOfRequests(count: number): Promise<RollupWorld> {
  const world = await rollupWorld(tenant, MIDNIGHT_MS);
  for (let hour = 0; hour < count; hour += 1) {
    world.now.ms = MIDNIGHT_MS + hour * HOUR_MS;
    await world.put(requestAt(world.now.ms));
  }
  world.now.ms = MIDNIGHT_MS + (count + 2) * HOUR_MS;
  return world;
}

const day = { start_time: [`${MIDNIGHT_MS / 1000}`], end_time: [`${MIDNIGHT_MS / 1000 + 86_400}`] };
const usdOf = (buckets: readonly WireBucket[]): unknown =>
  buckets.map(({ results }) => Object(results).map((result: unknown) => Object(result).amount.value));
const progressOf = (world: RollupWorld) => {
  const item = world.dynamo.dump('usage').get(`TENANT#${tenant.ref}|ROLLUPS`);
  return (Number(item?.['rolledToMs']?.N) - MIDNIGHT_MS) / HOUR_MS;
};

test('a record that comes between the two reads of a report is told: its open hour is read', async () => {
  const world = await hoursOfRequests(3);
  await world.sweep();
  const late = async () => world.put(requestAt(MIDNIGHT_MS + HOUR_MS + 1));
  const buckets = await world.report({
    path: 'costs',
    query: day,
    from: 'rollups',
    // The first read tells the progress, the second the hours.
    incidents: new Map([[1, late]]),
  });
  expect(usdOf(buckets)).toEqual([[4]]);
});

test('a record that comes late is summed with its hour by the next sweep', async () => {
  const world = await hoursOfRequests(3);
  await world.sweep();
  await world.put(requestAt(MIDNIGHT_MS + HOUR_MS + 1));
  expect(await world.sweep()).toEqual({ rolledUp: 1, state: 'done' });
  world.dropRecords(Number.POSITIVE_INFINITY);
  expect(usdOf(await world.report({ path: 'costs', query: day, from: 'rollups' }))).toEqual([[4]]);
});

test('a sweep without new closed hours writes nothing', async () => {
  const world = await hoursOfRequests(3);
  expect(await world.sweep()).toEqual({ rolledUp: 3, state: 'done' });
  const written = structuredClone([...world.dynamo.dump('usage')]);
  expect(await world.sweep()).toEqual({ rolledUp: 0, state: 'done' });
  expect([...world.dynamo.dump('usage')]).toEqual(written);
});

test('an hour is summed once it is an hour over', async () => {
  const world = await rollupWorld(tenant, MIDNIGHT_MS);
  await world.put(requestAt(MIDNIGHT_MS));
  world.now.ms = MIDNIGHT_MS + 2 * HOUR_MS - 1;
  expect(await world.sweep()).toEqual({ rolledUp: 0, state: 'done' });
  world.now.ms += 1;
  expect(await world.sweep()).toEqual({ rolledUp: 1, state: 'done' });
});

test('a backfill that dies has noted each day that it did', async () => {
  const world = await hoursOfRequests(60);
  const puts = { count: 0 };
  // Fails at the first write behind two notes: 24 hours and a note, twice.
  const calls = new Map<number, Incident>();
  for (let call = 0; call < 400; call += 1) {
    calls.set(call, async () => {
      const items = world.dynamo.dump('usage');
      puts.count = [...items.keys()].filter((name) => name.includes('|ROLLUP#')).length;
      if (puts.count >= 50) throw Object.assign(new Error('Dead.'), { name: 'NetworkError' });
    });
  }
  expect(await world.sweep(calls)).toBeUndefined();
  expect(progressOf(world)).toBe(48);
  expect(await world.sweep()).toEqual({ rolledUp: 10, state: 'done' });
  expect(progressOf(world)).toBe(60);
});
