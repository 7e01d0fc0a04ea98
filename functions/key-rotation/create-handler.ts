import type { TenantRef } from '../../shared/domain/ids.ts';
import { everyTenant } from '../../shared/every-tenant.ts';
import type { Clock, LimitsStore, Log, TenancyStore } from '../../shared/ports.ts';

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
}

/**
 * The hourly sweep. It settles what dead processes left of silent tenants; busy ones are settled by their own
 * traffic. Each step may be repeated, so an event delivered twice changes nothing.
 */
export function createHandler(ports: KeyRotationPorts) {
  return async (): Promise<SweepReport> => {
    const report = { tenants: 0, settled: 0, failed: 0 };
    for await (const tenant of everyTenant(ports.tenancy)) {
      report.tenants += 1;
      const settled = await sweepOne(ports, tenant);
      if (settled === undefined) report.failed += 1;
      else report.settled += settled;
    }
    ports.log.write({ level: report.failed > 0 ? 'error' : 'info', event: 'sweep-finished', ...report });
    return report;
  };
}

/** Undefined where the tenant could not be swept: one tenant's trouble must not keep the others waiting. */
async function sweepOne(ports: KeyRotationPorts, tenant: TenantRef): Promise<number | undefined> {
  try {
    return await ports.limits.sweep(tenant, ports.clock());
  } catch (error) {
    const cause = error instanceof Error ? error.name : typeof error;
    ports.log.write({ level: 'error', event: 'sweep-failed', tenant, cause });
    return undefined;
  }
}
