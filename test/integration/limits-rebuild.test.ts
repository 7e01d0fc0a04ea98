/** `npm run limits:rebuild` as an operator runs it, and what it does while requests come in. */
import path from 'node:path';
import { startDynamoDb } from '../../local/dynamodb/start.ts';
import { createTables, tableNamed } from '../../local/dynamodb/tables.ts';
import { localAccess } from '../../local/stack/identity.ts';
import { compareLimits, rebuildLimits } from '../../shared/aws/limits-rebuild.ts';
import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';
import { createUsageStore } from '../../shared/aws/usage-store.ts';
import { insert } from '../../shared/domain/change.ts';
import { accountOfKey, newTenantRef, projectId, type TenantRef } from '../../shared/domain/ids.ts';
import { DEFAULT_LIMITS } from '../../shared/domain/limits.ts';
import { ROOT, startProcess } from '../support/child-process.ts';
import { sendersTo } from '../support/dynamodb.ts';
import {
  admissionOf,
  dynamoStores,
  freshTenant,
  KEY,
  limitsItemOf,
  NOW_MS,
  settlementOf,
  TABLES,
} from '../support/limits-fixture.ts';
import { createMemoryDynamo } from '../support/memory-dynamo.ts';
import { seededRandom } from '../support/random.ts';
import { accountEntity, tenantEntity } from '../support/tenancy-entities.ts';

const server = await startDynamoDb();
const senders = server === undefined ? undefined : sendersTo(server.endpoint);
afterAll(async () => {
  senders?.close();
  await server?.close();
});

test('a request that comes in while it looks is waited for, and neither lost nor counted twice', async () => {
  const dynamo = createMemoryDynamo();
  const tenant = freshTenant();
  const stores = dynamoStores(dynamo);
  const first = admissionOf({ tenant, index: 1 });
  await stores.limits.admit(first);
  await dynamo.updateItem({
    TableName: TABLES.limitsTable,
    Key: { PK: { S: `TENANT#${tenant}` }, SK: { S: 'LIMITS' } },
    UpdateExpression: 'SET #n = :v',
    ExpressionAttributeNames: { '#n': 'usd#202611' },
    ExpressionAttributeValues: { ':v': { N: '7' } },
  });
  // One comes before the item is read again, one before it is written.
  let reads = 0;
  let writes = 0;
  const busy = {
    ...dynamo,
    getItem: async (input: Parameters<typeof dynamo.getItem>[0]) => {
      reads += 1;
      if (reads === 2) await stores.limits.settle(settlementOf(first, { tokens: 4, nanoUsd: 300 }));
      return await dynamo.getItem(input);
    },
    updateItem: async (input: Parameters<typeof dynamo.updateItem>[0]) => {
      writes += 1;
      if (writes === 1) await stores.limits.admit(admissionOf({ tenant, index: 2 }));
      return await dynamo.updateItem(input);
    },
  };
  const usage = createUsageStore({ dynamo, table: TABLES.usageTable });
  const target = { dynamo: busy, limitsTable: TABLES.limitsTable, usage, tenant };
  const terms = { nowMs: NOW_MS, limits: DEFAULT_LIMITS, accountLimits: new Map(), outputFactorOf: () => 1 };
  // 7 less what the first did not use, and 1,000 of the second.
  expect(await rebuildLimits(target, terms)).toEqual([
    { name: 'usd#202611', held: 7 - 700 + 1_000, rebuilt: 1_300 },
  ]);
  expect([writes, await compareLimits(target, terms)]).toEqual([2, []]);
});

test('an item with an entry that cannot be read is not touched', async () => {
  const dynamo = createMemoryDynamo();
  const tenant = freshTenant();
  await dynamo.putItem({
    TableName: TABLES.limitsTable,
    Item: {
      ...{ PK: { S: `TENANT#${tenant}` }, SK: { S: 'LIMITS' } },
      [`r#${admissionOf({ tenant, index: 1 }).request}`]: { S: 'Q?' },
    },
  });
  const usage = createUsageStore({ dynamo, table: TABLES.usageTable });
  const target = { dynamo, limitsTable: TABLES.limitsTable, usage, tenant };
  const terms = { nowMs: NOW_MS, limits: DEFAULT_LIMITS, accountLimits: new Map(), outputFactorOf: () => 1 };
  await expect(rebuildLimits(target, terms)).rejects.toThrow('cannot be read');
});

