import type { Context } from 'aws-lambda';
import { causeFacts } from '../../shared/domain/cause.ts';
import type { TenantRef } from '../../shared/domain/ids.ts';
import { everyTenant } from '../../shared/every-tenant.ts';
import type { Clock, LimitsStore, Log, TenancyStore } from '../../shared/ports.ts';
import { shareWork } from '../../shared/share-work.ts';

export interface KeyRotationPorts {
  readonly tenancy: Pick<TenancyStore, 'listTenants'>;
  readonly limits: Pick<LimitsStore, 'sweep'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface SweepReport {
  readonly tenants: number;
  /** Requests settled for processes that died. */
  readonly settled: number;
  /** Tenants that could not be swept; the next hour tries again. */
  readonly failed: number;
  /** Tenants that this hour had no time for. */
  readonly left: number;
}

const SWEPT_AT_ONCE = 8;
/** Kept at the end of the function's life for the sweeps under way and the report. */
const MARGIN_MS = 15_000;

/**
 * The hourly sweep. It settles what dead processes left of silent tenants; busy ones are settled by their own
 * traffic. Each step may be repeated, so an event delivered twice changes nothing.
 */
export function createHandler(ports: KeyRotationPorts) {
  return async (
    _event: unknown,
    context: Pick<Context, 'getRemainingTimeInMillis'>,
  ): Promise<SweepReport> => {
    const stopAtMs = ports.clock() + context.getRemainingTimeInMillis() - MARGIN_MS;
    const report = { tenants: 0, settled: 0, failed: 0, left: 0 };
    await shareWork(everyTenant(ports.tenancy), {
      workers: SWEPT_AT_ONCE,
      work: async (tenant) => {
        report.tenants += 1;
        if (ports.clock() >= stopAtMs) {
          report.left += 1;
          return;
        }
        const settled = await sweepOne(ports, tenant);
        if (settled === undefined) report.failed += 1;
        else report.settled += settled;
      },
    });
    const level = report.failed + report.left > 0 ? 'error' : 'info';
    ports.log.write({ level, event: 'sweep-finished', ...report });
    return report;
  };
}

/** Undefined where the tenant could not be swept: one tenant's trouble must not keep the others waiting. */
async function sweepOne(ports: KeyRotationPorts, tenant: TenantRef): Promise<number | undefined> {
  try {
    return await ports.limits.sweep(tenant, ports.clock());
  } catch (error) {
    ports.log.write({ level: 'error', event: 'sweep-failed', tenant, ...causeFacts(error) });
    return undefined;
  }
}
