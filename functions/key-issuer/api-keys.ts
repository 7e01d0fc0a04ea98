import * as z from 'zod/mini';
import { decideAndCommit } from '../../shared/decide-and-commit.ts';
import { replace, type Write } from '../../shared/domain/change.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { exceeding } from '../../shared/domain/grant.ts';
import { accountOfKey, type KeyRef, keyId, newKeyRef, type TenantRef } from '../../shared/domain/ids.ts';
import { changed, endingAt, LIFETIME_MAX_MS } from '../../shared/domain/key-lifecycle.ts';
import type { ApiKey } from '../../shared/domain/tenancy.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import { queryFlag, refuseUnknownQuery } from '../../shared/http/cursor-page.ts';
import { type GatewayRequest, jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { addClaimLink } from '../../shared/keys/messages.ts';
import { revokeKey } from '../../shared/keys/revoke-key.ts';
import { auditsOf } from './audit.ts';
import { archived, readActiveTenant } from './change-tenant.ts';
import {
  deliveryOf,
  expiresInSecondsField,
  nameField,
  refuseLongOverlap,
  refuseWider,
  rotationField,
  rotationOf,
} from './field-schemas.ts';
import { grantFields, grantOf } from './grant-fields.ts';
import { rememberOf } from './idempotency.ts';
import { deliverNow, issuedAudit, issueKey, keyFields, keyOrderOf, linkBase } from './issue-key.ts';
import { accountOf, keyOf, refuseUnknown } from './path-ids.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { readAccount } from './service-accounts.ts';
import { apiKeyObject, newApiKeyObject } from './wire.ts';

export const createBody = z.strictObject({ name: z.nullish(nameField), ...grantFields, ...keyFields });

/** `POST …/service_accounts/{service_account_id}/api_keys`: one more key of an account, within its grant. */
export const createApiKey =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const of = accountOf(request);
    const body = parseBody(createBody, request.body);
    const ref = newKeyRef(ports.random, of.account);
    const baseUrl = await linkBase(ports, await deliveryOf(body.delivery));
    const issued = await decideAndCommit(ports.tenancy, async () => {
      const account = await readAccount(ports, of);
      await readActiveTenant(ports, of.tenant);
      if (account.role === 'none') throw withoutRole();
      const remember = await rememberOf(ports, { request, tenant: of.tenant });
      const order = await keyOrderOf(body, { name: body.name ?? account.name, ceiling: account.grant });
      const made = await issueKey(ports, { account, order, ref, nowMs: request.receivedAtMs });
      const writes: readonly Write[] = [
        { op: 'require-active', tenant: of.tenant },
        { op: 'require-active', tenant: of.tenant, account: of.account },
        ...made.writes,
        ...remember(keyId(of.tenant, made.key.ref)),
      ];
      return {
        result: made,
        change: { writes, audit: [issuedAudit(request, made)] },
        refusal: (write: Write) =>
          write.op === 'require-active' && write.account === undefined ? archived() : undefined,
      };
    });
    await deliverNow(ports, { request, message: issued.message });
    return jsonAnswer(200, newApiKeyObject(issued.key, { shown: issued.shown, baseUrl }));
  };

const withoutRole = (): GatewayError =>
  new GatewayError('conflict', "The service account has no role. Update it with role 'member' first.");

/** `GET /organization/projects/{project_id}/api_keys/{api_key_id}`. */
export const retrieveApiKey =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) =>
    jsonAnswer(200, await describeKey(ports, { request, key: await readKey(ports, keyOf(request)) }));

/** One key with everything that is known of it, its sealed text included while the predecessor works. */
async function describeKey(
  ports: KeyIssuerPorts,
  of: { readonly request: GatewayRequest; readonly key: ApiKey },
) {
  const { tenant, ref, predecessor } = of.key;
  const [owner, account, uses, before] = await Promise.all([
    ports.tenancy.readTenant(tenant),
    ports.tenancy.readAccount(tenant, accountOfKey(ref)),
    ports.tenancy.readKeyUses(tenant, [ref]),
    predecessor === undefined ? undefined : ports.tenancy.readKey(tenant, predecessor),
  ]);
  const predecessorEndsAtMs = before?.status === 'active' ? before.expiresAtMs : undefined;
  return apiKeyObject(of.key, {
    tenant: owner,
    account,
    use: uses.get(ref),
    predecessorEndsAtMs,
    nowMs: of.request.receivedAtMs,
  });
}

export const updateBody = z.strictObject({
  name: z.nullish(nameField),
  expires_in_seconds: expiresInSecondsField,
  rotation: rotationField,
  ...grantFields,
});

