/** The ledger in memory: gone with the process. */
import type { RequestId, TenantRef } from '../../shared/domain/ids.ts';
import { requestTimePrefix } from '../../shared/domain/request-time.ts';
import type { UsageRecord } from '../../shared/domain/usage.ts';
import type { UsageStore } from '../../shared/ports.ts';

/** What the limits in memory write to. */
export interface MemoryUsageStore extends UsageStore {
  /** Keeps the record unless the request has one. */
  put(record: UsageRecord): void;
  has(tenant: TenantRef, request: RequestId): boolean;
}

const PAGE_RECORDS = 1_000;

export function createMemoryUsageStore(): MemoryUsageStore {
  const byTenant = new Map<TenantRef, Map<RequestId, UsageRecord>>();
  return {
    put: (record) => {
      const records = byTenant.get(record.tenant) ?? new Map<RequestId, UsageRecord>();
      byTenant.set(record.tenant, records);
      if (!records.has(record.request)) records.set(record.request, record);
    },
    has: (tenant, request) => byTenant.get(tenant)?.has(request) === true,
    async *read(tenant, range) {
      const from = requestTimePrefix(range.fromMs);
      const to = requestTimePrefix(range.toMs);
      const records = [...(byTenant.get(tenant)?.values() ?? [])]
        .filter(({ request }) => request >= from && request < to)
        .toSorted((one, other) => (one.request < other.request ? -1 : 1));
      for (let first = 0; first < records.length; first += PAGE_RECORDS) {
        yield records.slice(first, first + PAGE_RECORDS);
      }
    },
  };
}
