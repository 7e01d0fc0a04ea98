import type { TenantRef } from './domain/ids.ts';
import type { Tenant } from './domain/tenancy.ts';
import type { TenancyStore } from './ports.ts';

const TENANTS_A_PAGE = 100;

/** Every tenant of the organisation, page by page, oldest first, the archived ones too. */
export async function* everyTenant(tenancy: Pick<TenancyStore, 'listTenants'>): AsyncGenerator<TenantRef> {
  let after: Tenant | undefined;
  let hasMore = true;
  while (hasMore) {
    const page = await tenancy.listTenants({
      limit: TENANTS_A_PAGE,
      archived: 'include',
      ...(after !== undefined && { after }),
    });
    yield* page.items.map((tenant) => tenant.ref);
    after = page.items.at(-1);
    hasMore = page.hasMore && after !== undefined;
  }
}