/** `POST …/api_keys/{api_key_id}`: name, grant, end and rotation; never beyond its account, nor 90 days of life. */
export const updateApiKey =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const of = keyOf(request);
    const body = parseBody(updateBody, request.body);
    const updated = await decideAndCommit(ports.tenancy, async () => {
      const key = await readKey(ports, of);
      const account = await readAccount(ports, { tenant: of.tenant, account: accountOfKey(of.key) });
      if (request.receivedAtMs >= key.expiresAtMs) throw expired(key);
      const grant = grantOf(body, { absent: key.grant, cleared: account.grant });
      const wider = exceeding(grant, account.grant)[0];
      if (wider !== undefined) refuseWider(wider, 'the service account');
      const next = changed(key, {
        name: body.name ?? key.name,
        grant,
        rotation: await rotationOf(body.rotation, key.rotation),
        ...endOf(request, { key, seconds: body.expires_in_seconds }),
      });
      refuseLongOverlap(body.rotation, next);
      return {
        result: next,
        change: updateOf(request, { key: next, fields: Object.keys(body) }),
        refusal: (write: Write) => (write.op === 'require-active' ? archived() : undefined),
      };
    });
    return jsonAnswer(200, await describeKey(ports, { request, key: updated }));
  };

function updateOf(request: GatewayRequest, of: { readonly key: ApiKey; readonly fields: readonly string[] }) {
  const { key } = of;
  const subject = {
    id: keyId(key.tenant, key.ref),
    scopes: key.grant.scopes,
    expires_at: Math.floor(key.expiresAtMs / 1000),
    changed: of.fields,
  };
  const writes: readonly Write[] = [
    { op: 'require-active', tenant: key.tenant },
    replace({ type: 'key', value: key }),
  ];
  return {
    writes,
    audit: [auditsOf(request)({ type: 'api_key.updated', chain: key.tenant, step: key.revision, subject })],
  };
}

/** No key lives longer than the policy, whenever its end is set; one that ends already does not get more time. */
function endOf(
  request: GatewayRequest,
  of: { readonly key: ApiKey; readonly seconds: number | null | undefined },
): Partial<ApiKey> {
  const { key, seconds } = of;
  if (seconds === null || seconds === undefined) return {};
  const expiresAtMs = request.receivedAtMs + seconds * 1000;
  const latestMs = key.successor === undefined ? key.createdAtMs + LIFETIME_MAX_MS : key.expiresAtMs;
  if (expiresAtMs <= latestMs) return endingAt({ nowMs: request.receivedAtMs, lifetimeMs: seconds * 1000 });
  const most = Math.floor((latestMs - request.receivedAtMs) / 1000);
  throw new GatewayError(
    'invalid_value',
    `Invalid value for 'expires_in_seconds': this key may live ${most} seconds more at most.`,
    { param: 'expires_in_seconds' },
  );
}

/**
 * `DELETE …/api_keys/{api_key_id}`: revokes at once; the next request with the key gets 401. A successor that waits to
 * be claimed falls with it, one that works only with `?cascade=true`. May be repeated.
 */
export const deleteApiKey =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const of = keyOf(request);
    refuseUnknownQuery(request, ['cascade']);
    await revokeKey(ports, {
      ...of,
      reach: queryFlag(request, 'cascade') ? 'successors' : 'alone',
      nowMs: request.receivedAtMs,
      auditOf: auditsOf(request),
    });
    const id = keyId(of.tenant, of.key);
    return jsonAnswer(200, { id, object: 'organization.project.api_key.deleted', deleted: true });
  };

/** `POST …/api_keys/{api_key_id}/claim_link`: one more link to a key that waits to be claimed. */
export const createClaimLink =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const key = await readKey(ports, keyOf(request));
    const nowMs = request.receivedAtMs;
    if (nowMs >= key.expiresAtMs) throw expired(key);
    const baseUrl = await ports.settings.baseUrl();
    const link = await addClaimLink(ports, { key, nowMs, auditOf: auditsOf(request) });
    if (link === undefined) {
      throw new GatewayError('conflict', `${keyId(key.tenant, key.ref)} does not wait to be claimed.`);
    }
    const shown = { method: 'claim', ...link } as const;
    return jsonAnswer(200, newApiKeyObject(key, { shown, baseUrl }));
  };

/** The key, or `not_found`: also one that was revoked. */
async function readKey(
  ports: Pick<KeyIssuerPorts, 'tenancy'>,
  of: { readonly tenant: TenantRef; readonly key: KeyRef },
): Promise<ApiKey> {
  const key = await ports.tenancy.readKey(of.tenant, of.key);
  if (key === undefined || key.status === 'revoked')
    return refuseUnknown('API key', keyId(of.tenant, of.key));
  return key;
}

const expired = (key: ApiKey): GatewayError =>
  new GatewayError(
    'conflict',
    `${keyId(key.tenant, key.ref)} has expired and cannot be changed. Make a new key of its service account.`,
  );
