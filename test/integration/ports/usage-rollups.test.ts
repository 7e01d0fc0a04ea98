import { createMemoryLimitsStore } from '../../../local/memory/limits-store.ts';
import { createMemoryUsageStore } from '../../../local/memory/usage-store.ts';
import type { Dynamo } from '../../../shared/aws/dynamo.ts';
import { createLimitsStore } from '../../../shared/aws/limits-store.ts';
import { createUsageRollups } from '../../../shared/aws/usage-rollups.ts';
import type { TenantRef } from '../../../shared/domain/ids.ts';
import {
  HOUR_MS,
  hourOf,
  LATE_AFTER_MS,
  type RolledHour,
  type RollupLine,
} from '../../../shared/domain/rollup.ts';
import type { LimitsStore, UsageRollups } from '../../../shared/ports.ts';
import { startTestDynamo } from '../../support/dynamodb.ts';
import {
  admissionOf,
  freshTenant,
  KEY,
  NOW_MS,
  OTHER_KEY,
  settlementOf,
  TABLES,
} from '../../support/limits-fixture.ts';
import { createMemoryDynamo, dynamoError } from '../../support/memory-dynamo.ts';

const START_MS = hourOf(NOW_MS);

interface World {
  readonly rollups: UsageRollups;
  readonly limits: LimitsStore;
  /** Of whoever settles. */
  readonly now: { ms: number };
}

function memoryWorld(): World {
  const usage = createMemoryUsageStore();
  return { rollups: usage.rollups, limits: createMemoryLimitsStore(usage), now: { ms: NOW_MS } };
}

function dynamoWorld(
  dynamo: Dynamo,
  tables: { readonly limitsTable: string; readonly usageTable: string } = TABLES,
): World {
  const now = { ms: NOW_MS };
  const clock = () => now.ms;
  const limits = createLimitsStore(
    { dynamo, ...tables, clock },
    { attemptsMax: 1, random: () => 0, wait: async () => {} },
  );
  return { rollups: createUsageRollups({ dynamo, table: tables.usageTable }), limits, now };
}

const server = await startTestDynamo();
const names = await server?.makeTables();
afterAll(() => server?.close());

const kinds: { readonly name: string; readonly open: () => World }[] = [
  { name: 'memory', open: memoryWorld },
  { name: 'DynamoDB, expressions interpreted', open: () => dynamoWorld(createMemoryDynamo()) },
];
if (server !== undefined && names !== undefined) {
  const tables = { limitsTable: names.limits, usageTable: names.usage };
  kinds.push({ name: 'DynamoDB, lean sender', open: () => dynamoWorld(server.lean, tables) });
}

const line = (of: Partial<RollupLine> = {}): RollupLine => ({
  key: KEY,
  model: 'amazon.nova-lite-v1:0',
  endpoint: 'chat.completions',
  serviceTier: 'standard',
  requests: 3,
  usage: { input: 1, output: 22, cacheRead: 333, cacheWrite: 4_444, images: 0 },
  nanoUsd: Number.MAX_SAFE_INTEGER,
  ...of,
});

/** As many groups as there are models. */
const lines = (count: number, requests = 1): readonly RollupLine[] =>
  Array.from({ length: count }, (_, at) => line({ model: `model-${at}`, requests }));

async function readAll(
  rollups: UsageRollups,
  tenant: TenantRef,
  range = { fromMs: 0, toMs: Number.POSITIVE_INFINITY },
): Promise<readonly RolledHour[]> {
  const hours: RolledHour[] = [];
  for await (const page of rollups.read(tenant, range)) hours.push(...page);
  return hours;
}

