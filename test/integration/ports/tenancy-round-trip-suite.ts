/** Whatever an entity says of itself is read as it was written, also over what it said before. */
import fc from 'fast-check';
import { type Entity, insert, type RevisedEntity, replace } from '../../../shared/domain/change.ts';
import {
  accountFacts,
  adminKeyFacts,
  alertFacts,
  keyFacts,
  messageFacts,
  recordFacts,
  tenantFacts,
} from '../../support/tenancy-arbitraries.ts';
import {
  accountEntity,
  adminKeyEntity,
  alertEntity,
  idempotencyEntity,
  keyEntity,
  outboxEntity,
  tenantEntity,
} from '../../support/tenancy-entities.ts';
import { allPages, type OpenTenancy, type TenancyPorts, write } from './tenancy-ports.ts';

const numRuns = 40;

export function describeTenancyRoundTrips(name: string, make: () => Promise<OpenTenancy>): void {
  describe(`entities are read as they were written: ${name}`, () => {
    let open: OpenTenancy;
    let ports: TenancyPorts;
    beforeAll(async () => {
      open = await make();
      ports = open();
    });

    /** Inserts the first, replaces it by the second, and reads after each. */
    async function roundTrip<Type extends RevisedEntity['type']>(of: {
      readonly first: Extract<RevisedEntity, { readonly type: Type }>;
      readonly second: Extract<RevisedEntity, { readonly type: Type }>;
      readonly read: (ports: TenancyPorts) => Promise<unknown>;
    }): Promise<void> {
      await write(ports, insert(of.first));
      expect(await of.read(open())).toStrictEqual(of.first.value);
      await write(ports, replace(of.second));
      expect(await of.read(open())).toStrictEqual(of.second.value);
    }

    test('a tenant, also from the directory', async () => {
      const property = fc.asyncProperty(tenantFacts, tenantFacts, async (one, other) => {
        const { ref, createdAtMs } = tenantEntity();
        const value = { ref, createdAtMs, ...one, revision: 1 };
        const second = { type: 'tenant', value: { ...other, ref, createdAtMs, revision: 2 } } as const;
        await roundTrip({
          first: { type: 'tenant', value },
          second,
          read: ({ tenancy }) => tenancy.readTenant(ref),
        });
        const list = await allPages((page) => ports.tenancy.listTenants({ ...page, archived: 'include' }), {
          limit: 100,
          cursor: (tenant) => tenant.ref,
        });
        expect(list.find((tenant) => tenant.ref === ref)).toStrictEqual(second.value);
      });
      await fc.assert(property, { numRuns });
    });

    test('a service account', async () => {
      const { ref: tenant } = tenantEntity();
      const property = fc.asyncProperty(accountFacts, accountFacts, async (one, other) => {
        const { ref } = accountEntity(tenant);
        await roundTrip({
          first: { type: 'account', value: { ...one, tenant, ref, revision: 1 } },
          second: { type: 'account', value: { ...other, tenant, ref, revision: 2 } },
          read: ({ tenancy }) => tenancy.readAccount(tenant, ref),
        });
      });
      await fc.assert(property, { numRuns });
    });

    test('a key, also by authentication', async () => {
      const account = accountEntity(tenantEntity().ref);
      const { tenant } = account;
      const property = fc.asyncProperty(keyFacts, keyFacts, async (one, other) => {
        const { ref } = keyEntity(account);
        const second = { type: 'key', value: { ...other, tenant, ref, revision: 2 } } as const;
        await roundTrip({
          first: { type: 'key', value: { ...one, tenant, ref, revision: 1 } },
          second,
          read: ({ tenancy }) => tenancy.readKey(tenant, ref),
        });
        expect(await ports.credentials.readTenantKey(tenant, ref)).toStrictEqual({ key: second.value });
      });
      await fc.assert(property, { numRuns });
    });

    test('an admin key, also by authentication', async () => {
      const property = fc.asyncProperty(adminKeyFacts, adminKeyFacts, async (one, other) => {
        const { ref } = adminKeyEntity();
        const second = { type: 'admin-key', value: { ...other, ref, revision: 2 } } as const;
        await roundTrip({
          first: { type: 'admin-key', value: { ...one, ref, revision: 1 } },
          second,
          read: ({ tenancy }) => tenancy.readAdminKey(ref),
        });
        expect(await ports.credentials.readAdminKey(ref)).toStrictEqual(second.value);
      });
      await fc.assert(property, { numRuns });
    });

    test('a spend alert', async () => {
      const { ref: tenant } = tenantEntity();
      const property = fc.asyncProperty(alertFacts, alertFacts, async (one, other) => {
        const { ref } = alertEntity(tenant);
        await roundTrip({
          first: { type: 'alert', value: { ...one, tenant, ref, revision: 1 } },
          second: { type: 'alert', value: { ...other, tenant, ref, revision: 2 } },
          read: ({ tenancy }) => tenancy.readAlert(tenant, ref),
        });
      });
      await fc.assert(property, { numRuns });
    });

    test('a message', async () => {
      const { ref: tenant } = tenantEntity();
      const property = fc.asyncProperty(messageFacts, messageFacts, async (one, other) => {
        const { id } = outboxEntity(tenant);
        await roundTrip({
          first: { type: 'outbox', value: { ...one, tenant, id, revision: 1 } },
          second: { type: 'outbox', value: { ...other, tenant, id, revision: 2 } },
          read: ({ tenancy }) => tenancy.readOutbox(tenant, id),
        });
      });
      await fc.assert(property, { numRuns });
    });

    test('an idempotency record, also over one whose time has come', async () => {
      const { ref: tenant } = tenantEntity();
      const property = fc.asyncProperty(recordFacts, recordFacts, async (one, other) => {
        const { digest } = idempotencyEntity(tenant);
        const recordOf = (facts: typeof one): Entity => ({
          type: 'idempotency',
          value: { ...facts, tenant, digest },
        });
        const read = () => open().tenancy.readIdempotency(tenant, digest);
        await write(ports, insert(recordOf(one)));
        expect(await read()).toStrictEqual({ ...one, tenant, digest });
        await write(ports, { op: 'insert', entity: recordOf(other), nowMs: one.forgetAtMs });
        expect(await read()).toStrictEqual({ ...other, tenant, digest });
      });
      await fc.assert(property, { numRuns });
    });
  });
}
