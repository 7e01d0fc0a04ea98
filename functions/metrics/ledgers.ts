import type { BucketRange, BucketReport, PageBounds } from '../../shared/domain/bucket-report.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { TenantRef } from '../../shared/domain/ids.ts';
import type { Principal } from '../../shared/domain/principal.ts';
import {
  ADMISSION_LAG_MS_MAX,
  type CountedUsage,
  countedLine,
  HOUR_MS,
  hourOf,
} from '../../shared/domain/rollup.ts';
import type { TimeRange } from '../../shared/domain/usage.ts';
import { everyTenant } from '../../shared/every-tenant.ts';
import type { TenancyStore, UsageRollups, UsageStore } from '../../shared/ports.ts';
import { shareWork } from '../../shared/share-work.ts';

export interface LedgerPorts {
  readonly tenancy: Pick<TenancyStore, 'listTenants'>;
  readonly usage: UsageStore;
  readonly rollups: Pick<UsageRollups, 'readProgress' | 'read'>;
  /** Days that records are kept; undefined means for ever. */
  readonly usageRetentionDays?: number | undefined;
  /** What one page of a report may hold; absent: what the function can answer. */
  readonly pageBounds?: PageBounds;
}

/** How many tenants' ledgers are read at once. */
const READS_AT_ONCE = 8;

interface LedgerReading {
  readonly principal: Principal;
  readonly query: BucketRange & { readonly tenants: readonly TenantRef[] | undefined };
  readonly report: Pick<BucketReport<unknown>, 'add' | 'toMs'>;
}
type TenantReading = LedgerReading & { readonly tenant: TenantRef };

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

/** Whole hours that are sealed are told by their rollups, all else by the records. */
async function readLedger(ports: LedgerPorts, of: TenantReading): Promise<void> {
  if (of.query.widthMs % HOUR_MS !== 0) return readRecords(ports, of, of.query);
  // Read first: what is rolled up meanwhile has its hours sealed already when they are read.
  const { rolledToMs } = await ports.rollups.readProgress(of.tenant);
  const { fromMs, toMs } = of.query;
  let seenToMs = fromMs;
  const unrolled = (untilMs: number) =>
    readRecords(ports, of, { fromMs: Math.max(seenToMs, rolledToMs), toMs: untilMs });
  for await (const hours of ports.rollups.read(of.tenant, { fromMs, toMs: hourOf(toMs) })) {
    for (const { startMs, lines } of hours) {
      // Told by its records, like all hours around it that are not rolled up yet.
      if (lines === undefined && startMs >= rolledToMs) continue;
      await unrolled(startMs);
      const hour = { fromMs: startMs, toMs: startMs + HOUR_MS };
      if (lines === undefined) await readRecords(ports, of, hour);
      else
        addTo(
          of.report,
          lines.map((line) => countedLine(line, { tenant: of.tenant, startMs })),
        );
      seenToMs = hour.toMs;
    }
    if (seenToMs >= of.report.toMs) break;
  }
  // Where the query ends within an hour, its rollup would say more than is asked for.
  const lastMs = hourOf(toMs);
  if (lastMs < rolledToMs) await readRecords(ports, of, { fromMs: lastMs, toMs });
  else await unrolled(toMs);
}

/** Adds what was admitted within the range, as far as the report's page reaches. */
async function readRecords(ports: LedgerPorts, of: TenantReading, range: TimeRange): Promise<void> {
  const { report } = of;
  const toMs = Math.min(range.toMs, report.toMs);
  if (toMs <= range.fromMs) return;
  const receipts = { fromMs: range.fromMs - ADMISSION_LAG_MS_MAX, toMs };
  for await (const records of ports.usage.read(of.tenant, receipts)) {
    addTo(
      report,
      records.filter(({ startedAtMs }) => startedAtMs >= range.fromMs && startedAtMs < range.toMs),
    );
    // What was admitted so late was received behind the page's end, and so was all that follows.
    if ((records.at(-1)?.startedAtMs ?? 0) >= report.toMs + ADMISSION_LAG_MS_MAX) return;
  }
}

function addTo(report: LedgerReading['report'], counted: readonly CountedUsage[]): void {
  try {
    counted.forEach(report.add);
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
