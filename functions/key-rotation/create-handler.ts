import type { Context } from 'aws-lambda';
import { causeFacts } from '../../shared/domain/cause.ts';
import type { TenantRef } from '../../shared/domain/ids.ts';
import { everyTenant } from '../../shared/every-tenant.ts';
import { auditsBy } from '../../shared/keys/audit-of.ts';
import { shareWork } from '../../shared/share-work.ts';
import type { KeyRotationPorts } from './ports.ts';
import { sweepAlerts } from './sweep-alerts.ts';
import { sweepKeys } from './sweep-keys.ts';
import { sweepOutbox } from './sweep-outbox.ts';

export interface SweepReport {
  readonly tenants: number;
  /** Requests settled for processes that died. */
  readonly settled: number;
  /** Keys that got a successor. */
  readonly rotated: number;
  /** Reminders and spend alerts that were written. */
  readonly reminded: number;
  /** Messages that were told. */
  readonly delivered: number;
  /** Tenants of which something could not be done; the next hour tries again. */
  readonly failed: number;
  /** Tenants that this hour had no time for. */
  readonly left: number;
}

const SWEPT_AT_ONCE = 8;
/** Kept at the end of the function's life for the sweeps under way and the report. */
const MARGIN_MS = 15_000;

/**
 * The hourly sweep. It settles what dead processes left of silent tenants (busy ones are settled by their own
 * traffic), renews keys that are due, reminds of those that end, and tells what was not told yet. Each step may be
 * repeated, so an event delivered twice, or an hour that was missed, changes nothing but the time.
 */
export function createHandler(ports: KeyRotationPorts) {
  return async (
    _event: unknown,
    context: Pick<Context, 'getRemainingTimeInMillis' | 'awsRequestId'>,
  ): Promise<SweepReport> => {
    const stopAtMs = ports.clock() + context.getRemainingTimeInMillis() - MARGIN_MS;
    const report = { tenants: 0, settled: 0, rotated: 0, reminded: 0, delivered: 0, failed: 0, left: 0 };
    await shareWork(everyTenant(ports.tenancy), {
      workers: SWEPT_AT_ONCE,
      work: async (tenant) => {
        report.tenants += 1;
        if (ports.clock() >= stopAtMs) {
          report.left += 1;
          return;
        }
        const swept = await sweepTenant(ports, { tenant, request: context.awsRequestId });
        report.settled += swept.settled;
        report.rotated += swept.rotated;
        report.reminded += swept.reminded;
        report.delivered += swept.delivered;
        report.failed += swept.failed > 0 ? 1 : 0;
      },
    });
    const level = report.failed + report.left > 0 ? 'error' : 'info';
    ports.log.write({ level, event: 'sweep-finished', ...report });
    return report;
  };
}

type TenantSweep = Pick<SweepReport, 'settled' | 'rotated' | 'reminded' | 'delivered' | 'failed'>;

/** One part's or tenant's trouble must not keep the others waiting. */
async function sweepTenant(
  ports: KeyRotationPorts,
  { tenant, request }: { readonly tenant: TenantRef; readonly request: string },
): Promise<TenantSweep> {
  const nowMs = ports.clock();
  const of = { tenant, nowMs, auditOf: auditsBy({ actor: { kind: 'key-rotation' }, request, atMs: nowMs }) };
  const guarded = async <Result>(part: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await part();
    } catch (error) {
      ports.log.write({ level: 'error', event: 'sweep-failed', tenant, ...causeFacts(error) });
      return undefined;
    }
  };
  const settled = await guarded(() => ports.limits.sweep(tenant, nowMs));
  const keys = await guarded(() => sweepActive(ports, of));
  const outbox = await guarded(() => sweepOutbox(ports, of));
  const broken = [settled, keys, outbox].filter((part) => part === undefined).length;
  return {
    settled: settled ?? 0,
    rotated: keys?.rotated ?? 0,
    reminded: keys?.reminded ?? 0,
    delivered: outbox?.delivered ?? 0,
    failed: broken + (keys?.failed ?? 0) + (outbox?.failed ?? 0),
  };
}

/** The keys and alerts of a tenant that is not archived. */
async function sweepActive(
  ports: KeyRotationPorts,
  of: Parameters<typeof sweepKeys>[1],
): Promise<{ readonly rotated: number; readonly reminded: number; readonly failed: number }> {
  const tenant = await ports.tenancy.readTenant(of.tenant);
  if (tenant?.status !== 'active') return { rotated: 0, reminded: 0, failed: 0 };
  const keys = await sweepKeys(ports, of);
  const alerts = await sweepAlerts(ports, of);
  return { ...keys, reminded: keys.reminded + alerts };
}
