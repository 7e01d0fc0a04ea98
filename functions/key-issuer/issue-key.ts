/** Issuing a key to a service account: what was asked for, the key, and what its caller is shown. */
import * as z from 'zod/mini';
import { causeFacts } from '../../shared/domain/cause.ts';
import type { Write } from '../../shared/domain/change.ts';
import { insert } from '../../shared/domain/change.ts';
import { exceeding, type Grant } from '../../shared/domain/grant.ts';
import { accountOfKey, type KeyRef, keyId, serviceAccountId } from '../../shared/domain/ids.ts';
import { DEFAULT_ROTATION, type KeyDelivery, type RotationPolicy } from '../../shared/domain/key-delivery.ts';
import { CLAIM_LINK_MS, LIFETIME_MAX_MS } from '../../shared/domain/key-lifecycle.ts';
import type { OutboxMessage } from '../../shared/domain/outbox.ts';
import { issuedVersionId } from '../../shared/domain/secret-version.ts';
import { type ApiKey, DAY_MS, type ServiceAccount } from '../../shared/domain/tenancy.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';
import { type MadeKey, makeKey } from '../../shared/keys/make-key.ts';
import { deliver, keyFacts } from '../../shared/keys/messages.ts';
import { auditsOf } from './audit.ts';
import {
  deliveryField,
  deliveryOf,
  expiresInSecondsField,
  refuseLongOverlap,
  refuseWider,
  rotationField,
  rotationOf,
} from './field-schemas.ts';
import { grantFields, grantOf } from './grant-fields.ts';
import type { KeyIssuerPorts } from './ports.ts';

/** The fields of a new key, whichever call makes it. */
export const keyFields = {
  expires_in_seconds: expiresInSecondsField,
  delivery: deliveryField,
  rotation: rotationField,
};
const keyBody = z.object({ ...keyFields, ...grantFields });

export interface KeyOrder {
  readonly name: string;
  readonly grant: Grant;
  readonly lifetimeMs: number;
  readonly delivery: KeyDelivery;
  readonly rotation: RotationPolicy;
}

/** What a body asks for; its grant must lie within the account's, whose it is where the body says nothing. */
export async function keyOrderOf(
  body: z.infer<typeof keyBody>,
  of: { readonly name: string; readonly ceiling: Grant },
): Promise<KeyOrder> {
  const grant = grantOf(body, { absent: of.ceiling });
  const wider = exceeding(grant, of.ceiling)[0];
  if (wider !== undefined) refuseWider(wider, 'the service account');
  const seconds = body.expires_in_seconds;
  const lifetimeMs = seconds === null || seconds === undefined ? LIFETIME_MAX_MS : seconds * 1000;
  const delivery = (await deliveryOf(body.delivery)) ?? { method: 'response' };
  const rotation = await rotationOf(body.rotation, rotationAfter(delivery));
  refuseLongOverlap(body.rotation, { lifetimeMs, rotation });
  return { name: of.name, grant, lifetimeMs, delivery, rotation };
}

/** Where nothing else is asked for, a successor goes the way of the first key, if that needs nobody's help. */
const rotationAfter = (delivery: KeyDelivery): RotationPolicy =>
  delivery.method === 'response' ? DEFAULT_ROTATION : { ...DEFAULT_ROTATION, delivery };

/** A key that is to be, and the message that makes its value current, where it lies in Secrets Manager. */
export interface IssuedKey extends MadeKey {
  readonly message: OutboxMessage | undefined;
  readonly writes: readonly Write[];
}

export async function issueKey(
  ports: KeyIssuerPorts,
  of: {
    readonly account: ServiceAccount;
    readonly order: KeyOrder;
    /** Drawn once for all tries of a call: it names what is written outside before the change commits. */
    readonly ref: KeyRef;
    readonly nowMs: number;
  },
): Promise<IssuedKey> {
  const { account, order, ref, nowMs } = of;
  const made = await makeKey(ports, {
    draft: {
      tenant: account.tenant,
      ref,
      name: order.name,
      environment: ports.keyEnvironment,
      grant: order.grant,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + order.lifetimeMs,
      lifetimeMs: order.lifetimeMs,
      rotation: order.rotation,
      line: ref,
      generation: 0,
      revision: 1,
    },
    delivery: order.delivery,
    versionId: issuedVersionId(account.tenant, ref),
    link: { expiresAtMs: nowMs + Math.min(CLAIM_LINK_MS, order.lifetimeMs), made: 'now' },
  });
  // Only a predecessor keeps its successor's sealed text: what was just answered is not kept.
  const { sealed: _, ...key } = made.key;
  const message = made.shown.method === 'secrets_manager' ? messageOf(key, nowMs) : undefined;
  const writes = [
    insert({ type: 'key', value: key }),
    ...(message === undefined ? [] : [insert({ type: 'outbox', value: message })]),
  ];
  return { key, shown: made.shown, message, writes };
}

const messageOf = (key: ApiKey, nowMs: number): OutboxMessage => ({
  tenant: key.tenant,
  id: `key.issued:${keyId(key.tenant, key.ref)}`,
  type: 'key.issued',
  createdAtMs: nowMs,
  state: 'pending',
  key: key.ref,
  detail: keyFacts(key),
  forgetAtMs: key.expiresAtMs + DAY_MS,
  revision: 1,
});

/** The audit entry of an issued key. */
export const issuedAudit = (request: GatewayRequest, { key, shown }: MadeKey) =>
  auditsOf(request)({
    type: 'api_key.created',
    chain: key.tenant,
    subject: {
      id: keyId(key.tenant, key.ref),
      service_account: serviceAccountId(key.tenant, accountOfKey(key.ref)),
      scopes: key.grant.scopes,
      delivery: shown.method,
      expires_at: Math.floor(key.expiresAtMs / 1000),
    },
  });

/**
 * The deployment's address, where a link is to be shown. It is asked for before anything is changed: a link that could
 * not be shown after the change would be lost.
 */
export const linkBase = async (
  ports: Pick<KeyIssuerPorts, 'settings'>,
  delivery: KeyDelivery | undefined,
): Promise<string> => (delivery?.method === 'claim' ? await ports.settings.baseUrl() : '');

/** Tells a message now. What fails is told by the sweep, so the change stands and its caller is answered. */
export async function deliverNow(
  ports: KeyIssuerPorts,
  of: { readonly request: GatewayRequest; readonly message: OutboxMessage | undefined },
): Promise<void> {
  const { request, message } = of;
  if (message === undefined) return;
  try {
    await deliver(ports, { message, nowMs: request.receivedAtMs, auditOf: auditsOf(request) });
  } catch (error) {
    ports.log.write({
      level: 'error',
      event: 'message-not-delivered',
      tenant: message.tenant,
      request: request.requestId,
      ...causeFacts(error),
    });
  }
}
