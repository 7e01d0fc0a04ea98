import type { BatchGetItemCommandInput, BatchGetItemCommandOutput } from '@aws-sdk/client-dynamodb';
import { createMemoryKeyWatch } from '../../../local/memory/key-watch.ts';
import { createMemoryTenancy } from '../../../local/memory/tenancy.ts';
import type { Dynamo } from '../../../shared/aws/dynamo.ts';
import { createKeyWatch } from '../../../shared/aws/key-watch.ts';
import { createTenancyStore } from '../../../shared/aws/tenancy-store.ts';
import { insert, type RevisedEntity, replace } from '../../../shared/domain/change.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { ORGANIZATION_REF } from '../../../shared/domain/ids.ts';
import type { KeyWatch, TenancyStore } from '../../../shared/ports.ts';
import { startTestDynamo } from '../../support/dynamodb.ts';
import {
  accountEntity,
  adminKeyEntity,
  auditEntity,
  keyEntity,
  pendingKeyEntity,
  tenantEntities,
  tenantEntity,
} from '../../support/tenancy-entities.ts';

const dynamo = await startTestDynamo();
afterAll(() => dynamo?.close());

interface Ports {
  readonly tenancy: TenancyStore;
  readonly keyWatch: KeyWatch;
}

/** A tenant with a key, and what may be done to them. */
async function liveKey({ tenancy, keyWatch }: Ports) {
  const tenant = tenantEntity();
  const account = accountEntity(tenant.ref);
  const key = keyEntity(account);
  let changes = 0;
  const commit = (...writes: Parameters<typeof tenancy.commit>[0]['writes']) => {
    changes += 1;
    return tenancy.commit({ writes, audit: [auditEntity(tenant.ref, { id: `change ${changes}` })] });
  };
  await commit(
    ...tenantEntities(tenant).map(insert),
    insert({ type: 'account', value: account }),
    insert({ type: 'key', value: key }),
  );
  return {
    ...{ tenant, account, key, commit },
    isLive: () => keyWatch.isLive(tenant.ref, key.ref),
    change: async (entity: RevisedEntity) => expect(await commit(replace(entity))).toBe('committed'),
  };
}

function describeKeyWatch(kind: string, open: () => Promise<Ports>): void {
  describe(`the watch over keys, ${kind}`, () => {
    test('takes a key for live as long as it, its account and its tenant are active', async () => {
      const { isLive } = await liveKey(await open());
      expect(await isLive()).toBe(true);
    });

    test('sees that the key was revoked', async () => {
      const { isLive, change, key } = await liveKey(await open());
      await change({ type: 'key', value: { ...key, status: 'revoked', revokedAtMs: 1, revision: 2 } });
      expect(await isLive()).toBe(false);
    });

    test('sees that the account was deleted', async () => {
      const { isLive, change, account } = await liveKey(await open());
      await change({
        type: 'account',
        value: { ...account, status: 'deleted', deletedAtMs: 1, revision: 2 },
      });
      expect(await isLive()).toBe(false);
    });

    test('sees that the tenant was archived', async () => {
      const { isLive, change, tenant } = await liveKey(await open());
      await change({
        type: 'tenant',
        value: { ...tenant, status: 'archived', archivedAtMs: 1, revision: 2 },
      });
      expect(await isLive()).toBe(false);
    });

    test('lets an answer go on whose key has expired meanwhile', async () => {
      const { isLive, change, key } = await liveKey(await open());
      await change({ type: 'key', value: { ...key, expiresAtMs: 0, revision: 2 } });
      expect(await isLive()).toBe(true);
    });

    test('takes no key for live that is unknown, pending, another tenant’s or an administrator’s', async () => {
      const ports = await open();
      const { tenant, account, key, commit } = await liveKey(ports);
      const pending = pendingKeyEntity(account);
      const adminKey = adminKeyEntity();
      await commit(insert({ type: 'key', value: pending }), insert({ type: 'admin-key', value: adminKey }));
      const other = await liveKey(ports);
      const verdicts = await Promise.all([
        ports.keyWatch.isLive(tenant.ref, keyEntity(account).ref),
        ports.keyWatch.isLive(tenant.ref, pending.ref),
        ports.keyWatch.isLive(other.tenant.ref, key.ref),
        ports.keyWatch.isLive(ORGANIZATION_REF, adminKey.ref),
      ]);
      expect(verdicts).toEqual([false, false, false, false]);
    });
  });
}

describeKeyWatch('in memory', async () => {
  const { tenancy, credentials } = createMemoryTenancy();
  return { tenancy, keyWatch: createMemoryKeyWatch(credentials) };
});

if (dynamo === undefined) {
  test('this machine has no local DynamoDB, so only the watch in memory was proven', () => undefined);
} else {
  const portsOver = async (sender: Dynamo, watching: Pick<Dynamo, 'batchGetItem'> = sender) => {
    const tables = await dynamo.makeTables();
    const tenancy = createTenancyStore({ dynamo: sender, tables, clock: () => 0 });
    return { tenancy, tables, keyWatch: createKeyWatch({ dynamo: watching, tables }) };
  };
  describeKeyWatch('DynamoDB by the lean sender', () => portsOver(dynamo.lean));
  describeKeyWatch('DynamoDB by the SDK', () => portsOver(dynamo.sdk));

  describe('the watch over keys in DynamoDB', () => {
    test('asks for the status of three items and nothing else, and gets no digest', async () => {
      const seen: [BatchGetItemCommandInput, BatchGetItemCommandOutput][] = [];
      const ports = await portsOver(dynamo.lean, {
        batchGetItem: async (input) => {
          const output = await dynamo.lean.batchGetItem(input);
          seen.push([input, output]);
          return output;
        },
      });
      const { isLive } = await liveKey(ports);
      expect(await isLive()).toBe(true);
      const table = ports.tables.config;
      expect(seen.map(([input]) => input)).toEqual([
        {
          RequestItems: {
            [table]: {
              Keys: [expect.anything(), expect.anything(), expect.anything()],
              ConsistentRead: false,
              ProjectionExpression: 'PK, SK, #status',
              ExpressionAttributeNames: { '#status': 'status' },
            },
          },
        },
      ]);
      const items = seen[0]?.[1].Responses?.[table] ?? [];
      expect(items.map((item) => Object.keys(item).sort())).toEqual([
        ['PK', 'SK', 'status'],
        ['PK', 'SK', 'status'],
        ['PK', 'SK', 'status'],
      ]);
    });

    test('rejects where DynamoDB gives no answer, and takes no key for revoked', async () => {
      const outage = new Error('No.');
      const ports = await portsOver(dynamo.lean, { batchGetItem: () => Promise.reject(outage) });
      const { isLive } = await liveKey(ports);
      await expect(isLive()).rejects.toEqual(
        new GatewayError('service_unavailable', 'The key store cannot be reached. Retry shortly.'),
      );
    });
  });
}
