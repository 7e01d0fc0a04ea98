/** What recovery does where something is in its way: an entry that it cannot read, a write that fails, an item that is full. */
import type { Dynamo } from '../../../shared/aws/dynamo.ts';
import { entryName, limitsKey } from '../../../shared/aws/limits-item.ts';
import { COUNTER_KINDS, counterName } from '../../../shared/domain/counter.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import type { RequestId, TenantRef } from '../../../shared/domain/ids.ts';
import type { LimitSet, TenantLimits } from '../../../shared/domain/limits.ts';
import { modelBehind } from '../../../shared/domain/model-access.ts';
import { startTestDynamo } from '../../support/dynamodb.ts';
import {
  admissionOf,
  dynamoStores,
  freshTenant,
  LIFETIME_MS,
  limitsItemOf,
  MODEL,
  NOW_MS,
  recordsOf,
  type Stores,
  settlementOf,
  TABLES,
} from '../../support/limits-fixture.ts';
import { createMemoryDynamo, dynamoError } from '../../support/memory-dynamo.ts';

const server = await startTestDynamo();
const names = await server?.makeTables();
afterAll(() => server?.close());

interface Kind {
  readonly name: string;
  readonly dynamo: Dynamo;
  readonly tables: { readonly limitsTable: string; readonly usageTable: string };
}
const kinds: Kind[] = [{ name: 'expressions interpreted', dynamo: createMemoryDynamo(), tables: TABLES }];
if (server !== undefined && names !== undefined) {
  const tables = { limitsTable: names.limits, usageTable: names.usage };
  kinds.push({ name: 'lean sender', dynamo: server.lean, tables });
}

const MINUTE_MS = 60_000;
const EVERY_LIMIT: LimitSet = {
  ...{ requestsPerMinute: 90, requestsPerDay: 90 },
  ...{ tokensPerMinute: 900, tokensPerDay: 900, tokensPerMonth: 900 },
  ...{ nanoUsdPerDay: 90_000, nanoUsdPerMonth: 90_000 },
};
const SMOOTH: Partial<TenantLimits> = {
  ...EVERY_LIMIT,
  smoothing: '10s',
  models: [{ model: modelBehind(MODEL), limits: EVERY_LIMIT }],
};

