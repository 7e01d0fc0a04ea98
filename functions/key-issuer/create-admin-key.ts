import * as z from 'zod/mini';
import { digestKey, mintKey } from '../../shared/domain/api-key.ts';
import { keyId, newAccountRef, newKeyRef, ORGANIZATION_REF } from '../../shared/domain/ids.ts';
import { ADMIN_SCOPES } from '../../shared/domain/principal.ts';
import { type AdminKey, DAY_MS } from '../../shared/domain/tenancy.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { newAdminKeyObject } from './wire.ts';

/** An admin key always expires: 30 days is the longest it may live. */
const DAYS_MAX = 30;

const order = z.strictObject({
  action: z.literal('create-admin-key'),
  expiresInDays: z
    .number()
    .check(z.gt(0, 'it must be above 0.'), z.lte(DAYS_MAX, `it must be at most ${DAYS_MAX}.`)),
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
  const minted = mintKey(ports.random, {
    kind: 'bpa',
    environment: ports.keyEnvironment,
    tenant: ORGANIZATION_REF,
    key: newKeyRef(ports.random, newAccountRef(ports.random)),
  });
  const key: AdminKey = {
    ref: minted.key,
    name: 'created by direct invocation',
    environment: minted.environment,
    status: 'active',
    scopes: ADMIN_SCOPES,
    digest: digestKey(ports.random, minted),
    createdAtMs: nowMs,
    expiresAtMs: nowMs + Math.round(expiresInDays * DAY_MS),
  };
  const id = keyId(ORGANIZATION_REF, key.ref);
  await ports.tenancy.createAdminKey(key, {
    id: `admin_api_key.created:${id}`,
    type: 'admin_api_key.created',
    atMs: nowMs,
    actor: { kind: 'direct-invocation', awsRequestId: invocation.awsRequestId },
    chain: ORGANIZATION_REF,
    request: invocation.awsRequestId,
    subject: { id, scopes: key.scopes, expires_at: Math.floor(key.expiresAtMs / 1000) },
  });
  return newAdminKeyObject(key, minted.text);
}
