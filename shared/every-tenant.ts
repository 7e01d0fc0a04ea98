import type { TenantRef } from './domain/ids.ts';
import type { TenancyStore } from './ports.ts';

const TENANTS_A_PAGE = 100;

/** Every tenant of the organisation, page by page, oldest first. */
export async function* everyTenant(tenancy: Pick<TenancyStore, 'listTenants'>): AsyncGenerator<TenantRef> {
  let after: TenantRef | undefined;
  let hasMore = true;
  while (hasMore) {
    const page = await tenancy.listTenants({ limit: TENANTS_A_PAGE, ...(after !== undefined && { after }) });
    yield* page.items.map((tenant) => tenant.ref);
    after = page.items.at(-1)?.ref;
    hasMore = page.hasMore && after !== undefined;
  }
}
