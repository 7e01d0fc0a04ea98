import fc from 'fast-check';
import { COST_GROUPS } from '../../shared/domain/cost-report.ts';
import { closedToMs } from '../../shared/domain/rollup.ts';
import { DAY_MS } from '../../shared/domain/tenancy.ts';
import type { UsageRecord } from '../../shared/domain/usage.ts';
import { BUCKET_WIDTHS, USAGE_REPORTS } from '../../shared/domain/usage-report.ts';
import { NOON_MS } from '../support/gateway-event.ts';
import { recordOf } from '../support/ledger-fixture.ts';
import { type Incident, type RollupWorld, rollupWorld } from '../support/rollup-world.ts';
import { accountEntity, keyEntity, tenantEntity } from '../support/tenancy-entities.ts';

const HOUR_MS = 3_600_000;
/** Two days of which one began at midnight. */
const START_MS = NOON_MS - DAY_MS / 2 - DAY_MS;
const tenant = tenantEntity();
const keys = [0, 1, 2].map(() => keyEntity(accountEntity(tenant.ref)));

/** A request, and how long after its admission it is settled: most are in time, some come after their hour was sealed. */
const requestArbitrary = fc.record({
  key: fc.constantFrom(...keys),
  agoMs: fc.oneof(fc.integer({ min: 0, max: 30 * HOUR_MS }), fc.integer({ min: 0, max: 4 * HOUR_MS })),
  admissionLagMs: fc.constantFrom(0, 5, 60_000),
  model: fc.constantFrom('amazon.nova-lite-v1:0', 'amazon.nova-micro-v1:0'),
  endpoint: fc.constantFrom('chat.completions' as const, 'embeddings' as const, 'images' as const),
  serviceTier: fc.constantFrom('standard' as const, 'priority' as const, 'batch' as const),
  usage: fc.record({
    input: fc.nat(1_000),
    output: fc.nat(1_000),
    cacheRead: fc.nat(1_000),
    cacheWrite: fc.nat(1_000),
    images: fc.nat(3),
  }),
  nanoUsd: fc.nat(2_000_000_000),
});
type Request = typeof requestArbitrary extends fc.Arbitrary<infer Value> ? Value : never;

