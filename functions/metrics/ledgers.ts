import type { BucketRange, BucketReport } from '../../shared/domain/bucket-report.ts';
import type { TenantRef } from '../../shared/domain/ids.ts';
import type { Principal } from '../../shared/domain/principal.ts';
import { everyTenant } from '../../shared/every-tenant.ts';
import type { TenancyStore, UsageStore } from '../../shared/ports.ts';
import { shareWork } from '../../shared/share-work.ts';

export interface LedgerPorts {
  readonly tenancy: Pick<TenancyStore, 'listTenants'>;
  readonly usage: UsageStore;
}

/** How many tenants' ledgers are read at once. */
const READS_AT_ONCE = 8;
/** The ledger is ordered by receipt, reports count by admission, which is later: by milliseconds, or by a cold start. */
const ADMISSION_LAG_MS_MAX = 60_000;

/** Adds to a report what the ledgers of the tenants asked for hold, as far as the caller may read them. */
export async function readLedgers(
  ports: LedgerPorts,
  of: {
    readonly principal: Principal;
    readonly query: BucketRange & { readonly tenants: readonly TenantRef[] | undefined };
    readonly report: Pick<BucketReport<unknown>, 'add'>;
  },
): Promise<void> {
  const { principal, query, report } = of;
  const range = { fromMs: query.fromMs - ADMISSION_LAG_MS_MAX, toMs: query.toMs };
  await shareWork(readableTenants(ports, { principal, asked: query.tenants }), {
    workers: READS_AT_ONCE,
    work: async (tenant) => {
      for await (const records of ports.usage.read(tenant, range)) records.forEach(report.add);
    },
  });
}

/** The tenants asked for that the caller may read: a project of another, like an unknown one, adds nothing. */
async function* readableTenants(
  ports: LedgerPorts,
  of: { readonly principal: Principal; readonly asked: readonly TenantRef[] | undefined },
): AsyncGenerator<TenantRef> {
  const { principal, asked } = of;
  if (principal.kind === 'key') {
    if (asked === undefined || asked.includes(principal.tenant)) yield principal.tenant;
    return;
  }
  if (asked !== undefined) yield* new Set(asked);
  else yield* everyTenant(ports.tenancy);
}
