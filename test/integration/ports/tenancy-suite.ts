/** What the control plane and the credential store promise, whatever they are made of. */
import { createHash, randomBytes } from 'node:crypto';
import { type AuditEntry, type AuditType, verifyAuditChain } from '../../../shared/domain/audit.ts';
import {
  type AccountRef,
  type KeyRef,
  keyId,
  newAccountRef,
  newKeyRef,
  newTenantRef,
  ORGANIZATION_REF,
  type TenantRef,
} from '../../../shared/domain/ids.ts';
import { DEFAULT_LIMITS } from '../../../shared/domain/limits.ts';
import type { Page, PageRequest } from '../../../shared/domain/page.ts';
import type { AdminKey, ApiKey, ServiceAccount, Tenant } from '../../../shared/domain/tenancy.ts';
import type { CredentialStore, TenancyStore } from '../../../shared/ports.ts';

export interface TenancyPorts {
  readonly credentials: CredentialStore;
  readonly tenancy: TenancyStore;
}

const NOW = Date.UTC(2026, 10, 20, 12);

const refusedWith = (code: string) => expect.objectContaining({ name: 'GatewayError', code });

/** A tenant, with whatever the test wants to say of it. */
export const tenantOf = (of: Partial<Tenant> = {}): Tenant => {
  const ref = newTenantRef(randomBytes);
  return { ref, name: `tenant ${ref}`, status: 'active', limits: DEFAULT_LIMITS, createdAtMs: NOW, ...of };
};

export const accountOf = (tenant: TenantRef, of: Partial<ServiceAccount> = {}): ServiceAccount => ({
  tenant,
  ref: newAccountRef(randomBytes),
  name: 'worker',
  status: 'active',
  createdAtMs: NOW,
  ...of,
});

const keyFields = (account: AccountRef) => ({
  ref: newKeyRef(randomBytes, account),
  name: 'first key',
  environment: 'test' as const,
  status: 'active' as const,
  digest: {
    hashAlg: 'sha256-v1' as const,
    salt: Uint8Array.from(randomBytes(16)),
    hash: Uint8Array.from(createHash('sha256').update(randomBytes(8)).digest()),
  },
  createdAtMs: NOW,
  expiresAtMs: NOW + 1_000_000,
});

export const keyOf = (account: ServiceAccount, of: Partial<ApiKey> = {}): ApiKey => ({
  ...keyFields(account.ref),
  tenant: account.tenant,
  scopes: ['inference', 'models:read'],
  ...of,
});

const adminKey = (): AdminKey => ({
  ...keyFields(newAccountRef(randomBytes)),
  scopes: ['organization:write', 'usage:read'],
});

export const entry = (
  chain: TenantRef,
  of: { readonly type: AuditType; readonly id: string },
): AuditEntry => ({
  id: `${of.type}:${of.id}`,
  type: of.type,
  atMs: NOW,
  actor: { kind: 'direct-invocation', awsRequestId: 'an-invocation' },
  request: 'an-invocation',
  chain,
  subject: { id: of.id },
});

export const created = (tenant: Tenant) => entry(tenant.ref, { type: 'project.created', id: tenant.ref });
const deleted = (tenant: TenantRef, key: KeyRef) =>
  entry(tenant, { type: 'api_key.deleted', id: keyId(tenant, key) });

export const createdAccount = (account: ServiceAccount, key?: ApiKey): readonly AuditEntry[] => [
  entry(account.tenant, { type: 'service_account.created', id: account.ref }),
  ...(key === undefined ? [] : [entry(account.tenant, { type: 'api_key.created', id: key.ref })]),
];

/** Every page of a list, `limit` at a time, with the cursor that `cursor` reads of an item. */
async function allPages<Item>(
  list: (page: PageRequest) => Promise<Page<Item>>,
  of: { readonly limit: number; readonly cursor: (item: Item) => string },
): Promise<Item[]> {
  const items: Item[] = [];
  for (;;) {
    const last = items.at(-1);
    const page = await list({
      limit: of.limit,
      ...(last !== undefined && { after: of.cursor(last) }),
    });
    items.push(...page.items);
    if (!page.hasMore) return items;
    expect(page.items).toHaveLength(of.limit);
  }
}