describe.each(kinds)('rollups in $name', ({ open }) => {
  let world: World;
  let tenant: TenantRef;
  beforeEach(() => {
    world = open();
    tenant = freshTenant();
  });
  /** Settles a request that was admitted at `atMs`, at the clock's time. */
  const settle = (index: number, atMs: number) =>
    world.limits.settle(settlementOf(admissionOf({ tenant, index, atMs }), { settledAtMs: world.now.ms }));
  const generationNow = async () => (await readAll(world.rollups, tenant))[0]?.generation ?? 0;

  test('a tenant of whom nothing is rolled up has neither progress nor hours', async () => {
    expect([await world.rollups.readProgress(tenant), await readAll(world.rollups, tenant)]).toEqual([
      { rolledToMs: 0, reopened: 0 },
      [],
    ]);
  });

  test('every field of a sealed hour survives', async () => {
    const all = [
      line(),
      line({ key: OTHER_KEY, endpoint: 'images', serviceTier: 'batch', model: 'a "model", [odd]' }),
      line({ endpoint: 'embeddings', serviceTier: 'flex', requests: 0, nanoUsd: 0 }),
    ];
    const outcome = await world.rollups.seal(tenant, { startMs: START_MS, generation: 0, lines: all });
    expect([outcome, await readAll(world.rollups, tenant)]).toEqual([
      'sealed',
      [{ startMs: START_MS, generation: 1, lines: all }],
    ]);
  });

  test('an hour may have more groups than an item holds, and may have none', async () => {
    await world.rollups.seal(tenant, { startMs: START_MS, generation: 0, lines: lines(1_234) });
    await world.rollups.seal(tenant, { startMs: START_MS + HOUR_MS, generation: 0, lines: [] });
    expect((await readAll(world.rollups, tenant)).map((hour) => hour.lines)).toEqual([lines(1_234), []]);
  });

  test('hours are whole, however the store cuts their items into pages', async () => {
    // Together beyond the megabyte that DynamoDB answers at once.
    for (let hour = 0; hour < 8; hour += 1) {
      const startMs = START_MS + hour * HOUR_MS;
      await world.rollups.seal(tenant, { startMs, generation: 0, lines: lines(1_700, hour + 1) });
    }
    const hours = await readAll(world.rollups, tenant);
    expect(hours.map((hour) => hour.lines)).toEqual(
      Array.from({ length: 8 }, (_, hour) => lines(1_700, hour + 1)),
    );
  });

  test('a range includes the hour it begins with, excludes that of its end, and is read in order', async () => {
    for (const hour of [3, 0, 2, 1]) {
      const startMs = START_MS + hour * HOUR_MS;
      await world.rollups.seal(tenant, { startMs, generation: 0, lines: lines(1) });
    }
    const read = async (fromMs: number, toMs: number) =>
      (await readAll(world.rollups, tenant, { fromMs, toMs })).map(
        ({ startMs }) => (startMs - START_MS) / HOUR_MS,
      );
    expect(await read(START_MS + HOUR_MS, START_MS + 3 * HOUR_MS)).toEqual([1, 2]);
    expect(await read(START_MS + 1, START_MS + 2 * HOUR_MS)).toEqual([1]);
    expect(await read(START_MS, START_MS)).toEqual([]);
    expect(await readAll(world.rollups, freshTenant())).toEqual([]);
  });

  test.each([1, 1_234])('of two who seal %i groups from the same state, one does', async (count) => {
    const hour = { startMs: START_MS, generation: 0 };
    const outcomes = await Promise.all([
      world.rollups.seal(tenant, { ...hour, lines: lines(count, 1) }),
      world.rollups.seal(tenant, { ...hour, lines: lines(count, 2) }),
    ]);
    const winner = outcomes.indexOf('sealed') + 1;
    expect([outcomes.toSorted(), (await readAll(world.rollups, tenant))[0]?.lines]).toEqual([
      ['overtaken', 'sealed'],
      lines(count, winner),
    ]);
  });

  test('a state that is no longer so seals nothing', async () => {
    await world.rollups.seal(tenant, { startMs: START_MS, generation: 0, lines: lines(1, 5) });
    const stale = await world.rollups.seal(tenant, { startMs: START_MS, generation: 0, lines: lines(1, 9) });
    expect([stale, (await readAll(world.rollups, tenant))[0]?.lines]).toEqual(['overtaken', lines(1, 5)]);
  });

  test('progress is noted once from each state', async () => {
    const from = await world.rollups.readProgress(tenant);
    const first = await world.rollups.advance(tenant, { from, toMs: START_MS });
    const stale = await world.rollups.advance(tenant, { from, toMs: START_MS + HOUR_MS });
    expect([first, stale, await world.rollups.readProgress(tenant)]).toEqual([
      true,
      false,
      { rolledToMs: START_MS, reopened: 0 },
    ]);
  });

  test('a record that comes late opens its sealed hour, and a sweep goes back to it', async () => {
    await settle(1, NOW_MS);
    const generation = await generationNow();
    await world.rollups.seal(tenant, { startMs: START_MS, generation, lines: lines(1) });
    const from = await world.rollups.readProgress(tenant);
    await world.rollups.advance(tenant, { from, toMs: START_MS + 5 * HOUR_MS });
    world.now.ms = START_MS + HOUR_MS + LATE_AFTER_MS;
    await settle(2, NOW_MS + 1);
    expect([await readAll(world.rollups, tenant), await world.rollups.readProgress(tenant)]).toEqual([
      [{ startMs: START_MS, generation: generation + 2, lines: undefined }],
      { rolledToMs: START_MS, reopened: 1 },
    ]);
  });

  test('a record that comes late keeps an hour that is being summed without it from being sealed', async () => {
    const generation = await generationNow();
    const from = await world.rollups.readProgress(tenant);
    world.now.ms = START_MS + HOUR_MS + LATE_AFTER_MS;
    await settle(1, NOW_MS);
    const sealed = await world.rollups.seal(tenant, { startMs: START_MS, generation, lines: [] });
    const advanced = await world.rollups.advance(tenant, { from, toMs: START_MS + HOUR_MS });
    expect([sealed, advanced, (await readAll(world.rollups, tenant)).map((hour) => hour.lines)]).toEqual([
      'overtaken',
      false,
      [undefined],
    ]);
  });

  test('a record in time leaves the progress alone', async () => {
    world.now.ms = START_MS + HOUR_MS + LATE_AFTER_MS - 1;
    await settle(1, NOW_MS);
    expect(await world.rollups.readProgress(tenant)).toEqual({ rolledToMs: 0, reopened: 0 });
  });
});

