import type { Dynamo } from '../../../shared/aws/dynamo.ts';
import { putUsageRecord } from '../../../shared/aws/usage-store.ts';
import type { TenantRef } from '../../../shared/domain/ids.ts';
import type { UsageRecord } from '../../../shared/domain/usage.ts';
import { startTestDynamo } from '../../support/dynamodb.ts';
import {
  admissionOf,
  dynamoStores,
  freshTenant,
  memoryStores,
  NOW_MS,
  type Stores,
  settlementOf,
  TABLES,
} from '../../support/limits-fixture.ts';
import { createMemoryDynamo, dynamoError } from '../../support/memory-dynamo.ts';

const server = await startTestDynamo();
const names = await server?.makeTables();
afterAll(() => server?.close());

const kinds: { readonly name: string; readonly open: () => Stores }[] = [
  { name: 'memory', open: memoryStores },
  { name: 'DynamoDB, expressions interpreted', open: () => dynamoStores(createMemoryDynamo()) },
];
if (server !== undefined && names !== undefined) {
  const tables = { limitsTable: names.limits, usageTable: names.usage };
  kinds.push({ name: 'DynamoDB, lean sender', open: () => dynamoStores(server.lean, tables) });
}

async function readAll(stores: Stores, of: { tenant: TenantRef; fromMs: number; toMs: number }) {
  const pages: (readonly UsageRecord[])[] = [];
  for await (const page of stores.usage.read(of.tenant, of)) pages.push(page);
  return pages.flat();
}

describe.each(kinds)('the ledger in $name', ({ open }) => {
  let stores: Stores;
  let tenant: TenantRef;
  beforeEach(() => {
    stores = open();
    tenant = freshTenant();
  });
  const settleAt = async (index: number, atMs: number) => {
    const settlement = settlementOf(admissionOf({ tenant, index, atMs }));
    await stores.limits.settle(settlement);
    return settlement.record;
  };

  test('a range includes its first millisecond and excludes its last, in the order of the requests', async () => {
    const times = [NOW_MS - 1, NOW_MS, NOW_MS + 500, NOW_MS + 999, NOW_MS + 1_000];
    const records = [];
    for (const [index, atMs] of times.entries()) records.push(await settleAt(9 - index, atMs));
    const range = { tenant, fromMs: NOW_MS, toMs: NOW_MS + 1_000 };
    expect(await readAll(stores, range)).toEqual(records.slice(1, 4));
  });

  test('an empty or backward range and an unknown tenant have no records', async () => {
    await settleAt(1, NOW_MS);
    expect(await readAll(stores, { tenant, fromMs: NOW_MS, toMs: NOW_MS })).toEqual([]);
    expect(await readAll(stores, { tenant, fromMs: NOW_MS + 1, toMs: NOW_MS - 1 })).toEqual([]);
    expect(await readAll(stores, { tenant: freshTenant(), fromMs: 0, toMs: 2 * NOW_MS })).toEqual([]);
  });

  test('a range may begin before time and end after it', async () => {
    const record = await settleAt(1, NOW_MS);
    const range = { tenant, fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
    expect(await readAll(stores, range)).toEqual([record]);
  });

  test('every field of a record survives', async () => {
    const { admission, record } = settlementOf(admissionOf({ tenant, index: 1 }));
    const full: UsageRecord = {
      ...record,
      outcome: 'abandoned',
      estimated: true,
      usage: {
        input: 1,
        output: 22,
        cacheRead: 333,
        cacheWrite: Number.MAX_SAFE_INTEGER - 356,
        cacheWrite1h: 4444,
      },
      nanoUsd: Number.MAX_SAFE_INTEGER,
    };
    await stores.limits.settle({ admission, record: full });
    expect(await readAll(stores, { tenant, fromMs: NOW_MS, toMs: NOW_MS + 1 })).toEqual([full]);
  });
});

describe('the ledger’s pages', () => {
  const dynamo = createMemoryDynamo();
  const usage = { dynamo, table: TABLES.usageTable };

  test('are read to the last, one query each', async () => {
    const tenant = freshTenant();
    const twoAtATime: Dynamo = {
      ...dynamo,
      query: async (input) => {
        const output = await dynamo.query(input);
        const [first, second, third] = output.Items ?? [];
        const { PK, SK } = second ?? {};
        if (first === undefined || second === undefined || third === undefined) return output;
        if (PK === undefined || SK === undefined) return output;
        return { ...output, Items: [first, second], LastEvaluatedKey: { PK, SK } };
      },
    };
    const records = [1, 2, 3, 4, 5].map((index) => settlementOf(admissionOf({ tenant, index })).record);
    for (const record of records) await putUsageRecord(usage, record);
    const sizes: number[] = [];
    const range = { fromMs: NOW_MS, toMs: NOW_MS + 1 };
    for await (const page of dynamoStores(twoAtATime).usage.read(tenant, range)) sizes.push(page.length);
    expect(sizes).toEqual([2, 2, 1]);
  });

  test('that cannot be read reject as unavailable', async () => {
    const query = () => Promise.reject(dynamoError('NetworkError', 'No answer.'));
    const stores = dynamoStores({ ...dynamo, query });
    const reading = readAll(stores, { tenant: freshTenant(), fromMs: 0, toMs: NOW_MS });
    await expect(reading).rejects.toMatchObject({ code: 'service_unavailable' });
  });

  test('with an item that is no usage record reject: part of a sum would be wrong', async () => {
    const tenant = freshTenant();
    const { record } = settlementOf(admissionOf({ tenant, index: 1 }));
    const Item = { PK: { S: `TENANT#${tenant}` }, SK: { S: `USAGE#${record.request}` } };
    await dynamo.putItem({ TableName: TABLES.usageTable, Item });
    const reading = readAll(dynamoStores(dynamo), { tenant, fromMs: NOW_MS, toMs: NOW_MS + 1 });
    await expect(reading).rejects.toMatchObject({
      code: 'service_unavailable',
      cause: expect.any(TypeError),
    });
  });

  test('a record is written once, and may expire after its retention', async () => {
    const tenant = freshTenant();
    const { record } = settlementOf(admissionOf({ tenant, index: 1 }));
    await putUsageRecord({ ...usage, retentionDays: 400 }, record);
    await putUsageRecord(usage, { ...record, nanoUsd: 1 });
    const item = dynamo.dump(TABLES.usageTable).get(`TENANT#${tenant}|USAGE#${record.request}`);
    expect(item).toMatchObject({
      nanoUsd: { N: '1000' },
      ttl: { N: String(Math.floor(record.settledAtMs / 1_000) + 400 * 86_400) },
    });
  });
});
