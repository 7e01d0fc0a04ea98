import * as z from 'zod/mini';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { projectId, type TenantRef } from '../../shared/domain/ids.ts';
import { NANO_USD_A_CENT, NANO_USD_MAX } from '../../shared/domain/money.ts';
import type { Tenant } from '../../shared/domain/tenancy.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import {
  type GatewayAnswer,
  type GatewayRequest,
  jsonAnswer,
  type UseCase,
} from '../../shared/http/message.ts';
import { changeTenant, readTenant, type TenantChange } from './change-tenant.ts';
import { shadowFacts } from './changed-facts.ts';
import { integerField } from './field-schemas.ts';
import { tenantLimitsOf } from './limit-fields.ts';
import { spendLimitObject } from './limit-objects.ts';
import { enforcing } from './limit-set.ts';
import { tenantOf } from './path-ids.ts';
import type { KeyIssuerPorts } from './ports.ts';

export const updateBody = z.strictObject({
  currency: z.literal('USD'),
  interval: z.literal('month'),
  threshold_amount: integerField(1, NANO_USD_MAX / NANO_USD_A_CENT),
});

/** `GET /organization/projects/{project_id}/spend_limit`: 404 where there is none. */
export const retrieveSpendLimit =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    return describe(ports, { request, tenant: await readTenant(ports, tenantOf(request)) });
  };

function refuseNone(tenant: TenantRef): never {
  throw new GatewayError('not_found', `The project has no spend limit: '${projectId(tenant)}'.`);
}

/**
 * `POST …/spend_limit`: creates or replaces it, in whole cents of USD a UTC month. Acts on the next request, and
 * enforces, also where the limit was in shadow: OpenAI's object has no word for that.
 */
export const updateSpendLimit =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const { threshold_amount } = parseBody(updateBody, request.body);
    const tenant = await changeTenant(ports, {
      request,
      decide: (before) => updateOf(before, threshold_amount),
    });
    return describe(ports, { request, tenant });
  };

function updateOf(before: Tenant, cents: number): TenantChange {
  const had = before.limits.nanoUsdPerMonth;
  const set = { ...before.limits, nanoUsdPerMonth: cents * NANO_USD_A_CENT };
  const limits = enforcing(set, ['nanoUsdPerMonth']);
  return {
    tenant: { ...before, limits },
    audit: {
      type: 'project.spend_limit.updated',
      subject: {
        ...{ id: projectId(before.ref), currency: 'USD', interval: 'month', threshold_amount: cents },
        'previous.threshold_amount': had === undefined ? null : had / NANO_USD_A_CENT,
        ...shadowFacts(before.limits, limits),
      },
    },
  };
}

/** `DELETE …/spend_limit`: the project may spend without end. May be repeated. */
export const deleteSpendLimit =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    await changeTenant(ports, {
      request,
      decide: (before) => {
        if (before.limits.nanoUsdPerMonth === undefined) return undefined;
        const limits = tenantLimitsOf(
          { usd_per_month: null },
          { absent: before.limits, catalogue: ports.catalogue },
        );
        return {
          tenant: { ...before, limits },
          audit: { type: 'project.spend_limit.deleted', subject: { id: projectId(before.ref) } },
        };
      },
    });
    return jsonAnswer(200, { object: 'project.spend_limit.deleted', deleted: true });
  };

async function describe(
  ports: KeyIssuerPorts,
  of: { readonly request: GatewayRequest; readonly tenant: Tenant },
): Promise<GatewayAnswer> {
  const { ref, limits } = of.tenant;
  if (limits.nanoUsdPerMonth === undefined) return refuseNone(ref);
  const { nanoUsd, debtNanoUsd } = await ports.limits.readSpend(ref, of.request.receivedAtMs);
  return jsonAnswer(
    200,
    spendLimitObject({
      limitNanoUsd: limits.nanoUsdPerMonth,
      force: limits.shadow?.includes('nanoUsdPerMonth') === true ? 'shadow' : 'enforced',
      spentNanoUsd: nanoUsd,
      ...(limits.estimation === 'balanced' && { debtNanoUsd }),
    }),
  );
}
