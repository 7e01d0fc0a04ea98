/** What the lists of the control plane promise: each page, its order, what it leaves out and where it begins. */
import { type Entity, insert, replace } from '../../../shared/domain/change.ts';
import { ORGANIZATION_REF } from '../../../shared/domain/ids.ts';
import type { Page } from '../../../shared/domain/page.ts';
import type { Tenant } from '../../../shared/domain/tenancy.ts';
import {
  accountEntity,
  adminKeyEntity,
  alertEntity,
  ENTITIES_MADE_MS,
  keyEntity,
  outboxEntity,
  pendingKeyEntity,
  tenantEntity,
} from '../../support/tenancy-entities.ts';
import {
  allPages,
  newTenant,
  type OpenTenancy,
  refusedWith,
  store,
  type TenancyPorts,
  write,
} from './tenancy-ports.ts';

const LIMITS = [1, 2, 3, 6, 100];

export function describeTenancyLists(name: string, make: () => Promise<OpenTenancy>): void {
  describe(`lists of the control plane: ${name}`, () => {
    let ports: TenancyPorts;
    beforeAll(async () => {
      ports = (await make())();
    });

    test('hold nothing of a tenant that has nothing', async () => {
      const { ref } = tenantEntity();
      const empty = { items: [], hasMore: false };
      expect(await ports.tenancy.listAccounts(ref, { limit: 1 })).toEqual(empty);
      expect(await ports.tenancy.listKeys(ref, { limit: 1 })).toEqual(empty);
      expect(await ports.tenancy.listAlerts(ref, { limit: 1 })).toEqual(empty);
      expect(await ports.tenancy.listOutbox(ref, { limit: 1 })).toEqual(empty);
    });

    test('hold no entity of another tenant or of another type', async () => {
      const [one, other] = [tenantEntity(), tenantEntity()];
      const account = accountEntity(one.ref);
      const key = keyEntity(account);
      const alert = alertEntity(one.ref);
      const message = outboxEntity(one.ref);
      const beside = accountEntity(other.ref);
      await store(
        ports,
        { type: 'account', value: account },
        { type: 'key', value: key },
        { type: 'alert', value: alert },
        { type: 'outbox', value: message },
        { type: 'account', value: beside },
        { type: 'key', value: keyEntity(beside) },
        { type: 'alert', value: alertEntity(other.ref) },
        { type: 'outbox', value: outboxEntity(other.ref) },
        { type: 'admin-key', value: adminKeyEntity() },
      );
      await ports.credentials.noteUse({ tenant: one.ref, key: key.ref, use: { lastUsedAtMs: 1, claim: 0 } });
      const page = { limit: 9 };
      expect((await ports.tenancy.listAccounts(one.ref, page)).items).toEqual([account]);
      expect((await ports.tenancy.listKeys(one.ref, page)).items).toEqual([key]);
      expect((await ports.tenancy.listAlerts(one.ref, page)).items).toEqual([alert]);
      expect((await ports.tenancy.listOutbox(one.ref, page)).items).toEqual([message]);
    });

    test('hold accounts that are not deleted, in the order of their references', async () => {
      const { ref } = tenantEntity();
      const accounts = many(() => accountEntity(ref));
      await store(ports, ...accounts.map((value): Entity => ({ type: 'account', value })));
      const [gone, ...rest] = accounts;
      await write(
        ports,
        replace({ type: 'account', value: { ...gone, status: 'deleted', deletedAtMs: 1, revision: 2 } }),
      );
      for (const limit of LIMITS) {
        const list = allPages((page) => ports.tenancy.listAccounts(ref, page), { limit, cursor: refOf });
        expect(await list).toEqual(byRef(rest));
      }
    });

    test('hold keys that are active or pending, in the order of their references', async () => {
      const account = accountEntity(tenantEntity().ref);
      const keys = [...many(() => keyEntity(account)), pendingKeyEntity(account)] as const;
      await store(ports, ...keys.map((value): Entity => ({ type: 'key', value })));
      const [gone, ...rest] = keys;
      await write(
        ports,
        replace({ type: 'key', value: { ...gone, status: 'revoked', revokedAtMs: 1, revision: 2 } }),
      );
      for (const limit of LIMITS) {
        const list = allPages((page) => ports.tenancy.listKeys(account.tenant, page), {
          limit,
          cursor: refOf,
        });
        expect(await list).toEqual(byRef(rest));
      }
    });

    test('hold admin keys that are not revoked, and no key of a tenant', async () => {
      const fresh = (await make())();
      const keys = many(() => adminKeyEntity());
      await store(fresh, ...keys.map((value): Entity => ({ type: 'admin-key', value })));
      await store(fresh, { type: 'key', value: keyEntity(accountEntity(tenantEntity().ref)) });
      const [gone, ...rest] = keys;
      await write(
        fresh,
        replace({ type: 'admin-key', value: { ...gone, status: 'revoked', revokedAtMs: 1, revision: 2 } }),
      );
      for (const limit of LIMITS) {
        const list = allPages((page) => fresh.tenancy.listAdminKeys(page), { limit, cursor: refOf });
        expect(await list).toEqual(byRef(rest));
      }
    });

    test('hold alerts until they are removed', async () => {
      const { ref } = tenantEntity();
      const alerts = many(() => alertEntity(ref));
      await store(ports, ...alerts.map((value): Entity => ({ type: 'alert', value })));
      const [gone, ...rest] = alerts;
      await write(ports, { op: 'remove', entity: { type: 'alert', value: gone } });
      for (const limit of LIMITS) {
        const list = allPages((page) => ports.tenancy.listAlerts(ref, page), { limit, cursor: refOf });
        expect(await list).toEqual(byRef(rest));
      }
    });

    test('hold messages that were not sent, in the order of their ids', async () => {
      const { ref } = tenantEntity();
      const messages = many((index) => outboxEntity(ref, { id: `key.expiring:${9 - index}` }));
      await store(ports, ...messages.map((value): Entity => ({ type: 'outbox', value })));
      const [gone, ...rest] = messages;
      await write(ports, replace({ type: 'outbox', value: { ...gone, state: 'sent', revision: 2 } }));
      for (const limit of LIMITS) {
        const list = allPages((page) => ports.tenancy.listOutbox(ref, page), {
          limit,
          cursor: ({ id }) => id,
        });
        expect(await list).toEqual(rest.toReversed());
      }
    });

    test('go on after what was deleted while they were read, and after what never was', async () => {
      const { ref } = tenantEntity();
      const [first, second, third] = byRef(many(() => accountEntity(ref)));
      if (first === undefined || second === undefined || third === undefined) throw new Error('no accounts');
      await store(ports, { type: 'account', value: first }, { type: 'account', value: third });
      await write(
        ports,
        replace({ type: 'account', value: { ...first, status: 'deleted', deletedAtMs: 1, revision: 2 } }),
      );
      for (const { ref: after } of [first, second]) {
        expect((await ports.tenancy.listAccounts(ref, { after, limit: 1 })).items).toEqual([third]);
      }
    });

    test('hold what follows more than one read of what they leave out', async () => {
      const { ref } = tenantEntity();
      const gone = Array.from({ length: 240 }, () =>
        accountEntity(ref, { status: 'deleted', deletedAtMs: 1 }),
      );
      const kept = many(() => accountEntity(ref));
      const all = [...gone, ...kept].map((value) => insert({ type: 'account', value }));
      for (let from = 0; from < all.length; from += 40) await write(ports, ...all.slice(from, from + 40));
      for (const limit of [1, 5, 100]) {
        const list = allPages((page) => ports.tenancy.listAccounts(ref, page), { limit, cursor: refOf });
        expect(await list).toEqual(byRef(kept));
      }
    });

    describe('of tenants', () => {
      let tenants: readonly Tenant[];
      const archived = { status: 'archived', archivedAtMs: ENTITIES_MADE_MS } as const;
      beforeAll(async () => {
        ports = (await make())();
        const made = [];
        for (const createdAtMs of [9_000, 5, 30, 30, 30, 7])
          made.push(await newTenant(ports, { createdAtMs }));
        const [first, second, ...rest] = made;
        if (first === undefined || second === undefined) throw new Error('no tenants');
        await write(ports, replace({ type: 'tenant', value: { ...second, ...archived, revision: 2 } }));
        const all = [first, { ...second, ...archived, revision: 2 }, ...rest];
        tenants = byRef(all).sort((a, b) => a.createdAtMs - b.createdAtMs);
      });

      test.each(LIMITS)(
        'are in the order of creation, also where several were created at once: %i',
        async (limit) => {
          const list = (choice: 'include' | 'leave-out') =>
            allPages((page) => ports.tenancy.listTenants({ ...page, archived: choice }), {
              limit,
              cursor: refOf,
            });
          expect(await list('include')).toEqual(tenants);
          expect(await list('leave-out')).toEqual(tenants.filter(({ status }) => status === 'active'));
        },
      );

      test.each(LIMITS)('go on after one that was read before: %i', async (limit) => {
        const found: Tenant[] = [];
        for (let page: Page<Tenant> = { items: [], hasMore: true }; page.hasMore; ) {
          const last = page.items.at(-1);
          const after = last === undefined ? {} : { after: { ref: last.ref, createdAtMs: last.createdAtMs } };
          page = await ports.tenancy.listTenants({ ...after, limit, archived: 'include' });
          found.push(...page.items);
        }
        expect(found).toEqual(tenants);
      });

      test('go on after one that is archived', async () => {
        const [first, ...rest] = tenants;
        expect(first?.status).toBe('archived');
        const page = {
          limit: 9,
          archived: 'leave-out',
          ...(first !== undefined && { after: first.ref }),
        } as const;
        expect((await ports.tenancy.listTenants(page)).items).toEqual(rest);
      });

      test.each(['0123456789', ORGANIZATION_REF, 'no reference', ''])(
        'are refused after %p, which is none',
        async (after) => {
          const listing = ports.tenancy.listTenants({ after, limit: 1, archived: 'include' });
          await expect(listing).rejects.toEqual(refusedWith('invalid_value'));
          await expect(listing).rejects.toMatchObject({ param: 'after' });
        },
      );
    });
  });
}

const refOf = <Ref extends string>({ ref }: { readonly ref: Ref }): Ref => ref;

/** Seven of them, of which at least one is there. */
const many = <Made>(make: (index: number) => Made): [Made, ...Made[]] => [
  make(0),
  ...[1, 2, 3, 4, 5, 6].map(make),
];

const byRef = <Member extends { readonly ref: string }>(members: readonly Member[]): Member[] =>
  [...members].sort((a, b) => (a.ref < b.ref ? -1 : 1));
