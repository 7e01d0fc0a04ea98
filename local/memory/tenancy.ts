/**
 * The control plane and what authentication reads of it, in memory, for tests and for a machine without a DynamoDB.
 * Nothing yields between a check and its write, so each change and its audit events are one step, as the
 * transaction is.
 */
import {
  type AuditEntry,
  type AuditRecord,
  chainAuditEntry,
  EMPTY_CHAIN,
} from '../../shared/domain/audit.ts';
import type { Change, CommitResult, Entity, Write } from '../../shared/domain/change.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { accountOfKey, ORGANIZATION_REF, type TenantRef } from '../../shared/domain/ids.ts';
import type { Page, PageRequest } from '../../shared/domain/page.ts';
import { comparableName, type KeyUse, type Tenant } from '../../shared/domain/tenancy.ts';
import type { CredentialStore, TenancyStore } from '../../shared/ports.ts';

export interface MemoryTenancy {
  readonly credentials: CredentialStore;
  readonly tenancy: TenancyStore;
  /** The audit chains, as they grow. */
  readonly chains: ReadonlyMap<TenantRef, readonly AuditRecord[]>;
}

/** As `Change` says. */
const WRITES_MAX = 40;

type EntityType = Entity['type'];
type ValueOf<Type extends EntityType> = Extract<Entity, { readonly type: Type }>['value'];

/** Entities under `<type>/<tenant>/<reference>`. */
interface State {
  readonly entities: Map<string, Entity>;
  readonly uses: Map<string, KeyUse>;
  readonly chains: Map<TenantRef, readonly AuditRecord[]>;
}

/** Both ports over one state. */
export function createMemoryTenancy(): MemoryTenancy {
  const state: State = { entities: new Map(), uses: new Map(), chains: new Map() };
  return { credentials: credentialsOf(state), tenancy: tenancyOf(state), chains: state.chains };
}

function credentialsOf(state: State): CredentialStore {
  return {
    async readTenantKey(tenant, key) {
      if (tenant === ORGANIZATION_REF) return {};
      const found = {
        key: find(state, 'key', `${tenant}/${key}`),
        account: find(state, 'account', `${tenant}/${accountOfKey(key)}`),
        tenant: find(state, 'tenant', `${tenant}/`),
        use: state.uses.get(`${tenant}/${key}`),
      };
      return {
        ...(found.key !== undefined && { key: found.key }),
        ...(found.account !== undefined && { account: found.account }),
        ...(found.tenant !== undefined && { tenant: found.tenant }),
        ...(found.use !== undefined && { use: found.use }),
      };
    },
    readAdminKey: async (key) => find(state, 'admin-key', `${ORGANIZATION_REF}/${key}`),
    async noteUse({ tenant, key, use }) {
      const earlier = state.uses.get(`${tenant}/${key}`);
      if (earlier === undefined || earlier.claim <= use.claim) state.uses.set(`${tenant}/${key}`, use);
    },
  };
}

function tenancyOf(state: State): TenancyStore {
  return {
    commit: async (change) => commit(state, change),
    readTenant: async (tenant) => find(state, 'tenant', `${tenant}/`),
    readTenantName: async (name) => find(state, 'tenant-name', comparableName(name)),
    readAccount: async (tenant, account) => find(state, 'account', `${tenant}/${account}`),
    readKey: async (tenant, key) => find(state, 'key', `${tenant}/${key}`),
    readKeyUses: async (tenant, keys) =>
      new Map(
        keys.flatMap((key) => {
          const use = state.uses.get(`${tenant}/${key}`);
          return use === undefined ? [] : [[key, use] as const];
        }),
      ),
    readAdminKey: async (key) => find(state, 'admin-key', `${ORGANIZATION_REF}/${key}`),
    readAlert: async (tenant, alert) => find(state, 'alert', `${tenant}/${alert}`),
    readOutbox: async (tenant, id) => find(state, 'outbox', `${tenant}/${id}`),
    readIdempotency: async (tenant, digest) => find(state, 'idempotency', `${tenant}/${digest}`),
    async listTenants(page) {
      const tenants = [...all(state, 'tenant')].sort(byCreation);
      const after = typeof page.after === 'string' ? page.after : page.after?.ref;
      const at = tenants.findIndex((tenant) => tenant.ref === after);
      if (after !== undefined && at < 0) refuseCursor();
      const rest = tenants.slice(at + 1);
      return pageOf(
        page.archived === 'include' ? rest : rest.filter((tenant) => tenant.status === 'active'),
        page.limit,
      );
    },
    listAccounts: async (tenant, page) =>
      memberPage(
        [...all(state, 'account')].filter((one) => one.tenant === tenant && one.status !== 'deleted'),
        page,
      ),
    listKeys: async (tenant, page) =>
      memberPage(
        [...all(state, 'key')].filter((one) => one.tenant === tenant && one.status !== 'revoked'),
        page,
      ),
    listAdminKeys: async (page) =>
      memberPage(
        [...all(state, 'admin-key')].filter((one) => one.status !== 'revoked'),
        page,
      ),
    listAlerts: async (tenant, page) =>
      memberPage(
        [...all(state, 'alert')].filter((one) => one.tenant === tenant),
        page,
      ),
    listOutbox: async (tenant, page) =>
      pageAfter(
        [...all(state, 'outbox')].filter((one) => one.tenant === tenant && one.state !== 'sent'),
        { page, refOf: (one) => one.id },
      ),
  };
}