describe('rollups whose writer dies', () => {
  const tenant = freshTenant();
  /** What a writer does that dies at its `at`th write, before or after it. */
  const dyingAt = (
    dynamo: Dynamo,
    of: { readonly at: number; readonly when: 'before' | 'after' },
  ): Dynamo => {
    let writes = 0;
    return {
      ...dynamo,
      putItem: async (input) => {
        writes += 1;
        if (writes > of.at || (writes === of.at && of.when === 'before'))
          throw dynamoError('NetworkError', 'Dead.');
        const output = await dynamo.putItem(input);
        if (writes === of.at) throw dynamoError('NetworkError', 'Dead.');
        return output;
      },
    };
  };
  const deaths = [1, 2, 3, 4].flatMap((at) => [
    { at, when: 'before' as const },
    { at, when: 'after' as const },
  ]);

  test.each(deaths)(
    '$when write $at of four say all or nothing, and are sealed by the next',
    async (death) => {
      const dynamo = createMemoryDynamo();
      const { rollups } = dynamoWorld(dynamo);
      const dying = dynamoWorld(dyingAt(dynamo, death)).rollups;
      const [first, second] = [lines(1_234, 1), lines(1_100, 2)];
      await expect(
        dying.seal(tenant, { startMs: START_MS, generation: 0, lines: first }),
      ).rejects.toMatchObject({
        code: 'service_unavailable',
      });
      const isCommitted = death.at === 4 && death.when === 'after';
      const [left] = await readAll(rollups, tenant);
      expect(left?.lines).toEqual(isCommitted ? first : undefined);
      const generation = left?.generation ?? 0;
      expect(await rollups.seal(tenant, { startMs: START_MS, generation, lines: second })).toBe('sealed');
      expect((await readAll(rollups, tenant))[0]?.lines).toEqual(second);
    },
  );

  test('cannot write over what another has sealed meanwhile', async () => {
    const dynamo = createMemoryDynamo();
    const { rollups } = dynamoWorld(dynamo);
    let writes = 0;
    const slow = dynamoWorld({
      ...dynamo,
      putItem: async (input) => {
        writes += 1;
        // Behind its claim and before its first part comes another sweep.
        if (writes === 2) {
          const [hour] = await readAll(rollups, tenant);
          await rollups.seal(tenant, {
            startMs: START_MS,
            generation: hour?.generation ?? 0,
            lines: lines(1_100, 2),
          });
        }
        return dynamo.putItem(input);
      },
    }).rollups;
    const outcome = await slow.seal(tenant, { startMs: START_MS, generation: 0, lines: lines(1_234, 1) });
    expect([outcome, (await readAll(rollups, tenant))[0]?.lines]).toEqual(['overtaken', lines(1_100, 2)]);
  });

  test('between a late record and the opening of its hour are followed by who finds the entry', async () => {
    const dynamo = createMemoryDynamo();
    const { rollups, limits, now } = dynamoWorld(dynamo);
    await rollups.seal(tenant, { startMs: START_MS, generation: 0, lines: [] });
    now.ms = NOW_MS + 3 * HOUR_MS;
    // The record is the first put; the second opens the hour.
    const dying = dynamoWorld(dyingAt(dynamo, { at: 2, when: 'before' }));
    dying.now.ms = now.ms;
    const admission = admissionOf({ tenant, index: 1, atMs: NOW_MS });
    await limits.admit(admission);
    const settling = dying.limits.settle(settlementOf(admission, { settledAtMs: now.ms }));
    await expect(settling).rejects.toMatchObject({ code: 'service_unavailable' });
    expect((await readAll(rollups, tenant))[0]?.lines).toEqual([]);
    await limits.sweep(tenant, now.ms + HOUR_MS);
    expect([(await readAll(rollups, tenant))[0]?.lines, await rollups.readProgress(tenant)]).toEqual([
      undefined,
      { rolledToMs: 0, reopened: 1 },
    ]);
  });
});

