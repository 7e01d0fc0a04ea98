import type { AccountRef, TenantRef } from '../../shared/domain/ids.ts';
import { projectId, serviceAccountId } from '../../shared/domain/ids.ts';
import { debtOf, type LimitOwner, type LimitUsage, limitUsageOf } from '../../shared/domain/limit-usage.ts';
import type { LimitSet, TenantLimits } from '../../shared/domain/limits.ts';
import type { ServiceAccount } from '../../shared/domain/tenancy.ts';
import { refuseUnknownQuery } from '../../shared/http/cursor-page.ts';
import { isMoney, wireLimitName } from '../../shared/http/limit-names.ts';
import { type GatewayRequest, jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { readTenant } from './change-tenant.ts';
import { refuseUnknown, tenantOf } from './path-ids.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { seconds } from './wire.ts';

const ACCOUNTS_A_PAGE = 100;

/**
 * `GET /organization/projects/{project_id}/limit_usage`, our addition: every limit in force for the project, its service
 * accounts and its models, with what is left of it just now. A key of a project sees its own.
 */
export const retrieveLimitUsage =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    refuseUnknownQuery(request, []);
    const ref = visibleTenant(request);
    const { limits } = await readTenant(ports, ref);
    const [accounts, held] = await Promise.all([limitedAccounts(ports, ref), ports.limits.readHeld(ref)]);
    const usage = limitUsageOf(held, { limits, accounts, nowMs: request.receivedAtMs });
    return jsonAnswer(200, {
      object: 'project.limit_usage',
      project_id: projectId(ref),
      limits: usage.map((one) => usageObject(ref, one)),
      inflight: { value: limits.inflightMax, used: held.inflight },
      ...(isBalanced(limits) && { debt_usd: debtOf(held) / NANO_A_USD }),
    });
  };

const NANO_A_USD = 1e9;

const isBalanced = ({ estimation }: TenantLimits): boolean => estimation === 'balanced';

/** Another project's is not found, as for whoever may not know of it. */
function visibleTenant(request: GatewayRequest): TenantRef {
  const ref = tenantOf(request);
  const { principal } = request;
  if (principal.kind === 'key' && principal.tenant !== ref) return refuseUnknown('project', projectId(ref));
  return ref;
}

interface LimitedAccount {
  readonly ref: AccountRef;
  readonly limits: LimitSet;
}

/** All that have limits of their own, page by page: there may be many accounts, and few have any. */
async function limitedAccounts(
  { tenancy }: Pick<KeyIssuerPorts, 'tenancy'>,
  tenant: TenantRef,
): Promise<readonly LimitedAccount[]> {
  const found: LimitedAccount[] = [];
  let after: AccountRef | undefined;
  for (;;) {
    const page = await tenancy.listAccounts(tenant, {
      limit: ACCOUNTS_A_PAGE,
      ...(after !== undefined && { after }),
    });
    found.push(...page.items.flatMap(limitsOf));
    after = page.items.at(-1)?.ref;
    if (!page.hasMore || after === undefined) return found;
  }
}

const limitsOf = ({ ref, limits }: ServiceAccount): readonly LimitedAccount[] =>
  limits === undefined ? [] : [{ ref, limits }];

function usageObject(tenant: TenantRef, usage: LimitUsage) {
  const wire = (amount: number): number => (isMoney(usage.limit) ? amount / NANO_A_USD : amount);
  return {
    limit: wireLimitName(usage.limit),
    owner: ownerObject(tenant, usage.owner),
    value: wire(usage.value),
    used: wire(usage.used),
    reserved: wire(usage.reserved),
    remaining: wire(usage.remaining),
    resets_at: seconds(usage.resetsAtMs),
    mode: usage.mode,
  };
}

function ownerObject(tenant: TenantRef, owner: LimitOwner) {
  switch (owner.kind) {
    case 'tenant':
      return { type: 'project', id: projectId(tenant) };
    case 'account':
      return { type: 'service_account', id: serviceAccountId(tenant, owner.account) };
    case 'model':
      return { type: 'model', id: owner.model };
  }
}