if (server === undefined || senders === undefined) {
  test('this machine has no local DynamoDB, so the script was not run', () => undefined);
} else {
  const { endpoint } = server;
  const stage = 'rebuild';
  const prefix = `bedrock-proxy-${stage}`;
  const names = { limitsTable: `${prefix}-limits`, usageTable: `${prefix}-usage` };

  async function run(tenant: TenantRef, ...args: readonly string[]) {
    const script = startProcess({
      command: process.execPath,
      args: [
        ...[path.join(ROOT, 'scripts/limits-rebuild.ts'), '--stage', stage],
        ...['--tenant', projectId(tenant), ...args],
      ],
      environment: {
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        AWS_ENDPOINT_URL_DYNAMODB: endpoint,
        AWS_REGION: 'us-east-1',
      },
    });
    const code = await script.ended;
    const { stdout, stderr } = script.output();
    return { code, lines: stdout.trimEnd().split('\n').slice(1), stderr };
  }

  beforeAll(async () => {
    const tables = ['config', 'audit', 'audit-head', 'limits', 'usage'].map((name) => `${prefix}-${name}`);
    await createTables(localAccess(endpoint), tables.map(tableNamed));
  });

  test('the script says what differs, writes it when told to, and then nothing differs', async () => {
    const tables = {
      config: `${prefix}-config`,
      audit: `${prefix}-audit`,
      auditHead: `${prefix}-audit-head`,
    };
    const tenancy = createTenancyStore({ dynamo: senders.lean, tables, clock: Date.now });
    const accountLimits = { nanoUsdPerMonth: 10 ** 9 };
    const tenant = tenantEntity({ limits: { ...DEFAULT_LIMITS, nanoUsdPerDay: 10 ** 9 } });
    const account = accountEntity(tenant.ref, { ref: accountOfKey(KEY), limits: accountLimits });
    const writes = [insert({ type: 'tenant', value: tenant }), insert({ type: 'account', value: account })];
    expect(await tenancy.commit({ writes, audit: [] })).toBe('committed');
    const stores = dynamoStores(senders.lean, names);
    const atMs = Date.now();
    for (const index of [1, 2, 3]) {
      const admission = admissionOf({ tenant: tenant.ref, index, atMs, accountLimits });
      await stores.limits.admit(admission);
      if (index > 1) await stores.limits.settle(settlementOf(admission, { tokens: 4, nanoUsd: 300 + index }));
    }
    expect(await run(tenant.ref)).toEqual({ code: 0, lines: ['No counter differs.'], stderr: '' });

    const before = await limitsItemOf(senders.lean, { tenant: tenant.ref, table: names.limitsTable });
    const month = new Date(atMs).toISOString().slice(0, 7).replace('-', '');
    const own = `usd#${month}#${account.ref}`;
    const { [own]: _, ...rest } = before;
    const spoilt = { ...rest, [`usd#${month}`]: { N: '5' }, inflight: { N: '9' } };
    await senders.lean.putItem({ TableName: names.limitsTable, Item: spoilt });
    const lines = ['inflight  9 -> 1', `usd#${month}  5 -> 1605`, `${own}  absent -> 1605`];
    expect(await run(tenant.ref, '--dry-run')).toEqual({
      code: 1,
      lines: [...lines, '3 differ. Nothing was written: say --apply.'],
      stderr: '',
    });
    expect(await run(tenant.ref, '--apply')).toEqual({
      code: 0,
      lines: [...lines, '3 written.'],
      stderr: '',
    });
    expect(await limitsItemOf(senders.lean, { tenant: tenant.ref, table: names.limitsTable })).toEqual(
      before,
    );
    expect((await run(tenant.ref)).code).toBe(0);
  }, 60_000);

  test('a project that is not there is named, and nothing is made for it', async () => {
    const tenant = newTenantRef(seededRandom('nobody'));
    expect(await run(tenant, '--apply')).toEqual({
      code: 2,
      lines: [],
      stderr: `No such project: ${projectId(tenant)}.\n`,
    });
  }, 60_000);
}
