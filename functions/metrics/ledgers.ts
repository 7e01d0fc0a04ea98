import type { BucketRange, BucketReport, PageBounds } from '../../shared/domain/bucket-report.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { TenantRef } from '../../shared/domain/ids.ts';
import type { Principal } from '../../shared/domain/principal.ts';
import type { UsageRecord } from '../../shared/domain/usage.ts';
import { everyTenant } from '../../shared/every-tenant.ts';
import type { TenancyStore, UsageStore } from '../../shared/ports.ts';
import { shareWork } from '../../shared/share-work.ts';

export interface LedgerPorts {
  readonly tenancy: Pick<TenancyStore, 'listTenants'>;
  readonly usage: UsageStore;
  /** What one page of a report may hold; absent: what the function can answer. */
  readonly pageBounds?: PageBounds;
}

/** How many tenants' ledgers are read at once. */
const READS_AT_ONCE = 8;
/** The ledger is ordered by receipt, reports count by admission, which is later: by milliseconds, or by a cold start. */
const ADMISSION_LAG_MS_MAX = 60_000;

interface LedgerReading {
  readonly principal: Principal;
  readonly query: BucketRange & { readonly tenants: readonly TenantRef[] | undefined };
  readonly report: Pick<BucketReport<unknown>, 'add' | 'toMs'>;
}

/**
 * Adds to a report what the ledgers of the tenants asked for hold, as far as the caller may read them and the report's
 * page reaches: where it ends early, what lies behind is not read.
 */
export async function readLedgers(ports: LedgerPorts, of: LedgerReading): Promise<void> {
  const { principal, query } = of;
  await shareWork(readableTenants(ports, { principal, asked: query.tenants }), {
    workers: READS_AT_ONCE,
    work: (tenant) => readLedger(ports, { ...of, tenant }),
  });
}

async function readLedger(
  ports: LedgerPorts,
  of: LedgerReading & { readonly tenant: TenantRef },
): Promise<void> {
  const { query, report } = of;
  const range = { fromMs: query.fromMs - ADMISSION_LAG_MS_MAX, toMs: report.toMs };
  for await (const records of ports.usage.read(of.tenant, range)) {
    addTo(report, records);
    // What was admitted so late was received behind the page's end, and so was all that follows.
    if ((records.at(-1)?.startedAtMs ?? 0) >= report.toMs + ADMISSION_LAG_MS_MAX) return;
  }
}

function addTo(report: LedgerReading['report'], records: readonly UsageRecord[]): void {
  try {
    records.forEach(report.add);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new GatewayError(
      'invalid_value',
      "One bucket of this query has too many requests or groups. Ask for a narrower 'bucket_width', fewer 'project_ids', fewer groups or an earlier 'end_time'.",
      { param: 'bucket_width', cause: error },
    );
  }
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