describe('what is kept of rollups', () => {
  const dynamo = createMemoryDynamo();
  const { rollups } = dynamoWorld(dynamo);

  test('never expires, and an item is far below what DynamoDB takes', async () => {
    const tenant = freshTenant();
    const long = Array.from({ length: 1_234 }, (_, at) =>
      line({
        model: `arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/${at}`.padEnd(128, 'x'),
      }),
    );
    await rollups.seal(tenant, { startMs: START_MS, generation: 0, lines: long });
    const items = [...dynamo.dump(TABLES.usageTable).values()].filter(
      (item) => item['PK']?.S === `TENANT#${tenant}`,
    );
    expect(items.map((item) => [item['SK']?.S, item['ttl'], JSON.stringify(item).length < 200_000])).toEqual([
      ['ROLLUP#2026112020#0000', undefined, true],
      ['ROLLUP#2026112020#0001', undefined, true],
      ['ROLLUP#2026112020#0002', undefined, true],
    ]);
  });

  test.each([
    { trouble: 'lacks an item', parts: '4', generation: '2' },
    { trouble: 'has an item of another sealing', parts: '3', generation: '1' },
  ])('is open where an hour $trouble, as while another sweep is at it', async ({ parts, generation }) => {
    const tenant = freshTenant();
    await rollups.seal(tenant, { startMs: START_MS, generation: 0, lines: lines(1_234) });
    const items = dynamo.dump(TABLES.usageTable);
    const item = (part: string) => items.get(`TENANT#${tenant}|ROLLUP#2026112020#${part}`) ?? {};
    const rewrite = (Item: ReturnType<typeof item>) => dynamo.putItem({ TableName: TABLES.usageTable, Item });
    await rewrite({ ...item('0000'), parts: { N: parts } });
    await rewrite({ ...item('0001'), generation: { N: generation } });
    expect(await readAll(rollups, tenant)).toEqual([{ startMs: START_MS, generation: 2, lines: undefined }]);
  });

  test('and cannot be read rejects: part of a sum would be wrong', async () => {
    const tenant = freshTenant();
    const Item = {
      PK: { S: `TENANT#${tenant}` },
      SK: { S: 'ROLLUP#2026112020#0000' },
      generation: { N: '1' },
      parts: { N: '1' },
      lines: { L: [{ S: '["key"]' }] },
    };
    await dynamo.putItem({ TableName: TABLES.usageTable, Item });
    await expect(readAll(rollups, tenant)).rejects.toMatchObject({
      code: 'service_unavailable',
      cause: expect.any(TypeError),
    });
  });
});
