/**
 * The life of an API key, as pure steps from one state to the next. Whoever takes a step reads the key, asks for the
 * next state and commits it from the revision that was read, so that two who take a step at once cannot both.
 *
 *     pending --claim--> active --(successor)--> active, ending --> expired
 *        \____________________________revoke______________________/
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { KeyDigest } from './api-key.ts';
import type { KeyRef } from './ids.ts';
import {
  type AdminKey,
  type ApiKey,
  AUTOMATIC_LIFETIME_DAYS_MIN,
  DAY_MS,
  KEY_LIFETIME_DAYS,
  type KeyClaim,
} from './tenancy.ts';

export const LIFETIME_MAX_MS = KEY_LIFETIME_DAYS * DAY_MS;
/** A claim may be repeated for so long after the first: its answer may have been lost. */
export const CLAIM_REPEAT_MS = 10 * 60_000;
/** The link of a key that replaces no other works for so long. */
export const CLAIM_LINK_MS = DAY_MS;

/** Whether a key opens anything at this instant. */
export const isUsable = (key: Pick<ApiKey | AdminKey, 'status' | 'expiresAtMs'>, nowMs: number): boolean =>
  key.status === 'active' && nowMs < key.expiresAtMs;

/**
 * From when on the sweep makes the key's successor: the overlap before its end, day 76 of 90. Undefined for a key
 * that does not rotate by itself, because it was told not to or lives too briefly.
 */
export function rotationDueAtMs({ rotation, lifetimeMs, expiresAtMs }: ApiKey): number | undefined {
  const isLong = lifetimeMs >= AUTOMATIC_LIFETIME_DAYS_MIN * DAY_MS && lifetimeMs >= 2 * rotation.overlapMs;
  return rotation.automatic && isLong ? expiresAtMs - rotation.overlapMs : undefined;
}

/** Whether the sweep makes a successor now. An expired key is not renewed: that would lengthen its life. */
export function isRotationDue(key: ApiKey, nowMs: number): boolean {
  const dueAtMs = rotationDueAtMs(key);
  return dueAtMs !== undefined && isUsable(key, nowMs) && key.successor === undefined && nowMs >= dueAtMs;
}

/** A predecessor whose successor works: it ends after the overlap, and never later than it would have. */
export const endingAfterOverlap = (
  key: ApiKey,
  of: { readonly nowMs: number; readonly overlapMs: number },
): ApiKey => changed(key, { expiresAtMs: Math.min(key.expiresAtMs, of.nowMs + of.overlapMs) });

/** A predecessor that has a successor, and whose end is as it was where the successor is still to be claimed. */
export function succeeded(
  predecessor: ApiKey,
  of: {
    readonly successor: KeyRef;
    readonly nowMs: number;
    readonly overlapMs: number;
    readonly pending: 'pending' | 'active';
  },
): ApiKey {
  const next = changed(predecessor, { successor: of.successor, generation: predecessor.generation + 1 });
  const expiresAtMs =
    of.pending === 'pending' ? next.expiresAtMs : Math.min(next.expiresAtMs, of.nowMs + of.overlapMs);
  return { ...next, expiresAtMs };
}

/** What every successor takes over: the workload, what it may do and how it is renewed. Never the secret. */
export function successorOf(
  predecessor: ApiKey,
  of: { readonly ref: KeyRef; readonly nowMs: number },
): Omit<ApiKey, 'status'> {
  const { tenant, name, environment, grant, lifetimeMs, rotation, line } = predecessor;
  return {
    tenant,
    ref: of.ref,
    name,
    environment,
    grant,
    createdAtMs: of.nowMs,
    expiresAtMs: of.nowMs + Math.min(lifetimeMs, LIFETIME_MAX_MS),
    lifetimeMs,
    rotation,
    line,
    generation: 0,
    predecessor: predecessor.ref,
    revision: 1,
  };
}

/** A predecessor whose successor was revoked: it may have another. */
export function withoutSuccessor(key: ApiKey): ApiKey {
  const { successor: _, ...rest } = key;
  return { ...rest, revision: key.revision + 1 };
}

