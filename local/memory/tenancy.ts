/**
 * The control plane and what authentication reads of it, in memory, for a machine without a DynamoDB. Nothing
 * yields between a check and its write, so each change and its audit events are one step, as the transaction is.
 */
import {
  type AuditEntry,
  type AuditRecord,
  chainAuditEntry,
  EMPTY_CHAIN,
} from '../../shared/domain/audit.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { accountOfKey, type KeyRef, ORGANIZATION_REF, type TenantRef } from '../../shared/domain/ids.ts';
import type { Page, PageRequest } from '../../shared/domain/page.ts';
import {
  type AdminKey,
  type ApiKey,
  comparableName,
  type ServiceAccount,
  type Tenant,
} from '../../shared/domain/tenancy.ts';
import type { CredentialStore, TenancyStore } from '../../shared/ports.ts';

export interface MemoryTenancy {
  readonly credentials: CredentialStore;
  readonly tenancy: TenancyStore;
}

/** The store's own state. Tenants' members are under `<tenant>/<reference>`. */
interface State {
  readonly tenants: Map<TenantRef, Tenant>;
  readonly accounts: Map<string, ServiceAccount>;
  readonly keys: Map<string, ApiKey>;
  readonly adminKeys: Map<KeyRef, AdminKey>;
  readonly chains: Map<TenantRef, readonly AuditRecord[]>;
}

/** Both ports over one state. */
export function createMemoryTenancy(): MemoryTenancy {
  const state: State = {
    tenants: new Map(),
    accounts: new Map(),
    keys: new Map(),
    adminKeys: new Map(),
    chains: new Map(),
  };
  return { credentials: credentialsOf(state), tenancy: tenancyOf(state) };
}

function credentialsOf(state: State): CredentialStore {
  return {
    async readTenantKey(tenant, key) {
      const found = {
        key: state.keys.get(member(tenant, key)),
        account: state.accounts.get(member(tenant, accountOfKey(key))),
        tenant: state.tenants.get(tenant),
      };
      return {
        ...(found.key !== undefined && { key: found.key }),
        ...(found.account !== undefined && { account: found.account }),
        ...(found.tenant !== undefined && { tenant: found.tenant }),
      };
    },
    readAdminKey: async (key) => state.adminKeys.get(key),
  };
}

function tenancyOf(state: State): TenancyStore {
  return {
    async createTenant(tenant, audit) {
      const name = comparableName(tenant.name);
      const taken = [...state.tenants.values()].some((other) => comparableName(other.name) === name);
      if (taken || state.tenants.has(tenant.ref)) refuse('conflict');
      state.tenants.set(tenant.ref, tenant);
      append(state, [audit]);
    },
    async createAccount({ account, key, audit }) {
      const tenant = state.tenants.get(account.tenant) ?? refuse('not_found');
      const keyTaken = key !== undefined && state.keys.has(member(key.tenant, key.ref));
      const taken = keyTaken || state.accounts.has(member(account.tenant, account.ref));
      if (taken || tenant.status !== 'active') refuse('conflict');
      state.accounts.set(member(account.tenant, account.ref), account);
      if (key !== undefined) state.keys.set(member(key.tenant, key.ref), key);
      append(state, audit);
    },
    async createAdminKey(key, audit) {
      if (state.adminKeys.has(key.ref)) refuse('conflict');
      state.adminKeys.set(key.ref, key);
      append(state, [audit]);
    },
    async revokeKey({ tenant, key, revokedAtMs, audit }) {
      const revoked = revoke(state, { tenant, key, revokedAtMs });
      if (revoked) append(state, [audit]);
      return revoked;
    },
    readTenant: async (tenant) => state.tenants.get(tenant),
    async listTenants(page) {
      const tenants = [...state.tenants.values()].sort(byCreation);
      const at = tenants.findIndex((tenant) => tenant.ref === page.after);
      if (page.after !== undefined && at < 0) refuse('invalid_value');
      return pageOf(tenants.slice(at + 1), page.limit);
    },
    listAccounts: async (tenant, page) => activePage(state.accounts.values(), { tenant, page }),
    listKeys: async (tenant, page) => activePage(state.keys.values(), { tenant, page }),
    async listAudit(chain, page) {
      if (page.after !== undefined && !/^\d{1,15}$/.test(page.after)) refuse('invalid_value');
      const after = Number(page.after ?? 0);
      return pageOf((state.chains.get(chain) ?? []).slice(after), page.limit);
    },
  };
}

const member = (tenant: TenantRef, ref: string): string => `${tenant}/${ref}`;

const byCreation = (a: Tenant, b: Tenant): number => a.createdAtMs - b.createdAtMs || compare(a.ref, b.ref);

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function refuse(code: 'conflict' | 'not_found' | 'invalid_value'): never {
  throw new GatewayError(code, REFUSALS[code], code === 'invalid_value' ? { param: 'after' } : {});
}

const REFUSALS = {
  conflict: 'The name or reference is taken, or the project is archived.',
  not_found: 'There is no such project or API key.',
  invalid_value: 'after must be the id of an item of this list.',
} as const;

function append(state: State, entries: readonly AuditEntry[]): void {
  for (const entry of entries) {
    const chain = state.chains.get(entry.chain) ?? [];
    const record = chainAuditEntry(chain.at(-1) ?? EMPTY_CHAIN, entry);
    state.chains.set(entry.chain, [...chain, record]);
  }
}

/** Whether this call revoked it; the organisation's reference means an admin key. */
function revoke(
  state: State,
  of: { readonly tenant: TenantRef; readonly key: KeyRef; readonly revokedAtMs: number },
): boolean {
  const ending = { status: 'revoked', revokedAtMs: of.revokedAtMs } as const;
  if (of.tenant === ORGANIZATION_REF) {
    const stored = state.adminKeys.get(of.key) ?? refuse('not_found');
    if (stored.status === 'revoked') return false;
    state.adminKeys.set(of.key, { ...stored, ...ending });
    return true;
  }
  const stored = state.keys.get(member(of.tenant, of.key)) ?? refuse('not_found');
  if (stored.status === 'revoked') return false;
  state.keys.set(member(of.tenant, of.key), { ...stored, ...ending });
  return true;
}

/** The active members of a tenant in the order of their references, as sort keys are. */
function activePage<Member extends ApiKey | ServiceAccount>(
  all: Iterable<Member>,
  of: { readonly tenant: TenantRef; readonly page: PageRequest },
): Page<Member> {
  const { after, limit } = of.page;
  const members = [...all]
    .filter((one) => one.tenant === of.tenant && one.status === 'active')
    .filter((one) => after === undefined || compare(one.ref, after) > 0)
    .sort((a, b) => compare(a.ref, b.ref));
  return pageOf(members, limit);
}

const pageOf = <Entity>(rest: readonly Entity[], limit: number): Page<Entity> => ({
  items: rest.slice(0, limit),
  hasMore: rest.length > limit,
});
