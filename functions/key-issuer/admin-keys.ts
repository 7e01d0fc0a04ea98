import * as z from 'zod/mini';
import { decideAndCommit } from '../../shared/decide-and-commit.ts';
import { insert, replace, type Write } from '../../shared/domain/change.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { type KeyRef, keyId, ORGANIZATION_REF } from '../../shared/domain/ids.ts';
import { isUsable, revoked } from '../../shared/domain/key-lifecycle.ts';
import {
  ADMIN_ANCESTORS_MAX,
  ADMIN_SCOPES,
  type AdminPrincipal,
  type AdminScope,
  scopesOf,
} from '../../shared/domain/principal.ts';
import { type AdminKey, DAY_MS } from '../../shared/domain/tenancy.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import { wholeListBody } from '../../shared/http/cursor-page.ts';
import { type GatewayRequest, jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { auditsOf } from './audit.ts';
import { integerField, nameField, refuseWider } from './field-schemas.ts';
import { rememberOf } from './idempotency.ts';
import { ADMIN_LIFETIME_DAYS_MAX, mintAdminKey } from './mint-admin-key.ts';
import { adminKeyOf, refuseUnknown } from './path-ids.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { adminKeyObject, newAdminKeyObject, seconds } from './wire.ts';

const LIFETIME_DEFAULT_MS = 8 * 3_600_000;
const KEYS_A_PAGE = 100;

export const createBody = z.strictObject({
  name: nameField,
  expires_in_seconds: z.nullish(integerField(1, (ADMIN_LIFETIME_DAYS_MAX * DAY_MS) / 1000)),
  scopes: z.nullish(z.array(z.enum(ADMIN_SCOPES)).check(z.minLength(1, 'name at least one scope.'))),
});

/**
 * `POST /organization/admin_api_keys`: a key that may do no more than the caller's, lives no longer and falls with it;
 * its text is in this answer and nowhere else. It always expires, after 8 hours where nothing is said (OpenAI's would
 * not) or with the caller's own key. Call it with `maxRetries: 0`, or with an `Idempotency-Key`.
 */
export const createChildAdminKey =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const grantor = adminOf(request);
    const body = parseBody(createBody, request.body);
    const ancestors = [...grantor.ancestors, grantor.key];
    if (ancestors.length > ADMIN_ANCESTORS_MAX) throw tooDeep();
    const facts = {
      name: body.name,
      scopes: scopesWithin(grantor, body.scopes),
      createdAtMs: request.receivedAtMs,
      expiresAtMs: endOf(request, { grantor, seconds: body.expires_in_seconds }),
      ancestors,
    };
    const made = await decideAndCommit(ports.tenancy, async () => {
      const remember = await rememberOf(ports, { request });
      const minted = mintAdminKey(ports, facts);
      const id = keyId(ORGANIZATION_REF, minted.key.ref);
      // All of them: revoking one then leaves none of its descendants behind, whoever is making one just now.
      const writes: readonly Write[] = [
        ...ancestors.map((key): Write => ({ op: 'require-active-admin', key })),
        insert({ type: 'admin-key', value: minted.key }),
        ...remember(id),
      ];
      const subject = {
        id,
        name: facts.name,
        scopes: facts.scopes,
        expires_at: seconds(facts.expiresAtMs),
        parent: keyId(ORGANIZATION_REF, grantor.key),
      };
      const audit = auditsOf(request)({
        type: 'tenant.admin_api_key.created',
        chain: ORGANIZATION_REF,
        subject,
      });
      return {
        result: minted,
        change: { writes, audit: [audit] },
        refusal: (write: Write) => (write.op === 'require-active-admin' ? grantorRevoked() : undefined),
      };
    });
    return jsonAnswer(200, newAdminKeyObject(made.key, made.text));
  };

/** No scope that opens the routes of admin keys can be another's. */
function adminOf({ principal }: GatewayRequest): AdminPrincipal {
  if (principal.kind === 'admin') return principal;
  throw new GatewayError('insufficient_scope', 'Only an admin key makes and revokes admin keys.');
}

const tooDeep = (): GatewayError =>
  new GatewayError(
    'conflict',
    `This key descends from ${ADMIN_ANCESTORS_MAX} others already. Make the new key with one of those.`,
  );

const grantorRevoked = (): GatewayError =>
  new GatewayError('key_revoked', 'The key of this request has been revoked.');

function scopesWithin(
  grantor: AdminPrincipal,
  asked: readonly AdminScope[] | null | undefined,
): readonly AdminScope[] {
  if (asked === null || asked === undefined) return grantor.scopes;
  const held = scopesOf(grantor);
  if (!asked.every((scope) => held.includes(scope))) refuseWider('scopes', 'the key of this request');
  return [...new Set(asked)];
}

