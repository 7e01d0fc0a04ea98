/** What authentication reads, and the marks of use that it leaves, whatever the store is made of. */
import { encodeBase62 } from '../../../shared/domain/base62.ts';
import { replace } from '../../../shared/domain/change.ts';
import { type KeyRef, ORGANIZATION_REF } from '../../../shared/domain/ids.ts';
import {
  accountEntity,
  adminKeyEntity,
  ENTITIES_MADE_MS,
  keyEntity,
  tenantEntity,
} from '../../support/tenancy-entities.ts';
import { newAccount, newTenant, type OpenTenancy, store, type TenancyPorts, write } from './tenancy-ports.ts';

export function describeCredentials(name: string, make: () => Promise<OpenTenancy>): void {
  describe(`credentials: ${name}`, () => {
    let open: OpenTenancy;
    let ports: TenancyPorts;
    beforeAll(async () => {
      open = await make();
      ports = open();
    });

    async function newKey() {
      const tenant = await newTenant(ports);
      const account = await newAccount(ports, { tenant: tenant.ref });
      const key = keyEntity(account);
      await store(ports, { type: 'key', value: key });
      return { tenant, account, key };
    }
    const use = (claim: number, lastUsedAtMs = ENTITIES_MADE_MS) => ({ claim, lastUsedAtMs });

    test('a key is read with its account, its tenant and its last use', async () => {
      const { tenant, account, key } = await newKey();
      expect(await ports.credentials.readTenantKey(tenant.ref, key.ref)).toEqual({ key, account, tenant });
      await ports.credentials.noteUse({ tenant: tenant.ref, key: key.ref, use: use(0) });
      expect(await ports.credentials.readTenantKey(tenant.ref, key.ref)).toEqual({
        ...{ key, account, tenant },
        use: use(0),
      });
    });

    test('what is absent is undefined, and the rest is read', async () => {
      const tenant = await newTenant(ports);
      const account = accountEntity(tenant.ref);
      const key = keyEntity(account);
      const read = () => ports.credentials.readTenantKey(tenant.ref, key.ref);
      const { ref } = tenantEntity();
      expect(await ports.credentials.readTenantKey(ref, key.ref)).toEqual({});
      expect(await read()).toEqual({ tenant });
      await store(ports, { type: 'account', value: account });
      expect(await read()).toEqual({ tenant, account });
      await store(ports, { type: 'key', value: key });
      expect(await read()).toEqual({ tenant, account, key });
    });

    test('another tenant does not reach a key, an account or a use by their references', async () => {
      const { tenant, key } = await newKey();
      await ports.credentials.noteUse({ tenant: tenant.ref, key: key.ref, use: use(0) });
      const other = await newTenant(ports);
      expect(await ports.credentials.readTenantKey(other.ref, key.ref)).toEqual({ tenant: other });
      expect(await ports.tenancy.readKeyUses(other.ref, [key.ref])).toEqual(new Map());
    });

    test('a revocation, a deletion and an archiving show in the very next read', async () => {
      const { tenant, account, key } = await newKey();
      const ended = {
        key: { ...key, status: 'revoked', revokedAtMs: 1, revision: 2 },
        account: { ...account, status: 'deleted', deletedAtMs: 1, revision: 2 },
        tenant: { ...tenant, status: 'archived', archivedAtMs: 1, revision: 2 },
      } as const;
      await write(
        open(),
        replace({ type: 'key', value: ended.key }),
        replace({ type: 'account', value: ended.account }),
        replace({ type: 'tenant', value: ended.tenant }),
      );
      expect(await ports.credentials.readTenantKey(tenant.ref, key.ref)).toEqual(ended);
    });

    test('an admin key is read as one, and is no key of any tenant', async () => {
      const key = adminKeyEntity();
      expect(await ports.credentials.readAdminKey(key.ref)).toBeUndefined();
      await store(ports, { type: 'admin-key', value: key });
      expect(await ports.credentials.readAdminKey(key.ref)).toEqual(key);
      expect(await ports.credentials.readTenantKey(ORGANIZATION_REF, key.ref)).toEqual({});
    });

    test('a key of a tenant is no admin key', async () => {
      const { key } = await newKey();
      expect(await ports.credentials.readAdminKey(key.ref)).toBeUndefined();
    });

    test.each([
      ['a first use', [use(3, 10)], use(3, 10)],
      ['a later use of the same secret', [use(1, 10), use(1, 20)], use(1, 20)],
      ['a use of a later secret', [use(1, 10), use(2, 20)], use(2, 20)],
      ['a use of a replaced secret', [use(2, 10), use(1, 20)], use(2, 10)],
    ])('%s is marked, and never moves the mark to an earlier claim', async (_, uses, marked) => {
      const { tenant, key } = await newKey();
      for (const one of uses)
        await open().credentials.noteUse({ tenant: tenant.ref, key: key.ref, use: one });
      const { use: read } = await ports.credentials.readTenantKey(tenant.ref, key.ref);
      expect(read).toEqual(marked);
    });

    test('a use changes no revision and nothing else of the key', async () => {
      const { tenant, key } = await newKey();
      await ports.credentials.noteUse({ tenant: tenant.ref, key: key.ref, use: use(0) });
      expect(await ports.tenancy.readKey(tenant.ref, key.ref)).toEqual(key);
      await write(ports, replace({ type: 'key', value: { ...key, name: 'renamed', revision: 2 } }));
      expect(await ports.tenancy.readKeyUses(tenant.ref, [key.ref])).toEqual(new Map([[key.ref, use(0)]]));
    });

    test('the uses of a page of keys are read at once, without those that were never used', async () => {
      const { tenant, account } = await newKey();
      // References of their own, not drawn: of a hundred drawn ones two are equal once in 3,000 runs.
      const refs = Array.from(
        { length: 100 },
        (_, index) => `${account.ref}${encodeBase62(BigInt(index), 4)}`,
      );
      const keys = refs.map((ref) => keyEntity(account, { ref: ref as KeyRef }));
      const used = keys.filter((_, index) => index % 2 === 0);
      for (const [index, { ref }] of used.entries()) {
        await ports.credentials.noteUse({ tenant: tenant.ref, key: ref, use: use(0, index) });
      }
      const uses = await ports.tenancy.readKeyUses(
        tenant.ref,
        keys.map(({ ref }) => ref),
      );
      expect(uses).toEqual(new Map(used.map(({ ref }, index) => [ref, use(0, index)])));
      expect(await ports.tenancy.readKeyUses(tenant.ref, [])).toEqual(new Map());
    });
  });
}