/** All events of a chain, which must hold. */
export async function auditOf(tenancy: TenancyStore, chain: TenantRef): Promise<readonly string[]> {
  const records = await allPages((page) => tenancy.listAudit(chain, page), {
    limit: 7,
    cursor: (record) => String(record.sequence),
  });
  expect(verifyAuditChain(records)).toBeUndefined();
  return records.map((record) => (JSON.parse(record.canonical) as AuditEntry).id);
}

/** `makePorts` gives stores over empty state; called again with the same state by `again`, as another process would. */
export function describeTenancy(
  name: string,
  makePorts: () => Promise<{ readonly ports: TenancyPorts; readonly again: () => TenancyPorts }>,
): void {
  describe(`tenancy and credentials: ${name}`, () => {
    let ports: TenancyPorts;
    let again: () => TenancyPorts;
    beforeAll(async () => {
      ({ ports, again } = await makePorts());
    });

    const newTenant = async (of: Partial<Tenant> = {}): Promise<Tenant> => {
      const tenant = tenantOf(of);
      await ports.tenancy.createTenant(tenant, created(tenant));
      return tenant;
    };
    const newAccount = async (tenant: Tenant): Promise<{ account: ServiceAccount; key: ApiKey }> => {
      const account = accountOf(tenant.ref);
      const key = keyOf(account);
      await ports.tenancy.createAccount({ account: account, key: key, audit: createdAccount(account, key) });
      return { account, key };
    };

    test('a tenant is read as it was created, its event in its own chain', async () => {
      const limits = { ...DEFAULT_LIMITS, version: 3, tokensPerMinute: 9, nanoUsdPerMonth: 0 };
      const tenant = await newTenant({ name: 'Grüße 🎈', limits });
      expect(await ports.tenancy.readTenant(tenant.ref)).toEqual(tenant);
      expect(await auditOf(ports.tenancy, tenant.ref)).toEqual([`project.created:${tenant.ref}`]);
    });

    test('an unknown tenant is undefined and has empty lists', async () => {
      const { ref } = tenantOf();
      const empty = { items: [], hasMore: false };
      expect(await ports.tenancy.readTenant(ref)).toBeUndefined();
      expect(await ports.tenancy.listAccounts(ref, { limit: 1 })).toEqual(empty);
      expect(await ports.tenancy.listKeys(ref, { limit: 1 })).toEqual(empty);
      expect(await ports.tenancy.listAudit(ref, { limit: 1 })).toEqual(empty);
    });

    test('of racing tenants with the same name in any spelling exactly one is made, and nothing of the others', async () => {
      const spellings = ['Straße  Nord', 'straße nord', 'STRAßE NORD', ' Straße\tNord ', 'Ｓtraße Nord'];
      const tenants = spellings.map((spelling) => tenantOf({ name: spelling }));
      const results = await Promise.allSettled(
        tenants.map((tenant) => ports.tenancy.createTenant(tenant, created(tenant))),
      );
      const lost = results.filter((result) => result.status === 'rejected');
      expect(lost.map((result) => result.reason)).toEqual(Array(4).fill(refusedWith('conflict')));
      for (const [index, tenant] of tenants.entries()) {
        const won = results[index]?.status === 'fulfilled';
        expect(await ports.tenancy.readTenant(tenant.ref)).toEqual(won ? tenant : undefined);
        expect(await auditOf(ports.tenancy, tenant.ref)).toHaveLength(won ? 1 : 0);
      }
    });

    test('a taken tenant reference is refused, whatever the name', async () => {
      const tenant = await newTenant();
      const other = tenantOf({ ref: tenant.ref, name: 'another name', createdAtMs: NOW + 1 });
      await expect(ports.tenancy.createTenant(other, created(other))).rejects.toEqual(
        refusedWith('conflict'),
      );
      expect(await ports.tenancy.readTenant(tenant.ref)).toEqual(tenant);
    });

    test('an account, its key and both events are made at once, and the key reads with account and tenant', async () => {
      const tenant = await newTenant();
      const { account, key } = await newAccount(tenant);
      expect(await ports.credentials.readTenantKey(tenant.ref, key.ref)).toEqual({ key, account, tenant });
      expect(await auditOf(ports.tenancy, tenant.ref)).toEqual([
        `project.created:${tenant.ref}`,
        `service_account.created:${account.ref}`,
        `api_key.created:${key.ref}`,
      ]);
    });

    test('an account may be made without a key', async () => {
      const tenant = await newTenant();
      const account = accountOf(tenant.ref);
      await ports.tenancy.createAccount({ account: account, key: undefined, audit: createdAccount(account) });
      expect((await ports.tenancy.listAccounts(tenant.ref, { limit: 9 })).items).toEqual([account]);
      expect((await ports.tenancy.listKeys(tenant.ref, { limit: 9 })).items).toEqual([]);
    });

    test.each([
      ['an unknown tenant', 'not_found', undefined],
      ['an archived tenant', 'conflict', 'archived'],
    ] as const)('an account of %s is refused with %s and leaves nothing', async (_, code, status) => {
      const tenant = status === undefined ? tenantOf() : await newTenant({ status, archivedAtMs: NOW });
      const account = accountOf(tenant.ref);
      const key = keyOf(account);
      const creation = ports.tenancy.createAccount({
        account: account,
        key: key,
        audit: createdAccount(account, key),
      });
      await expect(creation).rejects.toEqual(refusedWith(code));
      const stored = await ports.credentials.readTenantKey(tenant.ref, key.ref);
      expect(stored).toEqual(status === undefined ? {} : { tenant });
      expect(await auditOf(ports.tenancy, tenant.ref)).toHaveLength(status === undefined ? 0 : 1);
    });

    test('a taken account reference is refused and its second key is not made', async () => {
      const tenant = await newTenant();
      const { account } = await newAccount(tenant);
      const key = keyOf(account);
      const creation = ports.tenancy.createAccount({
        account: account,
        key: key,
        audit: createdAccount(account, key),
      });
      await expect(creation).rejects.toEqual(refusedWith('conflict'));
      expect((await ports.credentials.readTenantKey(tenant.ref, key.ref)).key).toBeUndefined();
      expect(await auditOf(ports.tenancy, tenant.ref)).toHaveLength(3);
    });

    test('another tenant does not reach a key by its reference', async () => {
      const { key } = await newAccount(await newTenant());
      const other = await newTenant();
      expect(await ports.credentials.readTenantKey(other.ref, key.ref)).toEqual({ tenant: other });
    });

    test('an admin key is read as it was made, is no tenant key, and its reference is taken', async () => {
      const key = adminKey();
      const audit = entry(ORGANIZATION_REF, { type: 'admin_api_key.created', id: key.ref });
      await ports.tenancy.createAdminKey(key, audit);
      expect(await ports.credentials.readAdminKey(key.ref)).toEqual(key);
      expect(await ports.credentials.readTenantKey(ORGANIZATION_REF, key.ref)).toEqual({});
      await expect(ports.tenancy.createAdminKey(key, audit)).rejects.toEqual(refusedWith('conflict'));
      expect(await auditOf(ports.tenancy, ORGANIZATION_REF)).toContain(audit.id);
    });

    test('an unknown admin key is undefined', async () => {
      expect(await ports.credentials.readAdminKey(adminKey().ref)).toBeUndefined();
    });

    test('a revocation shows in the very next read and leaves the list of keys', async () => {
      const tenant = await newTenant();
      const { account, key } = await newAccount(tenant);
      const revokedAtMs = NOW + 5;
      const audit = deleted(tenant.ref, key.ref);
      expect(
        await ports.tenancy.revokeKey({
          tenant: tenant.ref,
          key: key.ref,
          revokedAtMs: revokedAtMs,
          audit: audit,
        }),
      ).toBe(true);
      expect(await ports.credentials.readTenantKey(tenant.ref, key.ref)).toEqual({
        key: { ...key, status: 'revoked', revokedAtMs },
        account,
        tenant,
      });
      expect(await ports.tenancy.listKeys(tenant.ref, { limit: 9 })).toEqual({ items: [], hasMore: false });
    });

    test('racing revocations of one key: one revokes, one event, the first time stands', async () => {
      const tenant = await newTenant();
      const { key } = await newAccount(tenant);
      const revoke = (store: TenancyPorts, atMs: number) =>
        store.tenancy.revokeKey({
          tenant: tenant.ref,
          key: key.ref,
          revokedAtMs: atMs,
          audit: deleted(tenant.ref, key.ref),
        });
      const results = await Promise.all([1, 2, 3, 4].map((more) => revoke(again(), NOW + more)));
      expect(results.filter((revoked) => revoked)).toHaveLength(1);
      expect(await revoke(ports, NOW + 9)).toBe(false);
      const { key: stored } = await ports.credentials.readTenantKey(tenant.ref, key.ref);
      expect(stored?.revokedAtMs).toBe(NOW + 1 + results.indexOf(true));
      expect(await auditOf(ports.tenancy, tenant.ref)).toHaveLength(4);
    });

    test('an admin key is revoked under the organisation', async () => {
      const key = adminKey();
      await ports.tenancy.createAdminKey(
        key,
        entry(ORGANIZATION_REF, { type: 'admin_api_key.created', id: key.ref }),
      );
      const audit = deleted(ORGANIZATION_REF, key.ref);
      expect(
        await ports.tenancy.revokeKey({
          tenant: ORGANIZATION_REF,
          key: key.ref,
          revokedAtMs: NOW,
          audit: audit,
        }),
      ).toBe(true);
      expect(await ports.credentials.readAdminKey(key.ref)).toMatchObject({
        status: 'revoked',
        revokedAtMs: NOW,
      });
    });

    test('revoking an unknown key is refused with not_found and leaves no event', async () => {
      const tenant = await newTenant();
      const { ref } = keyOf(accountOf(tenant.ref));
      const revocation = ports.tenancy.revokeKey({
        tenant: tenant.ref,
        key: ref,
        revokedAtMs: NOW,
        audit: deleted(tenant.ref, ref),
      });
      await expect(revocation).rejects.toEqual(refusedWith('not_found'));
      expect(await auditOf(ports.tenancy, tenant.ref)).toHaveLength(1);
    });

    test('fifty racing changes of one tenant all commit, in a chain without gap or fork', async () => {
      const tenant = await newTenant();
      const accounts = Array.from({ length: 50 }, () => accountOf(tenant.ref));
      await Promise.all(
        accounts.map((account) =>
          again().tenancy.createAccount({ account: account, key: undefined, audit: createdAccount(account) }),
        ),
      );
      const events = await auditOf(ports.tenancy, tenant.ref);
      const expected = accounts.map((account) => `service_account.created:${account.ref}`);
      expect(events[0]).toBe(`project.created:${tenant.ref}`);
      expect(events.slice(1).sort()).toEqual(expected.sort());
    });

    test('pages of accounts and keys hold each active one once, revoked ones between them left out', async () => {
      const tenant = await newTenant();
      const made = [];
      for (let count = 0; count < 7; count += 1) made.push(await newAccount(tenant));
      const [gone, ...rest] = made.map(({ key }) => key);
      if (gone === undefined) throw new Error('no key was made');
      await ports.tenancy.revokeKey({
        tenant: tenant.ref,
        key: gone.ref,
        revokedAtMs: NOW,
        audit: deleted(tenant.ref, gone.ref),
      });
      for (const limit of [1, 2, 6, 7, 100]) {
        const accounts = await allPages((page) => ports.tenancy.listAccounts(tenant.ref, page), {
          limit,
          cursor: (account) => account.ref,
        });
        const keys = await allPages((page) => ports.tenancy.listKeys(tenant.ref, page), {
          limit,
          cursor: (key) => key.ref,
        });
        expect(accounts).toEqual(byRef(made.map(({ account }) => account)));
        expect(keys).toEqual(byRef(rest));
      }
    });

    test('pages of tenants are ordered by creation, also where several were created at once', async () => {
      const { ports: fresh } = await makePorts();
      const tenants = [5, 1, 3, 3, 3, 2].map((day) => tenantOf({ createdAtMs: NOW + day * 86_400_000 }));
      for (const tenant of tenants) await fresh.tenancy.createTenant(tenant, created(tenant));
      const expected = byRef(tenants).sort((a, b) => a.createdAtMs - b.createdAtMs);
      for (const limit of [1, 2, 3, 6, 100]) {
        const cursor = (tenant: Tenant) => tenant.ref;
        expect(await allPages((page) => fresh.tenancy.listTenants(page), { limit, cursor })).toEqual(
          expected,
        );
      }
    });

    test.each(['0123456789', 'no reference'])(
      'a list of tenants after %s, which is none, is refused',
      async (after) => {
        const listing = ports.tenancy.listTenants({ after, limit: 1 });
        await expect(listing).rejects.toEqual(refusedWith('invalid_value'));
      },
    );
  });
}

const byRef = <Entity extends { readonly ref: string }>(entities: readonly Entity[]): Entity[] =>
  [...entities].sort((a, b) => (a.ref < b.ref ? -1 : 1));
