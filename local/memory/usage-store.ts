/** The ledger in memory, and what its closed hours add up to: gone with the process. */
import type { RequestId, TenantRef } from '../../shared/domain/ids.ts';
import { requestTimePrefix } from '../../shared/domain/request-time.ts';
import {
  hourOf,
  isLate,
  type RolledHour,
  type RollupProgress,
  type SealedHour,
} from '../../shared/domain/rollup.ts';
import type { UsageRecord } from '../../shared/domain/usage.ts';
import type { UsageRollups, UsageStore } from '../../shared/ports.ts';

/** What the limits in memory write to. */
export interface MemoryUsageStore extends UsageStore {
  /** Keeps the record unless the request has one. */
  put(record: UsageRecord): void;
  has(tenant: TenantRef, request: RequestId): boolean;
  /** Of the same ledger: a record of an hour that is rolled up opens it again. */
  readonly rollups: UsageRollups;
}

/** A tenant's ledger; changed in place, owned by the store. */
interface TenantLedger {
  readonly records: Map<RequestId, UsageRecord>;
  /** By the start of the hour. */
  readonly hours: Map<number, RolledHour>;
  progress: RollupProgress;
}

const PAGE_RECORDS = 1_000;

export function createMemoryUsageStore(): MemoryUsageStore {
  const tenants = new Map<TenantRef, TenantLedger>();
  const ledgerOf = (tenant: TenantRef): TenantLedger => {
    const progress = { rolledToMs: 0, reopened: 0 };
    const ledger = tenants.get(tenant) ?? { records: new Map(), hours: new Map(), progress };
    tenants.set(tenant, ledger);
    return ledger;
  };
  return {
    put: (record) => put(ledgerOf(record.tenant), record),
    has: (tenant, request) => ledgerOf(tenant).records.has(request),
    async *read(tenant, range) {
      const from = requestTimePrefix(range.fromMs);
      const to = requestTimePrefix(range.toMs);
      const records = [...ledgerOf(tenant).records.values()]
        .filter(({ request }) => request >= from && request < to)
        .toSorted((one, other) => (one.request < other.request ? -1 : 1));
      for (let first = 0; first < records.length; first += PAGE_RECORDS) {
        yield records.slice(first, first + PAGE_RECORDS);
      }
    },
    rollups: {
      readProgress: async (tenant) => ledgerOf(tenant).progress,
      async *read(tenant, { fromMs, toMs }) {
        const hours = [...ledgerOf(tenant).hours.values()]
          .filter(({ startMs }) => startMs >= fromMs && startMs < toMs)
          .toSorted((one, other) => one.startMs - other.startMs);
        if (hours.length > 0) yield hours;
      },
      seal: async (tenant, hour) => seal(ledgerOf(tenant), hour),
      advance: async (tenant, to) => advance(ledgerOf(tenant), to),
    },
  };
}

/** Each record moves its hour's generation, so that no hour is sealed without one that came while it was summed. */
function put(ledger: TenantLedger, record: UsageRecord): void {
  if (ledger.records.has(record.request)) return;
  ledger.records.set(record.request, record);
  const startMs = hourOf(record.startedAtMs);
  const hour = ledger.hours.get(startMs);
  const { rolledToMs, reopened } = ledger.progress;
  ledger.hours.set(startMs, { startMs, generation: (hour?.generation ?? 0) + 1, lines: undefined });
  if (hour?.lines === undefined && startMs >= rolledToMs && !isLate(record, record.settledAtMs)) return;
  ledger.progress = { rolledToMs: Math.min(rolledToMs, startMs), reopened: reopened + 1 };
}

function seal(ledger: TenantLedger, { startMs, generation, lines }: SealedHour): 'sealed' | 'overtaken' {
  if ((ledger.hours.get(startMs)?.generation ?? 0) !== generation) return 'overtaken';
  ledger.hours.set(startMs, { startMs, generation: generation + 1, lines });
  return 'sealed';
}

function advance(
  ledger: TenantLedger,
  { from, toMs }: { readonly from: RollupProgress; readonly toMs: number },
): boolean {
  const { rolledToMs, reopened } = ledger.progress;
  if (from.rolledToMs !== rolledToMs || from.reopened !== reopened) return false;
  ledger.progress = { rolledToMs: toMs, reopened };
  return true;
}
