/**
 * What must be told to the world outside once a change has committed: written in the same transaction, published
 * afterwards, at least once. An id is deterministic, so that a repeated attempt at the same change makes no second one.
 */
import type { KeyRef, TenantRef } from './ids.ts';

/**
 * - `key.issued`, `key.rotated`: a key whose value lies in Secrets Manager is made current there, then told of.
 * - `key.claim_pending`: a successor waits to be claimed; the message carries the link.
 * - `key.expiring`: 14, 7 or 1 days before the end of a key.
 * - `key.rotation_overdue`: due for 24 hours and not rotated.
 * - `spend_alert.reached`: a threshold of this month's spend.
 */
export const OUTBOX_TYPES = [
  'key.issued',
  'key.rotated',
  'key.claim_pending',
  'key.expiring',
  'key.rotation_overdue',
  'spend_alert.reached',
] as const;
export type OutboxType = (typeof OUTBOX_TYPES)[number];

/** One message of a tenant. */
export interface OutboxMessage {
  readonly tenant: TenantRef;
  /** `key.expiring:key_…:7`. */
  readonly id: string;
  readonly type: OutboxType;
  readonly createdAtMs: number;
  readonly state: 'pending' | 'sent';
  /** The key that it is about; undefined for spend alerts. */
  readonly key?: KeyRef;
  /** Public facts, as they are published; never a secret. */
  readonly detail: Readonly<Record<string, string | number | readonly string[]>>;
  /** When the item may be forgotten: long after whatever could write it again. */
  readonly forgetAtMs: number;
  readonly revision: number;
}

/** A message as it is published: what is in its detail is for whoever subscribed. */
export interface PublishedEvent {
  readonly id: string;
  readonly type: OutboxType;
  readonly atMs: number;
  readonly tenant: TenantRef;
  readonly detail: Readonly<Record<string, string | number | readonly string[]>>;
}
