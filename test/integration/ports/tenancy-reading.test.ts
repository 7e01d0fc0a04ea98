/** How the control plane and authentication read: consistently, in few calls, and what they answer to silence. */
import type { Dynamo } from '../../../shared/aws/dynamo.ts';
import { tenantItems } from '../../../shared/aws/tenancy-items.ts';
import type { Config } from '../../../shared/config.ts';
import { type KeyRef, newAccountRef, newKeyRef, type TenantRef } from '../../../shared/domain/ids.ts';
import { startTestDynamo } from '../../support/dynamodb.ts';
import { seededRandom } from '../../support/random.ts';
import { dynamoRefusal, tenancyOver } from '../../support/spoilt-tenancy.ts';
import { accountEntity, alertEntity, tenantEntity } from '../../support/tenancy-entities.ts';
import { refusedWith, type TenancyPorts } from './tenancy-ports.ts';

const dynamo = await startTestDynamo();
afterAll(() => dynamo?.close());

const unavailable = refusedWith('service_unavailable');
const NO_TABLES = { config: '', limits: '', usage: '', audit: '', auditHead: '' };
const someKey: KeyRef = newKeyRef(seededRandom('reading'), newAccountRef(seededRandom('reading')));

if (dynamo === undefined) {
  test('this machine has no local DynamoDB, so no call to it was watched', () => undefined);
} else {
  const { lean } = dynamo;
  let tables: Config['tables'];
  beforeAll(async () => {
    tables = await dynamo.makeTables();
  });
  const over = (spoil: Partial<Dynamo>) => tenancyOver({ dynamo: { ...lean, ...spoil }, tables });

  /** Every call of both ports. */
  function callsOf(ports: Pick<TenancyPorts, 'credentials' | 'tenancy'>, tenant: TenantRef) {
    const { credentials, tenancy } = ports;
    const key = someKey;
    const { ref: account } = accountEntity(tenant);
    const { ref: alert } = alertEntity(tenant);
    const page = { limit: 1 };
    return {
      credential: () => credentials.readTenantKey(tenant, key),
      adminCredential: () => credentials.readAdminKey(key),
      readTenant: () => tenancy.readTenant(tenant),
      readTenantName: () => tenancy.readTenantName('a'),
      readAccount: () => tenancy.readAccount(tenant, account),
      readKey: () => tenancy.readKey(tenant, key),
      readKeyUses: () => tenancy.readKeyUses(tenant, [key]),
      readAdminKey: () => tenancy.readAdminKey(key),
      readAlert: () => tenancy.readAlert(tenant, alert),
      readOutbox: () => tenancy.readOutbox(tenant, 'a'),
      readIdempotency: () => tenancy.readIdempotency(tenant, 'a'),
      listTenants: () => tenancy.listTenants({ ...page, archived: 'include' }),
      listAfter: () => tenancy.listTenants({ ...page, archived: 'leave-out', after: tenant }),
      listAccounts: () => tenancy.listAccounts(tenant, page),
      listKeys: () => tenancy.listKeys(tenant, page),
      listAdminKeys: () => tenancy.listAdminKeys(page),
      listAlerts: () => tenancy.listAlerts(tenant, page),
      listOutbox: () => tenancy.listOutbox(tenant, page),
    } as const;
  }
  const CALLS = Object.keys(callsOf(tenancyOver({ dynamo: lean, tables: NO_TABLES }), tenantEntity().ref));

  test.each([...CALLS, 'commit', 'noteUse'])(
    '%s answers service_unavailable where DynamoDB does not answer',
    async (name) => {
      const fail = async () => Promise.reject(dynamoRefusal('NetworkError'));
      const { ref: tenant } = tenantEntity();
      const ports = over({
        batchGetItem: fail,
        getItem: fail,
        query: fail,
        updateItem: fail,
        transactWriteItems: fail,
      });
      const use = { claim: 0, lastUsedAtMs: 0 };
      const calls: Record<string, () => Promise<unknown>> = {
        ...callsOf(ports, tenant),
        commit: () => ports.tenancy.commit({ writes: [{ op: 'require-active', tenant }], audit: [] }),
        noteUse: () => ports.credentials.noteUse({ tenant, key: someKey, use }),
      };
      await expect(calls[name]?.()).rejects.toEqual(unavailable);
    },
  );

  test.each(CALLS)('%s asks for consistent answers', async (name) => {
    const asked: unknown[] = [];
    const noting =
      <Input, Output>(
        call: (input: Input) => Promise<Output>,
        modesOf: (input: Input) => readonly unknown[],
      ) =>
      (input: Input): Promise<Output> => {
        asked.push(...modesOf(input));
        return call(input);
      };
    const ports = over({
      getItem: noting(lean.getItem, ({ ConsistentRead }) => [ConsistentRead]),
      query: noting(lean.query, ({ ConsistentRead }) => [ConsistentRead]),
      batchGetItem: noting(lean.batchGetItem, ({ RequestItems = {} }) =>
        Object.values(RequestItems).map(({ ConsistentRead }) => ConsistentRead),
      ),
    });
    const tenant = tenantEntity();
    await lean.putItem({ TableName: tables.config, Item: tenantItems(tenant).tenant });
    const calls: Record<string, () => Promise<unknown>> = callsOf(ports, tenant.ref);
    await calls[name]?.();
    expect(asked.length).toBeGreaterThan(0);
    expect(asked).toEqual(asked.map(() => true));
  });

  test('a credential is one batch of four items', async () => {
    const batches: unknown[] = [];
    const { credentials } = over({
      batchGetItem: (input) => {
        batches.push(...Object.values(input.RequestItems ?? {}).map(({ Keys }) => Keys?.length));
        return lean.batchGetItem(input);
      },
    });
    await credentials.readTenantKey(tenantEntity().ref, someKey);
    expect(batches).toEqual([4]);
  });
}
