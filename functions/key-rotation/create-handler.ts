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
import { sweepRollups } from './sweep-rollups.ts';

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
  /** Hours of tenants' usage that were summed for reports. */
  readonly rolledUp: number;
  /** Tenants whose closed hours are perhaps not all summed; the next hour goes on. Their reports are right, and slower. */
  readonly behind: number;
  /** Tenants of which something could not be done; the next hour tries again. */
  readonly failed: number;
  /** Tenants that this hour had no time for. */
  readonly left: number;
}

const SWEPT_AT_ONCE = 8;
/** Kept at the end of the function's life for the sweeps under way and the report. */
const MARGIN_MS = 15_000;
/** What one tenant's rollups may take of a sweep, so that a long backfill leaves time for the others'. */
const ROLLUP_MS_A_TENANT = 30_000;

/**
 * The hourly sweep. It settles what dead processes left of silent tenants (busy ones are settled by their own
 * traffic), renews keys that are due, reminds of those that end, and tells what was not told yet; then, in the time that
 * is left, it sums closed hours of usage. Each step may be repeated, so an event delivered twice, or an hour that was
 * missed, changes nothing but the time.
 */
export function createHandler(ports: KeyRotationPorts) {
  return async (
    _event: unknown,
    context: Pick<Context, 'getRemainingTimeInMillis' | 'awsRequestId'>,
  ): Promise<SweepReport> => {
    const stopAtMs = ports.clock() + context.getRemainingTimeInMillis() - MARGIN_MS;
    const report = { tenants: 0, settled: 0, rotated: 0, reminded: 0, delivered: 0, left: 0 };
    const visited: TenantRef[] = [];
    const failed = new Set<TenantRef>();
    await shareWork(everyTenant(ports.tenancy), {
      workers: SWEPT_AT_ONCE,
      work: async (tenant) => {
        report.tenants += 1;
        visited.push(tenant);
        if (ports.clock() >= stopAtMs) {
          report.left += 1;
          return;
        }
        const swept = await sweepTenant(ports, { tenant, request: context.awsRequestId });
        report.settled += swept.settled;
        report.rotated += swept.rotated;
        report.reminded += swept.reminded;
        report.delivered += swept.delivered;
        if (swept.failed > 0) failed.add(tenant);
      },
    });
    const rollups = await rollUp(ports, { tenants: visited, stopAtMs, failed });
    const all = { ...report, ...rollups, failed: failed.size };
    const level = all.failed + all.left > 0 ? 'error' : 'info';
    ports.log.write({ level, event: 'sweep-finished', ...all });
    return all;
  };
}

/** After all else, for all tenants: it may take all the time there is, and nothing waits for it. */
async function rollUp(
  ports: KeyRotationPorts,
  of: {
    readonly tenants: readonly TenantRef[];
    readonly stopAtMs: number;
    /** Gains the tenants whose hours could not be summed. */
    readonly failed: Set<TenantRef>;
  },
): Promise<Pick<SweepReport, 'rolledUp' | 'behind'>> {
  const { stopAtMs, failed } = of;
  const sums = { rolledUp: 0, behind: 0 };
  await shareWork(each(of.tenants), {
    workers: SWEPT_AT_ONCE,
    work: async (tenant) => {
      const nowMs = ports.clock();
      if (nowMs >= stopAtMs) {
        sums.behind += 1;
        return;
      }
      const until = { tenant, stopAtMs: Math.min(stopAtMs, nowMs + ROLLUP_MS_A_TENANT) };
      const swept = await guarded(ports, { tenant, part: () => sweepRollups(ports, until) });
      if (swept === undefined) failed.add(tenant);
      sums.rolledUp += swept?.rolledUp ?? 0;
      sums.behind += swept?.state === 'done' ? 0 : 1;
    },
  });
  return sums;
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

type TenantSweep = Pick<SweepReport, 'settled' | 'rotated' | 'reminded' | 'delivered' | 'failed'>;

async function sweepTenant(
  ports: KeyRotationPorts,
  { tenant, request }: { readonly tenant: TenantRef; readonly request: string },
): Promise<TenantSweep> {
  const nowMs = ports.clock();
  const of = { tenant, nowMs, auditOf: auditsBy({ actor: { kind: 'key-rotation' }, request, atMs: nowMs }) };
  const settled = await guarded(ports, { tenant, part: () => ports.limits.sweep(tenant, nowMs) });
  const keys = await guarded(ports, { tenant, part: () => sweepActive(ports, of) });
  const outbox = await guarded(ports, { tenant, part: () => sweepOutbox(ports, of) });
  const broken = [settled, keys, outbox].filter((part) => part === undefined).length;
  return {
    settled: settled ?? 0,
    rotated: keys?.rotated ?? 0,
    reminded: keys?.reminded ?? 0,
    delivered: outbox?.delivered ?? 0,
    failed: broken + (keys?.failed ?? 0) + (outbox?.failed ?? 0),
  };
}

/** Undefined where it failed: one part's or tenant's trouble must not keep the others waiting. */
async function guarded<Result>(
  ports: KeyRotationPorts,
  { tenant, part }: { readonly tenant: TenantRef; readonly part: () => Promise<Result> },
): Promise<Result | undefined> {
  try {
    return await part();
  } catch (error) {
    ports.log.write({ level: 'error', event: 'sweep-failed', tenant, ...causeFacts(error) });
    return undefined;
  }
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