const fateArbitrary = fc.oneof(
  fc.constantFrom('dies-before' as const, 'dies-after' as const),
  fc.array(requestArbitrary, { minLength: 1, maxLength: 2 }),
);
const stepArbitrary = fc.oneof(
  { weight: 3, arbitrary: fc.array(requestArbitrary, { minLength: 1, maxLength: 8 }) },
  { weight: 2, arbitrary: fc.record({ advanceMs: fc.integer({ min: 0, max: 9 * HOUR_MS }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      fates: fc.array(fc.tuple(fc.nat(14), fateArbitrary), { maxLength: 4 }),
    }),
  },
);

const queryArbitrary = fc.oneof(
  fc.record({
    path: fc.constantFrom('usage/completions', 'usage/embeddings', 'usage/images', 'usage/moderations'),
    width: fc.constantFrom('1h', '1d', '1m'),
    groups: fc.subarray([...USAGE_REPORTS.embeddings.groups]),
  }),
  fc.record({
    path: fc.constant('costs'),
    width: fc.constant('1d'),
    groups: fc.subarray([...COST_GROUPS]),
  }),
);

interface Life {
  readonly world: RollupWorld;
  /** Records whose writer died on the way and that nobody has found yet. */
  readonly unfinished: UsageRecord[];
}

/** Settles a request as any process does; one that dies between the writes leaves it to whoever finds its entry. */
async function settle({ world, unfinished }: Life, request: Request): Promise<void> {
  const { key, agoMs, ...of } = request;
  const atMs = Math.max(world.now.ms - agoMs, START_MS);
  const record = { ...recordOf(key, { ...of, atMs }), settledAtMs: world.now.ms };
  const dying: Incident = agoMs % 2 === 0 ? 'dies-before' : 'dies-after';
  await world.put(record, new Map([[agoMs % 9, dying]])).catch(() => void unfinished.push(record));
}

async function finish({ world, unfinished }: Life): Promise<void> {
  for (const record of unfinished.splice(0)) await world.put(record);
}

type Step = typeof stepArbitrary extends fc.Arbitrary<infer Value> ? Value : never;

async function live(life: Life, step: Step): Promise<void> {
  const { world } = life;
  if (Array.isArray(step)) {
    for (const request of step) await settle(life, request);
  } else if ('advanceMs' in step) {
    world.now.ms += step.advanceMs;
    await finish(life);
  } else {
    const incidents = step.fates.map(([call, fate]): [number, Incident] => [
      call,
      typeof fate === 'string' ? fate : () => Promise.all(fate.map((request) => settle(life, request))),
    ]);
    await world.sweep(new Map(incidents));
  }
}

/** Once sweeps are left in peace, closed hours are told without their records, which may have expired. */
async function expectSealed(world: RollupWorld): Promise<void> {
  const closedMs = closedToMs(world.now.ms);
  const query = {
    start_time: [`${START_MS / 1000}`],
    end_time: [`${closedMs / 1000}`],
    bucket_width: ['1h'],
    group_by: ['api_key_id', 'model'],
    limit: ['168'],
  };
  const told = await world.report({ path: 'usage/completions', query, from: 'records' });
  world.dropRecords(closedMs);
  expect(await world.report({ path: 'usage/completions', query, from: 'rollups' })).toEqual(told);
}

test('every report says what the records say, whatever was summed, came late or died on the way', async () => {
  const seen = { rolledUp: 0, reopened: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(stepArbitrary, { minLength: 3, maxLength: 14 }),
      fc.array(queryArbitrary, { minLength: 1, maxLength: 3 }),
      fc.record({ limit: fc.integer({ min: 1, max: 31 }), recordsMax: fc.integer({ min: 1, max: 30 }) }),
      fc.integer({ min: 1, max: 2 * DAY_MS }),
      // Calls of a report before which a whole sweep comes.
      fc.uniqueArray(fc.nat(20), { maxLength: 2 }),
      async (steps, queries, page, lengthMs, sweptAt) => {
        const world = await rollupWorld(tenant, START_MS + DAY_MS);
        const life: Life = { world, unfinished: [] };
        for (const step of steps) await live(life, step);
        await finish(life);
        const range = {
          start_time: [`${START_MS / 1000}`],
          end_time: [`${START_MS / 1000 + Math.ceil(lengthMs / 1000)}`],
        };
        for (const { path, width, groups } of queries) {
          const query = {
            ...range,
            bucket_width: [width],
            ...(groups.length > 0 && { group_by: groups }),
          };
          const limitMax = path === 'costs' ? 180 : BUCKET_WIDTHS[width as '1h'].limitMax;
          const mixed = await world.report({
            path,
            query: { ...query, limit: [`${width === '1m' ? limitMax : page.limit}`] },
            from: 'rollups',
            bounds: { recordsMax: page.recordsMax, firstRecordsMax: 1_000, groupsMax: 1_000 },
            incidents: new Map(sweptAt.map((call) => [call, () => world.sweep()])),
          });
          const raw = await world.report({
            path,
            query: { ...query, limit: [`${limitMax}`] },
            from: 'records',
          });
          expect(mixed).toEqual(raw);
        }
        for (let round = 0; round < 3; round += 1) seen.rolledUp += (await world.sweep())?.rolledUp ?? 0;
        await expectSealed(world);
        const progress = world.dynamo.dump('usage').get(`TENANT#${tenant.ref}|ROLLUPS`);
        seen.reopened += Number(progress?.['reopened']?.N ?? 0);
      },
    ),
    { numRuns: 200 },
  );
  // What was not explored would be no proof.
  expect([seen.rolledUp > 100, seen.reopened > 100]).toEqual([true, true]);
}, 120_000);
