/** Changes of a tenant itself: its name, limits, model permissions and status. */
import { type Decision, decideAndCommit } from '../../shared/decide-and-commit.ts';
import type { AuditEntry } from '../../shared/domain/audit.ts';
import { replace, type Write } from '../../shared/domain/change.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { projectId, type TenantRef } from '../../shared/domain/ids.ts';
import type { Tenant } from '../../shared/domain/tenancy.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';
import { auditsOf } from './audit.ts';
import { refuseUnknown, tenantOf } from './path-ids.ts';
import type { KeyIssuerPorts } from './ports.ts';

/** What a request makes of a tenant. */
export interface TenantChange extends Pick<Decision<Tenant>, 'refusal'> {
  /** The tenant with its new facts; its next revision and version of limits are seen to. */
  readonly tenant: Tenant;
  readonly audit: Pick<AuditEntry, 'type' | 'subject'>;
  /** What else changes with it, the tenant first: who lost a race against the same change then sees that. */
  readonly writes?: readonly Write[];
}

/**
 * Changes the tenant of the path, which must be active (`conflict`), and tells what it became. `decide` is asked again
 * where another change came between; undefined where everything is as asked already, which is no event.
 */
export const changeTenant = (
  ports: Pick<KeyIssuerPorts, 'tenancy'>,
  of: {
    readonly request: GatewayRequest;
    readonly decide: (before: Tenant) => TenantChange | undefined | Promise<TenantChange>;
  },
): Promise<Tenant> =>
  decideAndCommit(ports.tenancy, async () => {
    const before = await readActiveTenant(ports, tenantOf(of.request));
    const change = await of.decide(before);
    return change === undefined ? unchanged(before) : decisionOf(of.request, change);
  });

/** A decision to leave a tenant as it is. */
export const unchanged = (tenant: Tenant): Decision<Tenant> => ({
  result: tenant,
  change: { writes: [], audit: [] },
});

/** A change as one transaction. */
export function decisionOf(request: GatewayRequest, change: TenantChange): Decision<Tenant> {
  const { writes = [], audit, refusal } = change;
  const tenant = nextTenant(change.tenant);
  const entry = auditsOf(request)({ ...audit, chain: tenant.ref, step: tenant.revision });
  return {
    result: tenant,
    change: { writes: [replace({ type: 'tenant', value: tenant }), ...writes], audit: [entry] },
    ...(refusal !== undefined && { refusal }),
  };
}

/** Limits are versioned by tenant: what was checked under older ones must not be admitted after this. */
const nextTenant = (tenant: Tenant): Tenant => ({
  ...tenant,
  limits: { ...tenant.limits, version: tenant.limits.version + 1 },
  revision: tenant.revision + 1,
});

/** The tenant, or `not_found`. */
export async function readTenant(ports: Pick<KeyIssuerPorts, 'tenancy'>, ref: TenantRef): Promise<Tenant> {
  return (await ports.tenancy.readTenant(ref)) ?? refuseUnknown('project', projectId(ref));
}

/** The tenant that may be changed, or `not_found`, or `conflict` where it is archived. */
export async function readActiveTenant(
  ports: Pick<KeyIssuerPorts, 'tenancy'>,
  ref: TenantRef,
): Promise<Tenant> {
  const tenant = await readTenant(ports, ref);
  if (tenant.status !== 'active') throw archived();
  return tenant;
}

export const archived = (): GatewayError => new GatewayError('conflict', 'The project is archived.');
