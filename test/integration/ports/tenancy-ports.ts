/** The ports of the control plane as its suites use them. */
import { type AuditEntry, verifyAuditChain } from '../../../shared/domain/audit.ts';
import { type Entity, insert, type Write } from '../../../shared/domain/change.ts';
import type { TenantRef } from '../../../shared/domain/ids.ts';
import type { Page, PageRequest } from '../../../shared/domain/page.ts';
import type { ServiceAccount, Tenant } from '../../../shared/domain/tenancy.ts';
import type { AuditStore, CredentialStore, TenancyStore } from '../../../shared/ports.ts';
import { accountEntity, auditEntity, tenantEntities, tenantEntity } from '../../support/tenancy-entities.ts';

export interface TenancyPorts {
  readonly credentials: CredentialStore;
  readonly tenancy: TenancyStore;
  readonly audit: Pick<AuditStore, 'readChain' | 'readHead'>;
}

/** Opens the stores over one state, each time as another process would. */
export type OpenTenancy = () => TenancyPorts;

/** The events of a chain, which must hold to its head. */
export async function auditOf(
  { audit }: Pick<TenancyPorts, 'audit'>,
  chain: TenantRef,
): Promise<readonly string[]> {
  const records = await allPages((page) => audit.readChain(chain, page), {
    limit: 100,
    cursor: (record) => String(record.sequence),
  });
  expect(verifyAuditChain(records, await audit.readHead(chain))).toBeUndefined();
  return records.map((record) => (JSON.parse(record.canonical) as AuditEntry).id);
}

/** Every page of a list, `limit` at a time, with the cursor that `cursor` reads of an item. */
export async function allPages<Item>(
  list: (page: PageRequest) => Promise<Page<Item>>,
  of: { readonly limit: number; readonly cursor: (item: Item) => string },
): Promise<Item[]> {
  const items: Item[] = [];
  for (;;) {
    const last = items.at(-1);
    const page = await list({ limit: of.limit, ...(last !== undefined && { after: of.cursor(last) }) });
    items.push(...page.items);
    if (!page.hasMore) return items;
    expect(page.items).toHaveLength(of.limit);
  }
}

/** Commits writes without an event, which nothing may refuse. */
export async function write(ports: TenancyPorts, ...writes: readonly Write[]): Promise<void> {
  expect(await ports.tenancy.commit({ writes, audit: [] })).toBe('committed');
}

/** Inserts entities without an event. */
export const store = (ports: TenancyPorts, ...entities: readonly Entity[]): Promise<void> =>
  write(ports, ...entities.map(insert));

/** A tenant that is there, with the one event of its creation. */
export async function newTenant(ports: TenancyPorts, of: Partial<Tenant> = {}): Promise<Tenant> {
  const tenant = tenantEntity(of);
  const audit = [auditEntity(tenant.ref, { type: 'project.created', id: tenant.ref })];
  const writes = tenantEntities(tenant).map(insert);
  expect(await ports.tenancy.commit({ writes, audit })).toBe('committed');
  return tenant;
}

/** An account that is there. */
export async function newAccount(
  ports: TenancyPorts,
  of: { readonly tenant: TenantRef } & Partial<ServiceAccount>,
): Promise<ServiceAccount> {
  const account = accountEntity(of.tenant, of);
  await store(ports, { type: 'account', value: account });
  return account;
}

export const refusedWith = (code: string) => expect.objectContaining({ name: 'GatewayError', code });
