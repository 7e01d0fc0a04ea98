import * as z from 'zod/mini';
import { decideAndCommit } from '../../shared/decide-and-commit.ts';
import { insert } from '../../shared/domain/change.ts';
import { keyId, ORGANIZATION_REF } from '../../shared/domain/ids.ts';
import { ADMIN_SCOPES } from '../../shared/domain/principal.ts';
import { DAY_MS } from '../../shared/domain/tenancy.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import { ADMIN_LIFETIME_DAYS_MAX, mintAdminKey } from './mint-admin-key.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { newAdminKeyObject } from './wire.ts';

const order = z.strictObject({
  action: z.literal('create-admin-key'),
  expiresInDays: z
    .number()
    .check(
      z.gt(0, 'it must be above 0.'),
      z.lte(ADMIN_LIFETIME_DAYS_MAX, `it must be at most ${ADMIN_LIFETIME_DAYS_MAX}.`),
    ),
});

export interface DirectInvocation {
  readonly event: unknown;
  readonly awsRequestId: string;
}

/**
 * Bootstrap and recovery: an admin key by direct invocation, which IAM authorises (`lambda:InvokeFunction` on
 * this function). Lambda does not tell a function who invoked it, so the audit entry carries the invocation's
 * request id, under which CloudTrail's data event names the caller's ARN. Rejects with GatewayError for
 * anything but exactly this order.
 */
export async function createAdminKey(ports: KeyIssuerPorts, invocation: DirectInvocation): Promise<object> {
  const { expiresInDays } = parseBody(order, invocation.event);
  const nowMs = ports.clock();
  const { key, text } = mintAdminKey(ports, {
    name: 'created by direct invocation',
    scopes: ADMIN_SCOPES,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + Math.round(expiresInDays * DAY_MS),
    ancestors: [],
  });
  const id = keyId(ORGANIZATION_REF, key.ref);
  const audit = {
    id: `tenant.admin_api_key.created:${id}`,
    type: 'tenant.admin_api_key.created',
    atMs: nowMs,
    actor: { kind: 'direct-invocation', awsRequestId: invocation.awsRequestId },
    chain: ORGANIZATION_REF,
    request: invocation.awsRequestId,
    subject: { id, scopes: key.scopes, expires_at: Math.floor(key.expiresAtMs / 1000) },
  } as const;
  await decideAndCommit(ports.tenancy, async () => ({
    result: undefined,
    change: { writes: [insert({ type: 'admin-key', value: key })], audit: [audit] },
  }));
  return newAdminKeyObject(key, text);
}