function commit(state: State, change: Change): CommitResult {
  requireOneWriteAnItem(change.writes);
  const refused = change.writes.findIndex((write) => !holds(state, write));
  if (refused >= 0) return { refused };
  for (const write of change.writes) {
    if (write.op === 'insert' || write.op === 'replace')
      state.entities.set(placeOf(write.entity), write.entity);
    if (write.op === 'remove') state.entities.delete(placeOf(write.entity));
  }
  append(state, change.audit);
  return 'committed';
}

/** A transaction takes no two, so a change that has them is a mistake of whoever made it. */
function requireOneWriteAnItem(writes: readonly Write[]): void {
  const items = new Set(writes.map(itemOf));
  if (items.size < writes.length || writes.length > WRITES_MAX) {
    throw new TypeError('A change has two writes of one item, or too many.');
  }
}

function itemOf(write: Write): string {
  switch (write.op) {
    case 'insert':
    case 'replace':
    case 'remove':
      return placeOf(write.entity);
    case 'require-active':
      return write.account === undefined
        ? `tenant/${write.tenant}/`
        : `account/${write.tenant}/${write.account}`;
    case 'require-active-admin':
      return `admin-key/${ORGANIZATION_REF}/${write.key}`;
    case 'require-unused':
      return `use/${write.tenant}/${write.key}`;
  }
}

function holds(state: State, write: Write): boolean {
  switch (write.op) {
    case 'insert': {
      const stored = state.entities.get(placeOf(write.entity));
      return stored === undefined || isForgotten(stored, write.nowMs);
    }
    case 'replace':
      return revisionOf(state.entities.get(placeOf(write.entity))) === write.entity.value.revision - 1;
    case 'remove': {
      const stored = state.entities.get(placeOf(write.entity));
      return write.entity.type === 'alert'
        ? revisionOf(stored) === write.entity.value.revision
        : stored?.type === 'tenant-name' && stored.value.ref === write.entity.value.ref;
    }
    case 'require-active': {
      const { tenant, account } = write;
      const status =
        account === undefined
          ? find(state, 'tenant', `${tenant}/`)?.status
          : find(state, 'account', `${tenant}/${account}`)?.status;
      return status === 'active';
    }
    case 'require-active-admin':
      return find(state, 'admin-key', `${ORGANIZATION_REF}/${write.key}`)?.status === 'active';
    case 'require-unused': {
      const use = state.uses.get(`${write.tenant}/${write.key}`);
      return use === undefined || use.claim < write.claim;
    }
  }
}

const isForgotten = (stored: Entity, nowMs: number | undefined): boolean =>
  nowMs !== undefined && 'forgetAtMs' in stored.value && stored.value.forgetAtMs <= nowMs;

const revisionOf = (stored: Entity | undefined): number | undefined =>
  stored !== undefined && 'revision' in stored.value ? stored.value.revision : undefined;

function placeOf(entity: Entity): string {
  switch (entity.type) {
    case 'tenant':
      return `tenant/${entity.value.ref}/`;
    case 'tenant-name':
      return `tenant-name/${comparableName(entity.value.name)}`;
    case 'account':
    case 'key':
    case 'alert':
      return `${entity.type}/${entity.value.tenant}/${entity.value.ref}`;
    case 'admin-key':
      return `admin-key/${ORGANIZATION_REF}/${entity.value.ref}`;
    case 'outbox':
      return `outbox/${entity.value.tenant}/${entity.value.id}`;
    case 'idempotency':
      return `idempotency/${entity.value.tenant}/${entity.value.digest}`;
  }
}

function find<Type extends EntityType>(state: State, type: Type, place: string): ValueOf<Type> | undefined {
  // The place begins with the type, so what is there is of it.
  return state.entities.get(`${type}/${place}`)?.value as ValueOf<Type> | undefined;
}

function* all<Type extends EntityType>(state: State, type: Type): Generator<ValueOf<Type>> {
  for (const entity of state.entities.values()) {
    if (entity.type === type) yield entity.value as ValueOf<Type>;
  }
}

const byCreation = (a: Tenant, b: Tenant): number => a.createdAtMs - b.createdAtMs || compare(a.ref, b.ref);

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function refuseCursor(): never {
  throw new GatewayError('invalid_value', "'after' must be the id of an item of this list.", {
    param: 'after',
  });
}

function append(state: State, entries: readonly AuditEntry[]): void {
  for (const entry of entries) {
    const chain = state.chains.get(entry.chain) ?? [];
    const record = chainAuditEntry(headOf(chain), entry);
    state.chains.set(entry.chain, [...chain, record]);
  }
}

const headOf = (chain: readonly AuditRecord[]) => chain.at(-1) ?? EMPTY_CHAIN;

const memberPage = <Member extends { readonly ref: string }>(
  members: readonly Member[],
  page: PageRequest,
): Page<Member> => pageAfter(members, { page, refOf: ({ ref }) => ref });

/** In the order of their references, as sort keys are. */
function pageAfter<Member>(
  members: readonly Member[],
  of: { readonly page: PageRequest; readonly refOf: (member: Member) => string },
): Page<Member> {
  const { after, limit } = of.page;
  const rest = members
    .filter((one) => after === undefined || compare(of.refOf(one), after) > 0)
    .sort((a, b) => compare(of.refOf(a), of.refOf(b)));
  return pageOf(rest, limit);
}

const pageOf = <Entity>(rest: readonly Entity[], limit: number): Page<Entity> => ({
  items: rest.slice(0, limit),
  hasMore: rest.length > limit,
});