/** Another end for a key: that is its life from now on, so that a successor gets no more than it was given. */
export const endingAt = (of: { readonly nowMs: number; readonly lifetimeMs: number }): Partial<ApiKey> => ({
  expiresAtMs: of.nowMs + of.lifetimeMs,
  lifetimeMs: of.lifetimeMs,
});

export const revoked = <Key extends ApiKey | AdminKey>(key: Key, nowMs: number): Key => ({
  ...key,
  status: 'revoked',
  revokedAtMs: nowMs,
  revision: key.revision + 1,
});

/** SHA-256, hex: a claim token is 256 random bits, so nothing slower is needed. */
export const hashClaimToken = (token: string): string => createHash('sha256').update(token).digest('hex');

/** Whether a token is one of a claim's links, in time that does not depend on which. */
export function holdsClaimToken(claim: KeyClaim | undefined, token: string): boolean {
  const presented = Buffer.from(hashClaimToken(token), 'hex');
  const links = claim?.links ?? [];
  return links.map(({ hash }) => timingSafeEqual(Buffer.from(hash, 'hex'), presented)).includes(true);
}

/**
 * A pending key with one more link. One that is shown ends those that were shown before, and a message that is tried
 * again replaces its own. Where the time of the earlier ones is over, the new one has its own and they stay dead.
 */
export function withClaimLink(
  key: ApiKey,
  of: { readonly token: string; readonly nowMs: number; readonly toldBy?: string },
): ApiKey {
  const { claim } = key;
  if (claim === undefined) return key;
  const { toldBy } = of;
  const isOver = of.nowMs >= claim.expiresAtMs;
  const others = isOver ? [] : claim.links.filter((other) => other.toldBy !== toldBy);
  const link = { hash: hashClaimToken(of.token), ...(toldBy !== undefined && { toldBy }) };
  const expiresAtMs = isOver ? Math.min(of.nowMs + CLAIM_LINK_MS, key.expiresAtMs) : claim.expiresAtMs;
  return changed(key, { claim: { ...claim, links: [...others, link], expiresAtMs } });
}

/**
 * Whether a key can be claimed now: before its first claim while the link holds, and again, by whoever claimed it,
 * until its first use or ten minutes after the first claim. Whether it was used is not its own to know
 * (`require-unused`).
 */
export function isClaimable(
  key: ApiKey,
  { nowMs, by }: { readonly nowMs: number; readonly by: 'link' | 'predecessor' },
): boolean {
  const { claim } = key;
  if (claim === undefined || key.status === 'revoked' || nowMs >= key.expiresAtMs) return false;
  if (claim.claimedAtMs !== undefined) {
    return claim.claimedBy === by && nowMs < claim.claimedAtMs + CLAIM_REPEAT_MS;
  }
  return key.status === 'pending' && nowMs < claim.expiresAtMs;
}

/**
 * A claimed key: it has the secret of this claim, and no earlier one. The link that claimed it is the only one left:
 * nobody else may repeat the claim and so replace the secret.
 */
export function claimed(
  key: ApiKey,
  of: {
    readonly digest: KeyDigest;
    readonly nowMs: number;
    /** The token of the link; undefined where the predecessor claimed. */
    readonly token: string | undefined;
  },
): ApiKey {
  const { claim } = key;
  if (claim === undefined) return key;
  const hash = of.token === undefined ? undefined : hashClaimToken(of.token);
  return changed(key, {
    status: 'active',
    digest: of.digest,
    claim: {
      ...claim,
      count: claim.count + 1,
      claimedAtMs: claim.claimedAtMs ?? of.nowMs,
      claimedBy: hash === undefined ? 'predecessor' : 'link',
      links: claim.links.filter((link) => link.hash === hash),
    },
  });
}

/** The next revision of a key. */
export const changed = (key: ApiKey, change: Partial<ApiKey>): ApiKey => ({
  ...key,
  ...change,
  revision: key.revision + 1,
});
