/** Lists by pages. */
import type { Tenant } from './tenancy.ts';

/** `after`: the reference (or sequence) of the last item of the page before; `limit`: 1 to 100. */
export interface PageRequest {
  readonly after?: string;
  readonly limit: number;
}

/** One page, and whether another follows. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasMore: boolean;
}

/**
 * A page of tenants; the archived ones only where they are asked for. The list is in the order of creation, which a
 * reference alone does not tell: who has read the tenant gives it, and needs no right to read it again.
 */
export interface TenantPageRequest extends Omit<PageRequest, 'after'> {
  readonly after?: string | Pick<Tenant, 'ref' | 'createdAtMs'>;
  readonly archived: 'leave-out' | 'include';
}