describe.each(kinds)('recovery, $name', ({ dynamo, tables }) => {
  let stores: Stores;
  let tenant: TenantRef;
  beforeEach(() => {
    stores = dynamoStores(dynamo, tables);
    tenant = freshTenant();
  });
  const read = () => limitsItemOf(dynamo, { tenant, table: tables.limitsTable });
  const namesLike = async (pattern: RegExp) =>
    Object.keys(await read())
      .filter((name) => pattern.test(name))
      .sort();
  const entries = () => namesLike(/^r#/);
  const overwrite = (request: RequestId, text: string) =>
    dynamo.updateItem({
      TableName: tables.limitsTable,
      Key: limitsKey(tenant),
      UpdateExpression: 'SET #r = :text',
      ExpressionAttributeNames: { '#r': entryName(request) },
      ExpressionAttributeValues: { ':text': { S: text } },
    });
  const passBy = async (index: number, atMs: number) => {
    const passing = admissionOf({
      tenant,
      index,
      atMs,
      limits: SMOOTH,
      accountLimits: EVERY_LIMIT,
      tokens: 1,
      nanoUsd: 1,
    });
    await stores.limits.admit(passing);
    await stores.limits.settle(settlementOf(passing));
    return passing;
  };

  test.each(['R', 'Rmwpf', 'Rmwpfpz3cbroken', 'S?', 'Q?'])(
    'an entry that nobody can read (%s) keeps the counters of its own time alone, however long traffic goes on',
    async (text) => {
      const broken = admissionOf({ tenant, index: 1, limits: SMOOTH, accountLimits: EVERY_LIMIT });
      await stores.limits.admit(broken);
      await overwrite(broken.request, text);
      for (let step = 1; step <= 30; step += 1) await passBy(step + 1, NOW_MS + step * 20 * MINUTE_MS);
      const last = await passBy(40, NOW_MS + 700 * MINUTE_MS);
      const now = last.charges.map(counterName);
      const kept = text.startsWith('S') ? [] : broken.charges.map(counterName);
      expect(await namesLike(/^[a-z]{3,4}#/)).toEqual([...new Set([...kept, ...now])].sort());
      expect(await entries()).toContain(entryName(broken.request));
    },
  );

  test('an operator is told of an entry that nobody can read, by each sweep, once its request has long ended', async () => {
    const broken = admissionOf({ tenant, index: 1 });
    await stores.limits.admit(broken);
    await stores.limits.admit(admissionOf({ tenant, index: 2 }));
    await overwrite(broken.request, 'Rmwpfpz3cbroken');
    await stores.limits.sweep(tenant, NOW_MS + 15 * MINUTE_MS);
    const told = () => stores.events.filter(({ event }) => event === 'limits.entry-unreadable');
    expect(told()).toEqual([]);
    await stores.limits.sweep(tenant, NOW_MS + 17 * MINUTE_MS);
    const event = { level: 'error', event: 'limits.entry-unreadable', tenant, request: broken.request };
    expect(told()).toEqual([event]);
    await stores.limits.sweep(tenant, NOW_MS + 77 * MINUTE_MS);
    expect(told()).toEqual([event, event]);
  });

  test('an orphan of the first version is charged as that version reserved it', async () => {
    const { request } = admissionOf({ tenant, index: 1 });
    const text = 'Rmwpfs7tcAb12CdEf34kkqo.rs.1lvc.MDRTmdrt.us.anthropic.claude-sonnet-4-5-20250929-v1:0';
    await overwrite(request, text);
    await dynamo.updateItem({
      TableName: tables.limitsTable,
      Key: limitsKey(tenant),
      UpdateExpression: 'ADD inflight :one, #m :money, #t :tokens',
      ExpressionAttributeNames: { '#m': 'usd#202611', '#t': 'tpm#202611202017#Ab12Cd' },
      ExpressionAttributeValues: { ':one': { N: '1' }, ':money': { N: '75000' }, ':tokens': { N: '1000' } },
    });
    expect(await stores.limits.sweep(tenant, NOW_MS + 17 * MINUTE_MS)).toBe(1);
    expect(await recordsOf(stores, tenant)).toEqual([
      expect.objectContaining({
        ...{ request, account: 'Ab12Cd', key: 'Ab12CdEf34', outcome: 'orphaned', nanoUsd: 75_000 },
        ...{ endpoint: 'chat.completions', serviceTier: 'standard', startedAtMs: NOW_MS },
        usage: { input: 1_000, output: 0, cacheRead: 0, cacheWrite: 0 },
      }),
    ]);
    await stores.limits.sweep(tenant, NOW_MS + 20 * MINUTE_MS);
    const { PK, SK, ...left } = await read();
    expect(left).toEqual({ inflight: { N: '0' }, 'usd#202611': { N: '75000' } });
  });

  test('an entry that cannot be settled keeps no other waiting, and the sweep says that it failed', async () => {
    const [first, second, third] = [1, 2, 3].map((index) => admissionOf({ tenant, index }));
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('Three were made.');
    const settled = admissionOf({ tenant, index: 4 });
    for (const admission of [settled, first, second, third]) await stores.limits.admit(admission);
    await stores.limits.settle(settlementOf(settled));
    const poisoned = dynamoStores(
      {
        ...dynamo,
        updateItem: (input) =>
          Object.values(input.ExpressionAttributeNames ?? {}).includes(entryName(first.request))
            ? Promise.reject(dynamoError('ValidationException', 'Item size has exceeded the maximum.'))
            : dynamo.updateItem(input),
      },
      tables,
    );
    const laterMs = NOW_MS + 10 * MINUTE_MS;
    await expect(poisoned.limits.sweep(tenant, laterMs)).rejects.toThrow(GatewayError);
    const left = [first, second, third].map(({ request }) => entryName(request));
    expect(await entries()).toEqual(left);
    expect((await read())['inflight']).toEqual({ N: '1' });
    expect((await recordsOf(stores, tenant)).map(({ outcome }) => outcome).sort()).toEqual([
      'completed',
      'orphaned',
      'orphaned',
    ]);
    expect(poisoned.events.filter(({ event }) => event === 'limits.recovery-failed')).toEqual([
      expect.objectContaining({ level: 'warn', tenant, request: first.request }),
    ]);
    expect(await stores.limits.sweep(tenant, laterMs)).toBe(1);
  });

  test('an S whose record cannot be written stays, and what else there is goes', async () => {
    const dead = dynamoStores(
      { ...dynamo, putItem: () => Promise.reject(dynamoError('NetworkError', 'Lost.')) },
      tables,
    );
    const settled = admissionOf({ tenant, index: 1 });
    await dead.limits.admit(settled);
    await expect(dead.limits.settle(settlementOf(settled))).rejects.toThrow(GatewayError);
    const laterMs = NOW_MS + 10 * MINUTE_MS;
    await expect(dead.limits.sweep(tenant, laterMs)).rejects.toThrow(GatewayError);
    expect(await entries()).toEqual([entryName(settled.request)]);
    expect(await namesLike(/^.pm#/)).toEqual([]);
    await stores.limits.sweep(tenant, laterMs);
    expect(await entries()).toEqual([]);
    expect(await recordsOf(stores, tenant)).toHaveLength(1);
  });

  test('an item that is full is emptied before anything on it grows', async () => {
    for (const index of [1, 2]) await stores.limits.admit(admissionOf({ tenant, index }));
    const settled = admissionOf({ tenant, index: 3 });
    await stores.limits.admit(settled);
    await stores.limits.settle(settlementOf(settled));
    const sizeMax = Object.keys(await read()).length - 1;
    const full = dynamoStores(
      {
        ...dynamo,
        updateItem: async (input) => {
          const grows = input.UpdateExpression?.startsWith('SET') === true;
          if (!grows || Object.keys(await read()).length <= sizeMax) return await dynamo.updateItem(input);
          throw dynamoError('ValidationException', 'Item size has exceeded the maximum.');
        },
      },
      tables,
    );
    expect(await full.limits.sweep(tenant, NOW_MS + LIFETIME_MS + 2 * MINUTE_MS)).toBe(2);
  });

  test('requests that begin every counter there is leave none of them to the sweep', async () => {
    for (const month of [0, 1, 2, 3]) {
      const { charges } = await passBy(month + 1, NOW_MS + month * 32 * 24 * 60 * MINUTE_MS);
      expect(charges).toHaveLength(3 * COUNTER_KINDS.length);
      expect(await namesLike(/^[a-z]{3,4}#/)).toEqual(charges.map(counterName).sort());
    }
  });
});
