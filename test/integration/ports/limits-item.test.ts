/** What the limits store leaves on its item, through the real protocol and on the interpreter of expressions. */
import type { Dynamo } from '../../../shared/aws/dynamo.ts';
import { DynamoError } from '../../../shared/aws/dynamo-error.ts';
import { entryName } from '../../../shared/aws/limits-item.ts';
import { counterName } from '../../../shared/domain/counter.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import type { TenantRef } from '../../../shared/domain/ids.ts';
import { startTestDynamo } from '../../support/dynamodb.ts';
import {
  admissionOf,
  admittedWith,
  committedAt,
  dynamoStores,
  freshTenant,
  LIFETIME_MS,
  limitsItemOf,
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

/** A sender that does what `fault` says to chosen calls. */
const faulty = (dynamo: Dynamo, fault: Partial<Dynamo>): Dynamo => ({ ...dynamo, ...fault });
const lost = (): Promise<never> => Promise.reject(dynamoError('NetworkError', 'The answer was lost.'));

describe.each(kinds)('the limits item, $name', ({ dynamo, tables }) => {
  let stores: Stores;
  let tenant: TenantRef;
  beforeEach(() => {
    stores = dynamoStores(dynamo, tables);
    tenant = freshTenant();
  });
  const read = () => limitsItemOf(dynamo, { tenant, table: tables.limitsTable });
  const entries = async () => Object.keys(await read()).filter((name) => name.startsWith('r#'));

  test('the next write of the same process removes a finished entry', async () => {
    const [first, second] = [1, 2].map((index) => admissionOf({ tenant, index }));
    if (first === undefined || second === undefined) throw new Error('Two were made.');
    await stores.limits.admit(first);
    await stores.limits.settle(settlementOf(first));
    expect(await entries()).toEqual([entryName(first.request)]);
    await stores.limits.admit(second);
    expect(await entries()).toEqual([entryName(second.request)]);
  });

  test('a request after a pause of a minute and a half costs three calls, like any other', async () => {
    const calls: string[] = [];
    const calledEach: unknown[] = [];
    const noting =
      <Input, Output>(name: string, call: (input: Input) => Output) =>
      (input: Input): Output => {
        calls.push(name);
        return call(input);
      };
    const counted = faulty(dynamo, {
      getItem: noting('get', dynamo.getItem),
      putItem: noting('put', dynamo.putItem),
      updateItem: noting('update', dynamo.updateItem),
    });
    const { limits } = dynamoStores(counted, tables);
    for (const [index, atMs] of [NOW_MS, NOW_MS + 90_000].entries()) {
      const admission = admissionOf({ tenant, index, atMs });
      calls.length = 0;
      await limits.admit(admission);
      await limits.settle(settlementOf(admission));
      calledEach.push([...calls]);
      expect(await entries()).toEqual([entryName(admission.request)]);
    }
    const [first, second] = calledEach;
    expect(first).toEqual(['update', 'update', 'put']);
    expect(second).toEqual(first);
  });

  test('an entry whose first settlement failed stays while a duplicate of that may arrive', async () => {
    let down = false;
    const failing = faulty(dynamo, {
      updateItem: (input) => (down ? lost() : dynamo.updateItem(input)),
    });
    const { limits } = dynamoStores(failing, tables);
    const admission = admissionOf({ tenant, index: 1 });
    await limits.admit(admission);
    down = true;
    await expect(limits.settle(settlementOf(admission))).rejects.toThrow(GatewayError);
    down = false;
    await limits.settle(settlementOf(admission));
    await limits.admit(admissionOf({ tenant, index: 2, atMs: NOW_MS + 6_000 }));
    expect(await entries()).toContain(entryName(admission.request));
  });

  test('an entry whose writes had to be sent twice stays while a duplicate may arrive, then goes', async () => {
    const twice = faulty(dynamo, {
      updateItem: async (input) => ({ ...(await dynamo.updateItem(input)), $metadata: { attempts: 2 } }),
    });
    const { limits } = dynamoStores(twice, tables);
    const admission = admissionOf({ tenant, index: 1 });
    const settledAtMs = NOW_MS + 1_000;
    await limits.admit(admission);
    await limits.settle(settlementOf(admission, { settledAtMs }));
    await limits.admit(admissionOf({ tenant, index: 2, atMs: settledAtMs + 5_000 }));
    expect(await entries()).toContain(entryName(admission.request));
    await limits.admit(admissionOf({ tenant, index: 3, atMs: settledAtMs + 7_000 }));
    expect(await entries()).not.toContain(entryName(admission.request));
  });

  test('an admission and a settlement whose first answers were lost count once', async () => {
    const lossy = faulty(dynamo, {
      updateItem: async (input) => {
        await dynamo.updateItem(input).catch(() => undefined);
        return await dynamo.updateItem(input);
      },
    });
    const { limits } = dynamoStores(lossy, tables);
    const admission = admissionOf({ tenant, index: 1 });
    const settlement = settlementOf(admission, { tokens: 4, nanoUsd: 300 });
    expect(await limits.admit(admission)).toEqual(admittedWith({ tokens: 10, nanoUsd: 1_000, requests: 1 }));
    await limits.settle(settlement);
    expect(await committedAt(stores, tenant)).toEqual([4, 300]);
    expect(await recordsOf(stores, tenant)).toEqual([settlement.record]);
  });

  test('who finds an S left by a dead process writes its record and removes it a minute later', async () => {
    const admission = admissionOf({ tenant, index: 1 });
    const settlement = settlementOf(admission, { tokens: 3, nanoUsd: 200 });
    const dying = dynamoStores(faulty(dynamo, { putItem: lost }), tables).limits;
    await dying.admit(admission);
    await expect(dying.settle(settlement)).rejects.toThrow(GatewayError);
    expect(await recordsOf(stores, tenant)).toEqual([]);
    const later = admissionOf({ tenant, index: 2, atMs: NOW_MS + 1_000 + MINUTE_MS });
    await stores.limits.admit(later);
    await stores.limits.settle(settlementOf(later, { tokens: 0, nanoUsd: 0 }));
    expect(await recordsOf(stores, tenant)).toContainEqual(settlement.record);
    expect(await entries()).toEqual([entryName(later.request)]);
    expect(await committedAt(stores, tenant)).toEqual([3, 200]);
  });

  test('a settlement that finds its own S finishes the record that the counters hold', async () => {
    const admission = admissionOf({ tenant, index: 1 });
    const charged = settlementOf(admission, { tokens: 3, nanoUsd: 200 });
    await stores.limits.admit(admission);
    const dying = dynamoStores(faulty(dynamo, { putItem: lost }), tables).limits;
    await expect(dying.settle(charged)).rejects.toThrow(GatewayError);
    await stores.limits.settle(settlementOf(admission, { tokens: 9, nanoUsd: 900 }));
    expect(await recordsOf(stores, tenant)).toEqual([charged.record]);
    expect(await committedAt(stores, tenant)).toEqual([3, 200]);
  });

  test('a late duplicate reserves, and the next settlement after its expiry gives everything back', async () => {
    const admission = admissionOf({ tenant, index: 1 });
    await stores.limits.admit(admission);
    await stores.limits.settle(settlementOf(admission, { tokens: 4, nanoUsd: 300 }));
    await committedAt(stores, tenant);
    await stores.another().admit(admission);
    expect(await read()).toMatchObject({
      inflight: { N: '1' },
      'usd#202611': { N: '1300' },
      'rpd#20261120': { N: '3' },
    });
    const later = admissionOf({ tenant, index: 2, atMs: NOW_MS + LIFETIME_MS + 1, nanoUsd: 0 });
    await stores.limits.admit(later);
    await stores.limits.settle(settlementOf(later));
    expect(await read()).toMatchObject({
      inflight: { N: '0' },
      'usd#202611': { N: '300' },
      'rpd#20261120': { N: '3' },
    });
    expect(stores.events).toContainEqual(
      expect.objectContaining({ event: 'limits.late-duplicate-released' }),
    );
  });

  test('counters of past periods go two minutes after, but never while an entry refers to them', async () => {
    const longMs = 10 * MINUTE_MS;
    const held = { ...admissionOf({ tenant, index: 1 }), expiresAtMs: NOW_MS + longMs };
    const other = admissionOf({ tenant, index: 2, atMs: NOW_MS + MINUTE_MS });
    await stores.limits.admit(held);
    await stores.limits.admit(other);
    await stores.limits.settle(settlementOf(other));
    const counters = async () => Object.keys(await read()).filter((name) => name.startsWith('tpm#'));
    const passBy = async (index: number, atMs: number) => {
      const passing = admissionOf({ tenant, index, atMs, tokens: 0 });
      await stores.limits.admit(passing);
      await stores.limits.settle(settlementOf(passing));
    };
    await passBy(3, NOW_MS + 2 * MINUTE_MS);
    expect(await counters()).toEqual(expect.arrayContaining(['tpm#202611202017', 'tpm#202611202018']));
    await passBy(4, NOW_MS + 4 * MINUTE_MS);
    expect(await counters()).toEqual(expect.arrayContaining(['tpm#202611202017', 'tpm#202611202021']));
    expect(await counters()).not.toContain('tpm#202611202018');
    expect((await read())['tpm#202611202017']).toEqual({ N: '10' });
    await stores.limits.settle(settlementOf(held, { tokens: 2, settledAtMs: NOW_MS + 5 * MINUTE_MS }));
    expect(await counters()).toEqual(['tpm#202611202021']);
    await stores.limits.sweep(tenant, NOW_MS + 7 * MINUTE_MS);
    expect(await counters()).toEqual([]);
    expect((await read())['usd#202611']).toEqual({ N: '4000' });
  });

  test('an account’s counters go with their periods, and names of later versions stay', async () => {
    const accountLimits = {
      requestsPerMinute: 9,
      requestsPerDay: 9,
      tokensPerMinute: 90,
      nanoUsdPerMonth: 9_000,
    };
    const admission = admissionOf({ tenant, index: 1, accountLimits });
    await stores.limits.admit(admission);
    const later = ['rpd#20261120#Ab12Cd#m', 'tpw#20261116', 'tph#2026112020'];
    await dynamo.updateItem({
      TableName: tables.limitsTable,
      Key: { PK: { S: `TENANT#${tenant}` }, SK: { S: 'LIMITS' } },
      UpdateExpression: 'ADD #a :one, #b :one, #c :one',
      ExpressionAttributeNames: Object.fromEntries(later.map((name, index) => [`#${'abc'[index]}`, name])),
      ExpressionAttributeValues: { ':one': { N: '1' } },
    });
    const counters = async () =>
      Object.keys(await read())
        .filter((name) => /^[a-z]{3,4}#/.test(name))
        .sort();
    const own = admission.charges.map(counterName);
    expect(own).toHaveLength(11);
    expect(await counters()).toEqual([...own, ...later].sort());
    await stores.limits.sweep(tenant, NOW_MS + 10 * MINUTE_MS);
    await stores.limits.sweep(tenant, NOW_MS + 10 * MINUTE_MS);
    expect(await counters()).toEqual([...own.filter((name) => !/^.pm#/.test(name)), ...later].sort());
    // What was spent in a month is asked for a while after it, by alerts.
    await stores.limits.sweep(tenant, Date.UTC(2026, 11, 1, 3, 59));
    expect(await counters()).toEqual([...own.filter((name) => name.startsWith('usd#')), ...later].sort());
    await stores.limits.sweep(tenant, Date.UTC(2026, 11, 1, 4));
    expect(await counters()).toEqual(later.sort());
  });

  test('the sweep leaves nothing of a silent tenant but what this month and this day count', async () => {
    for (const index of [1, 2, 3]) await stores.limits.admit(admissionOf({ tenant, index }));
    expect(await stores.another().sweep(tenant, NOW_MS + LIFETIME_MS + 1)).toBe(3);
    expect(await stores.another().sweep(tenant, NOW_MS + 10 * MINUTE_MS)).toBe(0);
    const { PK, SK, ...left } = await read();
    expect(left).toEqual({
      lv: { N: '1' },
      inflight: { N: '0' },
      'usd#202611': { N: '3000' },
      'tpmo#202611': { N: '30' },
      'usdd#20261120': { N: '3000' },
      'tpd#20261120': { N: '30' },
      'rpd#20261120': { N: '3' },
    });
  });

  test('an entry of a later version is left alone, and so are the counters it may refer to', async () => {
    const admission = admissionOf({ tenant, index: 1 });
    await stores.limits.admit(admission);
    await dynamo.updateItem({
      TableName: tables.limitsTable,
      Key: { PK: { S: `TENANT#${tenant}` }, SK: { S: 'LIMITS' } },
      UpdateExpression: 'SET #r = :later',
      ExpressionAttributeNames: { '#r': entryName(admission.request) },
      ExpressionAttributeValues: { ':later': { S: 'Q?' } },
    });
    const before = await read();
    expect(await stores.limits.sweep(tenant, NOW_MS + 10 * MINUTE_MS)).toBe(0);
    expect(await read()).toEqual(before);
    await expect(stores.limits.settle(settlementOf(admission))).rejects.toThrow(GatewayError);
  });

  test('a settlement outlives a burst of throttling', async () => {
    let throttles = 5;
    const throttled = faulty(dynamo, {
      updateItem: (input) => {
        throttles -= 1;
        const error = dynamoError('ProvisionedThroughputExceededException', 'Slow down.');
        return throttles >= 0 ? Promise.reject(error) : dynamo.updateItem(input);
      },
    });
    const admission = admissionOf({ tenant, index: 1 });
    await stores.limits.admit(admission);
    await dynamoStores(throttled, tables).limits.settle(settlementOf(admission, { tokens: 1, nanoUsd: 1 }));
    expect(await committedAt(stores, tenant)).toEqual([1, 1]);
  });

  test('a refusal that the sender judged to be lasting is met once', async () => {
    const calls: unknown[] = [];
    const expired = new DynamoError({
      name: 'ExpiredTokenException',
      message: 'told',
      retryable: false,
      $metadata: {},
    });
    const refusing = faulty(dynamo, {
      updateItem: (input) => {
        calls.push(input);
        return Promise.reject(expired);
      },
    });
    const { limits } = dynamoStores(refusing, tables);
    await expect(limits.settle(settlementOf(admissionOf({ tenant, index: 1 })))).rejects.toThrow(
      GatewayError,
    );
    expect(calls).toHaveLength(1);
  });

  test('a store that does not answer is unavailable: nobody is admitted on a guess', async () => {
    const down = faulty(dynamo, { updateItem: lost, getItem: lost });
    const { limits } = dynamoStores(down, tables);
    const admission = admissionOf({ tenant, index: 1 });
    const unavailable = expect.objectContaining({ code: 'service_unavailable', retryAfterMs: 1_000 });
    await expect(limits.admit(admission)).rejects.toEqual(unavailable);
    await expect(limits.settle(settlementOf(admission))).rejects.toEqual(unavailable);
    await expect(limits.sweep(tenant, NOW_MS)).rejects.toEqual(unavailable);
    await expect(limits.readSpend(tenant, NOW_MS)).rejects.toEqual(unavailable);
  });

  test('a failure while tidying up after others fails nobody’s settlement', async () => {
    await stores.limits.admit(admissionOf({ tenant, index: 1 }));
    const later = admissionOf({ tenant, index: 2, atMs: NOW_MS + LIFETIME_MS + 1 });
    const halfBlind = dynamoStores(faulty(dynamo, { getItem: lost }), tables);
    await halfBlind.limits.admit(later);
    await halfBlind.limits.settle(settlementOf(later));
    expect(halfBlind.events).toContainEqual(expect.objectContaining({ event: 'limits.recovery-failed' }));
    expect((await recordsOf(stores, tenant)).map(({ outcome }) => outcome)).toEqual(['completed']);
  });

  test('an overrun and a charge without a reservation are reported', async () => {
    const overrun = admissionOf({ tenant, index: 1 });
    await stores.limits.admit(overrun);
    await stores.limits.settle(settlementOf(overrun, { tokens: 11 }));
    await stores.limits.settle(settlementOf(admissionOf({ tenant, index: 2 })));
    expect(stores.events.map(({ level, event }) => [level, event])).toEqual([
      ['error', 'limits.reservation-exceeded'],
      ['error', 'limits.charged-without-reservation'],
    ]);
  });

  const ESTIMATE = { tokens: 10, debtTokens: 5, nanoUsd: 1_000, debtNanoUsd: 500 };
  const BEDROCK = { tokens: 30, minuteTokens: 40, outputFactor: 5 };
  test.each([
    ['tokens beyond a bound', {}, { tokens: 11 }],
    ['money beyond a bound', {}, { nanoUsd: 1_001 }],
    ['tokens beyond the debt', ESTIMATE, { tokens: 16 }],
    ['money beyond the debt', ESTIMATE, { nanoUsd: 1_501 }],
    ['tokens a minute beyond a bound, 7 + 7 * 5 of them', BEDROCK, { tokens: 14 }],
    ['tokens a minute beyond the debt', { ...ESTIMATE, ...BEDROCK, debtMinuteTokens: 1 }, { tokens: 14 }],
  ])('an overrun is reported: %s', async (_, asked, used) => {
    const overrun = admissionOf({ tenant, index: 1, ...asked });
    await stores.limits.admit(overrun);
    await stores.limits.settle(settlementOf(overrun, used));
    const event = expect.objectContaining({ level: 'error', event: 'limits.reservation-exceeded', tenant });
    expect(stores.events).toEqual([event]);
  });

  test.each([
    ['a bound', {}, { tokens: 10, nanoUsd: 1_000 }],
    ['an estimate and its debt', ESTIMATE, { tokens: 15, nanoUsd: 1_500 }],
    ['an estimate and its debt a minute', { ...ESTIMATE, ...BEDROCK, debtMinuteTokens: 2 }, { tokens: 14 }],
  ])('what is used up to %s is no overrun', async (_, asked, used) => {
    const within = admissionOf({ tenant, index: 1, ...asked });
    await stores.limits.admit(within);
    await stores.limits.settle(settlementOf(within, used));
    expect(stores.events).toEqual([]);
  });
});
