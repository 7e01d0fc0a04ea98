/**
 * Rotation: a key gets a successor with everything of it but the secret. Insertion of the successor, the end of the
 * predecessor, the message to tell and the audit event are one transaction, conditional on the predecessor as it
 * was read; the one step outside of it (a value in Secrets Manager) is named by predecessor and generation, so that
 * workers that race, or a worker that comes after a crash, find the same value. Protocol and evidence: ARCHITECTURE.md.
 */

import { type Decision, decideAndCommit } from '../decide-and-commit.ts';
import type { AuditEntry } from '../domain/audit.ts';
import { insert, replace, type Write } from '../domain/change.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import { accountOfKey, type KeyRef, keyId, newKeyRef, type TenantRef } from '../domain/ids.ts';
import type { KeyDelivery } from '../domain/key-delivery.ts';
import { isUsable, LIFETIME_MAX_MS, succeeded, successorOf } from '../domain/key-lifecycle.ts';
import type { OutboxMessage } from '../domain/outbox.ts';
import { rotatedVersionId } from '../domain/secret-version.ts';
import { type ApiKey, DAY_MS } from '../domain/tenancy.ts';
import type { AuditOf } from './audit-of.ts';
import { type MadeKey, makeKey, type Shown } from './make-key.ts';
import { keyFacts } from './messages.ts';
import { isOwned } from './ownership.ts';
import type { KeyPorts } from './ports.ts';

export interface RotationOrder {
  readonly tenant: TenantRef;
  readonly key: KeyRef;
  readonly nowMs: number;
  /** Undefined: as the key's own policy says. */
  readonly delivery?: KeyDelivery;
  /** How long the predecessor works on, at most; its policy's overlap where it says nothing. */
  readonly overlapMs?: number;
  /** `now` where somebody is there to be shown a claim link. */
  readonly link: 'now' | 'later';
  /** Asked with each try: more writes of the same change, for the id of the successor, such as an idempotency record. */
  readonly also?: () => Promise<(successorId: string) => readonly Write[]>;
  readonly auditOf: AuditOf;
}

export interface Rotated {
  readonly predecessor: ApiKey;
  readonly successor: ApiKey;
  readonly shown: Shown;
  /** To be told once the change has committed. */
  readonly message: OutboxMessage;
}

/** How long after its key's end a message is kept, so that nothing writes it a second time. */
const MESSAGE_KEPT_MS = 30 * DAY_MS;

/**
 * Rotates a key. Rejects with `not_found` where there is none, `conflict` where it cannot have a successor (pending,
 * expired, or it has one that was not revoked) and `service_unavailable` where nothing was changed.
 */
export async function rotateKey(ports: KeyPorts, order: RotationOrder): Promise<Rotated> {
  return decideAndCommit(ports.tenancy, async (): Promise<Decision<Rotated>> => {
    const also = await order.also?.();
    const predecessor = await readRotatable(ports, order);
    const made = await makeSuccessor(ports, { order, predecessor });
    const rotated = rotationOf({ order, predecessor, made });
    const successorId = keyId(order.tenant, made.key.ref);
    const writes = [
      replace({ type: 'key', value: rotated.predecessor }),
      insert({ type: 'key', value: made.key }),
      insert({ type: 'outbox', value: rotated.message }),
      { op: 'require-active', tenant: order.tenant },
      { op: 'require-active', tenant: order.tenant, account: accountOfKey(predecessor.ref) },
      ...(also?.(successorId) ?? []),
    ] as const satisfies readonly Write[];
    const audit = [auditOf(order, rotated)];
    const refusal = (write: Write) => (write.op === 'require-active' ? inactive() : undefined);
    return { change: { writes, audit }, result: rotated, refusal };
  });
}

async function readRotatable(ports: KeyPorts, { tenant, key, nowMs }: RotationOrder): Promise<ApiKey> {
  const stored = await ports.tenancy.readKey(tenant, key);
  const id = keyId(tenant, key);
  if (stored === undefined || stored.status === 'revoked')
    throw new GatewayError('not_found', `No such API key: '${id}'.`);
  if (stored.status === 'pending') {
    throw new GatewayError('conflict', `${id} waits to be claimed; it has no secret that could be rotated.`);
  }
  if (!isUsable(stored, nowMs)) {
    throw new GatewayError('conflict', `${id} has expired. Make a new key of its service account.`);
  }
  if (stored.successor !== undefined) {
    throw new GatewayError(
      'conflict',
      `${id} has been rotated already: its successor is ${keyId(tenant, stored.successor)}. Revoke that one to rotate again.`,
    );
  }
  if (!(await isOwned(ports, stored))) throw inactive();
  return stored;
}

const makeSuccessor = (
  ports: KeyPorts,
  { order, predecessor }: { readonly order: RotationOrder; readonly predecessor: ApiKey },
): Promise<MadeKey> =>
  makeKey(ports, {
    draft: successorOf(predecessor, {
      ref: newKeyRef(ports.random, accountOfKey(predecessor.ref)),
      nowMs: order.nowMs,
    }),
    delivery: order.delivery ?? predecessor.rotation.delivery,
    versionId: rotatedVersionId(order.tenant, {
      predecessor: predecessor.ref,
      generation: predecessor.generation + 1,
    }),
    link: {
      expiresAtMs: predecessor.expiresAtMs,
      made: order.link,
      overlapMs: overlapOf(order, predecessor),
    },
  });

const overlapOf = (order: RotationOrder, predecessor: ApiKey): number =>
  order.overlapMs ?? predecessor.rotation.overlapMs;

function rotationOf(of: {
  readonly order: RotationOrder;
  readonly predecessor: ApiKey;
  readonly made: MadeKey;
}): Rotated {
  const { order, made } = of;
  const { nowMs } = order;
  const overlapMs = overlapOf(order, of.predecessor);
  const successor = made.key;
  const pending = successor.status === 'pending' ? 'pending' : 'active';
  const predecessor = succeeded(of.predecessor, { successor: successor.ref, nowMs, overlapMs, pending });
  const isToldLink = made.shown.method === 'claim' && order.link === 'later';
  const type = isToldLink ? 'key.claim_pending' : 'key.rotated';
  const message: OutboxMessage = {
    tenant: order.tenant,
    id: `${type}:${keyId(order.tenant, predecessor.ref)}:${predecessor.generation}`,
    type,
    createdAtMs: nowMs,
    state: 'pending',
    key: successor.ref,
    detail: {
      ...keyFacts(successor),
      predecessor: keyId(order.tenant, predecessor.ref),
      predecessor_ends_at: Math.floor(predecessor.expiresAtMs / 1000),
      delivery: made.shown.method,
    },
    forgetAtMs: nowMs + LIFETIME_MAX_MS + MESSAGE_KEPT_MS,
    revision: 1,
  };
  return { predecessor, successor, shown: made.shown, message };
}

function auditOf(order: RotationOrder, { predecessor, successor, shown }: Rotated): AuditEntry {
  return order.auditOf({
    type: 'api_key.rotated',
    chain: order.tenant,
    step: predecessor.generation,
    subject: {
      id: keyId(order.tenant, predecessor.ref),
      successor: keyId(order.tenant, successor.ref),
      delivery: shown.method,
      expires_at: Math.floor(predecessor.expiresAtMs / 1000),
    },
  });
}

const inactive = (): GatewayError =>
  new GatewayError('conflict', 'The project is archived or the service account deleted.');
