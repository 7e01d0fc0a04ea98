/** What a change of the control plane promises, whatever its store is made of. */
import { insert, replace, type Write } from '../../../shared/domain/change.ts';
import { ORGANIZATION_REF, type TenantRef } from '../../../shared/domain/ids.ts';
import {
  accountEntity,
  alertEntity,
  auditEntity,
  keyEntity,
  outboxEntity,
  pendingKeyEntity,
  tenantEntities,
  tenantEntity,
} from '../../support/tenancy-entities.ts';
import {
  type Case,
  entitiesOf,
  HELD,
  makeWorld,
  REFUSED,
  REVISED,
  removeAlert,
  removeName,
  requireActive,
  requireUnused,
  usedBy,
  type World,
} from './tenancy-cases.ts';
import { auditOf, newTenant, type OpenTenancy, store, type TenancyPorts, write } from './tenancy-ports.ts';

export function describeTenancy(name: string, make: () => Promise<OpenTenancy>): void {
  describe(`changes of the control plane: ${name}`, () => {
    let open: OpenTenancy;
    let ports: TenancyPorts;
    beforeAll(async () => {
      open = await make();
      ports = open();
    });

    async function arrange(of: Case): Promise<World> {
      const world = makeWorld();
      await store(ports, ...entitiesOf(world));
      const before = of.before?.(world) ?? [];
      if (before.length > 0) await write(ports, ...before);
      if (of.use !== undefined) {
        await ports.credentials.noteUse({ tenant: world.tenant.ref, key: world.key.ref, use: of.use });
      }
      return world;
    }

    /** The write between others that hold, a tenant's two items before it, told in the chains of both tenants. */
    function around(chain: TenantRef, middle: Write) {
      const beside = makeWorld();
      const writes = [
        ...tenantEntities(beside.tenant).map(insert),
        middle,
        insert({ type: 'account', value: beside.account }),
      ];
      const id = beside.tenant.ref;
      const audit = [auditEntity(chain, { id }), auditEntity(beside.tenant.ref, { id })];
      return { beside, change: { writes, audit } };
    }

    test.each(REFUSED)(
      '%s refuses its change by its place, and nothing of it is made or told',
      async (_, of) => {
        const world = await arrange(of);
        const { beside, change } = around(world.tenant.ref, of.write(world));
        const before = await stateOf(ports, world);
        expect(await ports.tenancy.commit(change)).toEqual({ refused: 2 });
        expect(await stateOf(open(), world)).toEqual(before);
        expect(await stateOf(open(), beside)).toEqual(NOTHING);
        expect(await auditOf(ports, beside.tenant.ref)).toEqual([]);
        expect(await auditOf(ports, world.tenant.ref)).toEqual([]);
      },
    );

    test.each(HELD)('%s commits with its change and is told', async (_, of) => {
      const world = await arrange(of);
      const { beside, change } = around(world.tenant.ref, of.write(world));
      expect(await ports.tenancy.commit(change)).toBe('committed');
      expect(await stateOf(open(), beside)).toMatchObject({ tenant: beside.tenant, account: beside.account });
      const told = [`project.updated:${beside.tenant.ref}`];
      expect(await auditOf(ports, beside.tenant.ref)).toEqual(told);
      expect(await auditOf(ports, world.tenant.ref)).toEqual(told);
    });

    test('of several writes that do not hold the first is named', async () => {
      const world = await arrange({ write: requireActive });
      const stale = replace(REVISED.account(world, 3));
      const change = { writes: [requireUnused(world), stale, insert(REVISED.tenant(world, 1))], audit: [] };
      expect(await ports.tenancy.commit(change)).toEqual({ refused: 1 });
    });

    test('what was removed is gone, and may be inserted again', async () => {
      const world = await arrange({ write: removeAlert });
      await write(ports, removeAlert(world), removeName(world.name));
      expect(await open().tenancy.readAlert(world.tenant.ref, world.alert.ref)).toBeUndefined();
      const other = tenantEntity({ name: world.name.name });
      await store(ports, { type: 'alert', value: world.alert }, ...tenantEntities(other));
    });

    test('a change without an event leaves the chain as it is', async () => {
      const tenant = await newTenant(ports);
      const message = outboxEntity(tenant.ref);
      await store(ports, { type: 'outbox', value: message });
      await write(ports, replace({ type: 'outbox', value: { ...message, state: 'sent', revision: 2 } }));
      expect(await auditOf(ports, tenant.ref)).toHaveLength(1);
    });

    test('the events of one change follow each other in the order given, in each of its chains', async () => {
      const { ref } = await newTenant(ports);
      const told = ['a', 'b', 'c'].flatMap((id) => [
        auditEntity(ref, { id }),
        auditEntity(ORGANIZATION_REF, { id: `${ref}-${id}` }),
      ]);
      expect(await ports.tenancy.commit({ writes: [], audit: told })).toBe('committed');
      expect((await auditOf(ports, ref)).slice(1)).toEqual(
        ['a', 'b', 'c'].map((id) => `project.updated:${id}`),
      );
      expect((await auditOf(ports, ORGANIZATION_REF)).slice(-3)).toEqual(
        ['a', 'b', 'c'].map((id) => `project.updated:${ref}-${id}`),
      );
    });

    test('two writes of one item are no change, and nothing of it is made', async () => {
      const world = await arrange({ write: requireActive });
      const fresh = accountEntity(world.tenant.ref);
      const writes = [
        insert({ type: 'account', value: fresh }),
        replace(REVISED.account(world, 2)),
        requireActive(world),
      ];
      await expect(ports.tenancy.commit({ writes, audit: [] })).rejects.toThrow();
      expect(await open().tenancy.readAccount(world.tenant.ref, fresh.ref)).toBeUndefined();
    });

    test('forty writes are one change, told by twenty events', async () => {
      const tenant = await newTenant(ports);
      const alerts = Array.from({ length: 40 }, () => alertEntity(tenant.ref));
      const audit = alerts.slice(20).map(({ ref }) => auditEntity(tenant.ref, { id: ref }));
      const writes = alerts.map((value) => insert({ type: 'alert', value }));
      expect(await ports.tenancy.commit({ writes, audit })).toBe('committed');
      expect((await ports.tenancy.listAlerts(tenant.ref, { limit: 100 })).items).toHaveLength(40);
      expect(await auditOf(ports, tenant.ref)).toHaveLength(21);
    });

    test('of changes that race from one revision one commits and is told', async () => {
      const world = await arrange({ write: requireActive });
      const results = await Promise.all(
        [0, 1, 2, 3].map((index) =>
          open().tenancy.commit({
            writes: [
              replace({ type: 'account', value: { ...world.account, name: `${index}`, revision: 2 } }),
            ],
            audit: [auditEntity(world.tenant.ref, { id: `${index}` })],
          }),
        ),
      );
      const winner = results.indexOf('committed');
      expect(results.toSpliced(winner, 1)).toEqual(Array(3).fill({ refused: 0 }));
      const { name } = (await ports.tenancy.readAccount(world.tenant.ref, world.account.ref)) ?? {};
      expect(name).toBe(`${winner}`);
      expect(await auditOf(ports, world.tenant.ref)).toEqual([`project.updated:${winner}`]);
    });

    test('of racing tenants with one name in several spellings one is made, and nothing of the others', async () => {
      const spellings = ['Straße  Nord', 'straße nord', 'STRAßE NORD', ' Straße\tNord ', 'Ｓtraße Nord'];
      const tenants = spellings.map((spelling) => tenantEntity({ name: spelling }));
      const results = await Promise.all(
        tenants.map((tenant) =>
          open().tenancy.commit({
            writes: tenantEntities(tenant).map(insert),
            audit: [auditEntity(tenant.ref, { id: tenant.ref })],
          }),
        ),
      );
      const winner = results.indexOf('committed');
      expect(results.toSpliced(winner, 1)).toEqual(Array(4).fill({ refused: 0 }));
      for (const [index, tenant] of tenants.entries()) {
        const stored = await ports.tenancy.readTenant(tenant.ref);
        expect(stored).toEqual(index === winner ? tenant : undefined);
        expect(await auditOf(ports, tenant.ref)).toHaveLength(index === winner ? 1 : 0);
      }
    });

    test('a rename frees the old name and takes the new one, in the directory too', async () => {
      const tenant = await newTenant(ports);
      const renamed = { ...tenant, name: `${tenant.ref} renamed`, revision: 2 };
      await write(
        ports,
        removeName({ ref: tenant.ref, name: tenant.name }),
        insert({ type: 'tenant-name', value: { ref: tenant.ref, name: renamed.name } }),
        replace({ type: 'tenant', value: renamed }),
      );
      expect(await ports.tenancy.readTenant(tenant.ref)).toEqual(renamed);
      expect(await ports.tenancy.readTenantName(tenant.name)).toBeUndefined();
      const { ref, name } = renamed;
      expect(await ports.tenancy.readTenantName(` ${name.toUpperCase()}`)).toMatchObject({ ref, name });
      const { items } = await ports.tenancy.listTenants({ limit: 100, archived: 'include' });
      expect(items.find(({ ref }) => ref === tenant.ref)).toEqual(renamed);
      await newTenant(ports, { name: tenant.name });
      const taken = tenantEntities(tenantEntity({ name: renamed.name })).map(insert);
      expect(await ports.tenancy.commit({ writes: taken, audit: [] })).toEqual({ refused: 0 });
    });

    test('a claim replaces the secret of a pending key only while its last one was not used', async () => {
      const tenant = await newTenant(ports);
      const account = accountEntity(tenant.ref);
      const { claim, ...pending } = pendingKeyEntity(account);
      if (claim === undefined) throw new TypeError('A pending key has a claim.');
      await store(ports, { type: 'key', value: { ...pending, claim } });
      const claimed = (count: number) => ({
        writes: [
          replace({
            type: 'key',
            value: {
              ...keyEntity(account, pending),
              status: 'active',
              claim: { ...claim, count },
              revision: count + 1,
            },
          }),
          { op: 'require-unused', tenant: tenant.ref, key: pending.ref, claim: count - 1 },
        ] as const,
        audit: [],
      });
      expect(await ports.tenancy.commit(claimed(1))).toBe('committed');
      expect(await ports.tenancy.commit(claimed(2))).toBe('committed');
      await ports.credentials.noteUse({ tenant: tenant.ref, key: pending.ref, use: usedBy(2) });
      expect(await ports.tenancy.commit(claimed(3))).toEqual({ refused: 1 });
      expect((await ports.tenancy.readKey(tenant.ref, pending.ref))?.claim?.count).toBe(2);
    });
  });
}

/** What the store holds of a world. */
const stateOf = async ({ tenancy }: TenancyPorts, world: World) => ({
  tenant: await tenancy.readTenant(world.tenant.ref),
  account: await tenancy.readAccount(world.tenant.ref, world.account.ref),
  key: await tenancy.readKey(world.tenant.ref, world.key.ref),
  adminKey: await tenancy.readAdminKey(world.adminKey.ref),
  alert: await tenancy.readAlert(world.tenant.ref, world.alert.ref),
  message: await tenancy.readOutbox(world.tenant.ref, world.message.id),
  record: await tenancy.readIdempotency(world.tenant.ref, world.record.digest),
});
const NOTHING = {
  tenant: undefined,
  account: undefined,
  key: undefined,
  adminKey: undefined,
  alert: undefined,
  message: undefined,
  record: undefined,
};
