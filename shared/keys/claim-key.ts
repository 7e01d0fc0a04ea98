/**
 * Claiming a pending key: its secret is made here and now, and shown to whoever proved the right to it. A claim may
 * be repeated until the key's first use or ten minutes after the first claim, because an answer can be lost; each
 * repeat replaces the secret. Nothing is at rest that could be read twice.
 */

import { type Decision, decideAndCommit } from '../decide-and-commit.ts';
import { digestKey, type ParsedKey } from '../domain/api-key.ts';
import { replace, type Write } from '../domain/change.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import { accountOfKey, type KeyRef, keyId, type TenantRef } from '../domain/ids.ts';
import {
  claimed,
  endingAfterOverlap,
  holdsClaimToken,
  isClaimable,
  isUsable,
} from '../domain/key-lifecycle.ts';
import type { ApiKey } from '../domain/tenancy.ts';
import type { AuditOf } from './audit-of.ts';
import { mintFor } from './make-key.ts';
import type { KeyPorts } from './ports.ts';

export interface ClaimOrder {
  readonly tenant: TenantRef;
  readonly key: KeyRef;
  /** The link's token; undefined where the predecessor itself proved the right to its successor. */
  readonly token: ParsedKey | undefined;
  readonly nowMs: number;
  readonly auditOf: AuditOf;
}

export interface Claimed {
  readonly key: ApiKey;
  /** Shown once. */
  readonly value: string;
}

/**
 * Claims a key. Rejects with `not_found` for any token that is not one of the key's links, `gone` where the link was
 * right and its time is over, `service_unavailable` where nothing was changed.
 */
export const claimKey = (ports: KeyPorts, order: ClaimOrder): Promise<Claimed> =>
  decideAndCommit(ports.tenancy, async (): Promise<Decision<Claimed>> => {
    const key = await readClaimable(ports, order);
    const minted = mintFor(ports, key);
    const digest = digestKey(ports.random, minted);
    const next = claimed(key, { digest, nowMs: order.nowMs, token: order.token?.text });
    const writes: readonly Write[] = [
      replace({ type: 'key', value: next }),
      { op: 'require-active', tenant: key.tenant },
      { op: 'require-active', tenant: key.tenant, account: accountOfKey(key.ref) },
      ...(await endOfPredecessor(ports, { key, nowMs: order.nowMs })),
      ...unusedSince(key),
    ];
    const audit = [
      order.auditOf({
        type: 'api_key.claimed',
        chain: key.tenant,
        step: next.claim?.count ?? 0,
        subject: { id: keyId(key.tenant, key.ref) },
      }),
    ];
    const refusal = (write: Write) => (write.op === 'replace' ? undefined : gone());
    return { change: { writes, audit }, result: { key: next, value: minted.text }, refusal };
  });

const claimerOf = (order: ClaimOrder) => (order.token === undefined ? 'predecessor' : 'link');

async function readClaimable(ports: KeyPorts, order: ClaimOrder): Promise<ApiKey> {
  const key = await ports.tenancy.readKey(order.tenant, order.key);
  const proven = order.token === undefined || holdsClaimToken(key?.claim, order.token.text);
  if (key === undefined || !proven) throw new GatewayError('not_found', 'No such claim link.');
  if (!isClaimable(key, { nowMs: order.nowMs, by: claimerOf(order) })) throw gone();
  return key;
}

/** The predecessor's overlap begins when its successor first works; until then nobody is locked out. */
async function endOfPredecessor(
  ports: KeyPorts,
  of: { readonly key: ApiKey; readonly nowMs: number },
): Promise<readonly Write[]> {
  const { key, nowMs } = of;
  if (key.predecessor === undefined || key.claim?.claimedAtMs !== undefined) return [];
  const predecessor = await ports.tenancy.readKey(key.tenant, key.predecessor);
  if (predecessor === undefined || !isUsable(predecessor, nowMs)) return [];
  const ending = endingAfterOverlap(predecessor, {
    nowMs,
    overlapMs: key.claim?.overlapMs ?? key.rotation.overlapMs,
  });
  return [replace({ type: 'key', value: ending })];
}

/** A repeat replaces a secret only while nobody has used it. */
const unusedSince = (key: ApiKey): readonly Write[] =>
  (key.claim?.count ?? 0) === 0
    ? []
    : [{ op: 'require-unused', tenant: key.tenant, key: key.ref, claim: key.claim?.count ?? 0 }];

const gone = (): GatewayError =>
  new GatewayError(
    'gone',
    'This claim link has been used, or its time is over. Ask your administrator for a new link, or a new key.',
  );
