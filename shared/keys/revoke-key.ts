/** Revocation: at once, and recorded with the change. */

import { type Decision, decideAndCommit } from '../decide-and-commit.ts';
import { replace, type Write } from '../domain/change.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import { accountOfKey, type KeyRef, keyId, type TenantRef } from '../domain/ids.ts';
import { revoked, withoutSuccessor } from '../domain/key-lifecycle.ts';
import type { ApiKey } from '../domain/tenancy.ts';
import type { AuditOf } from './audit-of.ts';
import type { KeyPorts } from './ports.ts';

export interface RevocationOrder {
  readonly tenant: TenantRef;
  readonly key: KeyRef;
  /** `successors`: every key that descends from it too. One that still waits to be claimed always falls with it. */
  readonly reach: 'alone' | 'successors';
  readonly nowMs: number;
  readonly auditOf: AuditOf;
}

type Ports = Pick<KeyPorts, 'tenancy'>;

/** What one transaction takes, with an event each; a longer line is revoked in several. */
const KEYS_A_CHANGE = 20;
const KEYS_A_PAGE = 100;

/**
 * Revokes a key; those revoked already stay as they are, with their one event. A predecessor that lives on may have
 * another successor. Rejects with `not_found`. Where a cascade breaks off, the key itself is revoked already and a
 * repeat revokes the rest.
 */
export async function revokeKey(ports: Ports, order: RevocationOrder): Promise<void> {
  await revokeSome(ports, order, () => withPending(ports, order));
  if (order.reach === 'alone') return;
  // Each round reads again: what was rotated meanwhile is found, and what is revoked can be rotated no more.
  while ((await revokeSome(ports, order, () => descendantsOf(ports, order))) > 0);
}

/** Revokes the first of these keys in one change; returns how many. */
const revokeSome = (
  ports: Ports,
  order: RevocationOrder,
  keysToEnd: () => Promise<readonly ApiKey[]>,
): Promise<number> =>
  decideAndCommit(ports.tenancy, async (): Promise<Decision<number>> => {
    const ending = (await keysToEnd()).filter((key) => key.status !== 'revoked').slice(0, KEYS_A_CHANGE);
    const writes: readonly Write[] = [
      ...ending.map((key) => revoked(key, order.nowMs)),
      ...(await predecessorsLeft(ports, ending)),
    ].map((value) => replace({ type: 'key', value }));
    const audit = ending.map(({ ref }) =>
      order.auditOf({
        type: 'api_key.deleted',
        chain: order.tenant,
        subject: {
          id: keyId(order.tenant, ref),
          ...(ref !== order.key && { because_of: keyId(order.tenant, order.key) }),
        },
      }),
    );
    return { change: { writes, audit }, result: ending.length };
  });

async function withPending(ports: Ports, order: RevocationOrder): Promise<readonly ApiKey[]> {
  const key = await ports.tenancy.readKey(order.tenant, order.key);
  if (key === undefined) {
    throw new GatewayError('not_found', `No such API key: '${keyId(order.tenant, order.key)}'.`);
  }
  const successor =
    key.successor === undefined ? undefined : await ports.tenancy.readKey(order.tenant, key.successor);
  return successor?.status === 'pending' ? [key, successor] : [key];
}

/** The keys whose successor ends and that go on themselves, without it. */
async function predecessorsLeft(ports: Ports, ending: readonly ApiKey[]): Promise<readonly ApiKey[]> {
  const refs = new Set(ending.map(({ ref }) => ref));
  const left = await Promise.all(
    ending.map(async ({ tenant, ref, predecessor }) => {
      if (predecessor === undefined || refs.has(predecessor)) return [];
      const key = await ports.tenancy.readKey(tenant, predecessor);
      return key?.status === 'active' && key.successor === ref ? [withoutSuccessor(key)] : [];
    }),
  );
  return left.flat();
}

/** The living keys of the account that descend from the key, through revoked ones too. */
async function descendantsOf(ports: Ports, order: RevocationOrder): Promise<readonly ApiKey[]> {
  const descends = descentOf(ports, order);
  const found: ApiKey[] = [];
  let after: KeyRef | undefined;
  for (;;) {
    const page = await ports.tenancy.listKeys(order.tenant, {
      limit: KEYS_A_PAGE,
      ...(after !== undefined && { after }),
    });
    for (const key of page.items) {
      if (accountOfKey(key.ref) === accountOfKey(order.key) && (await descends(key.predecessor)))
        found.push(key);
    }
    after = page.items.at(-1)?.ref;
    if (!page.hasMore || after === undefined) return found;
  }
}

/** Whether a chain of predecessors leads to the key; each is read once. */
function descentOf(ports: Ports, { tenant, key }: RevocationOrder) {
  const known = new Map<KeyRef, KeyRef | undefined>();
  const predecessorOf = async (ref: KeyRef): Promise<KeyRef | undefined> => {
    if (!known.has(ref)) known.set(ref, (await ports.tenancy.readKey(tenant, ref))?.predecessor);
    return known.get(ref);
  };
  return async (predecessor: KeyRef | undefined): Promise<boolean> => {
    let ref = predecessor;
    while (ref !== undefined && ref !== key) ref = await predecessorOf(ref);
    return ref === key;
  };
}