/** What is asked for must fit; what is left out is made to. */
function endOf(
  request: GatewayRequest,
  of: { readonly grantor: AdminPrincipal; readonly seconds: number | null | undefined },
): number {
  const { receivedAtMs } = request;
  const latestMs = of.grantor.expiresAtMs;
  if (of.seconds === null || of.seconds === undefined) {
    return Math.min(receivedAtMs + LIFETIME_DEFAULT_MS, latestMs);
  }
  const expiresAtMs = receivedAtMs + of.seconds * 1000;
  if (expiresAtMs > latestMs) refuseWider('expires_in_seconds', 'the key of this request');
  return expiresAtMs;
}

/** `GET /organization/admin_api_keys`: those that open something, oldest first unless `order` says otherwise. */
export const listAdminKeys =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const keys = await usableKeys(ports, request.receivedAtMs);
    const oldestFirst = keys
      .toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.ref < b.ref ? -1 : 1))
      .map(adminKeyObject);
    return jsonAnswer(200, wholeListBody(request, { oldestFirst, parameters: ['order'] }));
  };

/** Every admin key that is neither revoked nor expired: administrators' machines are few. */
async function usableKeys(
  ports: Pick<KeyIssuerPorts, 'tenancy'>,
  nowMs: number,
): Promise<readonly AdminKey[]> {
  const keys: AdminKey[] = [];
  for (let hasMore = true; hasMore; ) {
    const after = keys.at(-1)?.ref;
    const page = await ports.tenancy.listAdminKeys({
      limit: KEYS_A_PAGE,
      ...(after !== undefined && { after }),
    });
    keys.push(...page.items);
    hasMore = page.hasMore;
  }
  return keys.filter((key) => isUsable(key, nowMs));
}

/** `GET /organization/admin_api_keys/{key_id}`: 404 for one that was revoked. */
export const retrieveAdminKey =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const ref = adminKeyOf(request);
    const key = await ports.tenancy.readAdminKey(ref);
    if (key?.status !== 'active') return refuseUnknown('admin API key', keyId(ORGANIZATION_REF, ref));
    return jsonAnswer(200, adminKeyObject(key));
  };

/**
 * `DELETE /organization/admin_api_keys/{key_id}`: revokes it and all that descend from it. The key itself comes first,
 * and from then on none of them opens anything, since authentication reads what a key descends from; each descendant
 * then gets its own end and event, unless it has expired: that was its end. A key that descends from nobody may revoke
 * any, another only itself and its descendants. May be repeated, also to finish what was cut short.
 */
export const deleteAdminKey =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const caller = adminOf(request);
    const root = adminKeyOf(request);
    const id = keyId(ORGANIZATION_REF, root);
    const key = (await ports.tenancy.readAdminKey(root)) ?? refuseUnknown('admin API key', id);
    if (!mayRevoke(caller, key)) throw beyondReach();
    await revoke(ports, { request, key: root, root });
    const others = await usableKeys(ports, request.receivedAtMs);
    const descendants = others.filter(({ ancestors }) => ancestors.includes(root));
    for (const { ref } of descendants) await revoke(ports, { request, key: ref, root });
    return jsonAnswer(200, { id, object: 'organization.admin_api_key.deleted', deleted: true });
  };

/** A short-lived key of a deployment job must not be able to lock out those who made it. */
const mayRevoke = (caller: AdminPrincipal, key: AdminKey): boolean =>
  caller.ancestors.length === 0 || key.ref === caller.key || key.ancestors.includes(caller.key);

const beyondReach = (): GatewayError =>
  new GatewayError(
    'insufficient_scope',
    'An admin key that another one made revokes only itself and the keys that descend from it. Use the key that this one descends from.',
  );

/** Revokes one key; one that is revoked already, or forgotten, stays as it is, with its one event. */
const revoke = (
  ports: Pick<KeyIssuerPorts, 'tenancy'>,
  of: { readonly request: GatewayRequest; readonly key: KeyRef; readonly root: KeyRef },
): Promise<undefined> =>
  decideAndCommit(ports.tenancy, async () => {
    const id = keyId(ORGANIZATION_REF, of.key);
    const key = await ports.tenancy.readAdminKey(of.key);
    if (key === undefined || key.status === 'revoked')
      return { result: undefined, change: { writes: [], audit: [] } };
    const cause = of.key === of.root ? {} : { because_of: keyId(ORGANIZATION_REF, of.root) };
    const audit = auditsOf(of.request)({
      type: 'tenant.admin_api_key.deleted',
      chain: ORGANIZATION_REF,
      subject: { id, ...cause },
    });
    const write = replace({ type: 'admin-key', value: revoked(key, of.request.receivedAtMs) });
    return { result: undefined, change: { writes: [write], audit: [audit] } };
  });
