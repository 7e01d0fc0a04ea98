/**
 * The audit log: control-plane events only, one hash chain a tenant and one for the organisation. An event is
 * kept as RFC 8785 canonical JSON, and each hash covers its predecessor's, so that an edit, a removal or a
 * reordering breaks the chain at that place.
 */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { TenantRef } from './ids.ts';

/** Event types as OpenAI's audit_logs name them. */
export const AUDIT_TYPES = [
  'project.created',
  'service_account.created',
  'api_key.created',
  'api_key.deleted',
  'admin_api_key.created',
] as const;
export type AuditType = (typeof AUDIT_TYPES)[number];

/** Who did it: a key, or whoever invoked the function directly (CloudTrail names them under that request id). */
export type AuditActor =
  | { readonly kind: 'admin-key' | 'api-key'; readonly id: string }
  | { readonly kind: 'direct-invocation'; readonly awsRequestId: string };

/** What is to be recorded; its place in the chain is added when it is appended. */
export interface AuditEntry {
  /** Deterministic: a repeated attempt at the same change makes the same id. */
  readonly id: string;
  readonly type: AuditType;
  readonly atMs: number;
  readonly actor: AuditActor;
  /** The request that made the change, ours or Lambda's. */
  readonly request: string;
  /** The chain: a tenant's, or the organisation's. */
  readonly chain: TenantRef;
  /** Ids and public facts of what changed; never a secret. */
  readonly subject: Readonly<Record<string, string | number | readonly string[]>>;
}

/** The head of a chain: how many events it has and the hash of the last. */
export interface AuditHead {
  readonly sequence: number;
  readonly hash: string;
}

/** An event as stored. */
export interface AuditRecord {
  readonly sequence: number;
  /** RFC 8785 JSON of the entry. */
  readonly canonical: string;
  readonly previousHash: string;
  /** SHA-256, hex, of `previousHash ‖ canonical`. */
  readonly hash: string;
}

/** The head of a chain that has no event yet. */
export const EMPTY_CHAIN: AuditHead = { sequence: 0, hash: '0'.repeat(64) };

/** The record that follows `head`. */
export function chainAuditEntry(head: AuditHead, entry: AuditEntry): AuditRecord {
  const canonical = canonicalize(entry);
  if (canonical === undefined) throw new TypeError('An audit entry must be a JSON object.');
  return {
    sequence: head.sequence + 1,
    canonical,
    previousHash: head.hash,
    hash: hashOf(head, canonical),
  };
}

/** A place where a chain does not hold: the sequence of the record, or of the one that is missing. */
export interface ChainBreak {
  readonly sequence: number;
  readonly reason: 'sequence' | 'previous-hash' | 'hash' | 'head';
}

/**
 * Walks a whole chain from its beginning; undefined where it holds. Against `head` also a chain that was cut off
 * at its end shows: without it, fewer records look like a younger chain.
 */
export function verifyAuditChain(records: readonly AuditRecord[], head?: AuditHead): ChainBreak | undefined {
  let last = EMPTY_CHAIN;
  for (const record of records) {
    const sequence = last.sequence + 1;
    if (record.sequence !== sequence) return { sequence, reason: 'sequence' };
    if (record.previousHash !== last.hash) return { sequence, reason: 'previous-hash' };
    if (record.hash !== hashOf(last, record.canonical)) return { sequence, reason: 'hash' };
    last = record;
  }
  const complete = head === undefined || (head.sequence === last.sequence && head.hash === last.hash);
  return complete ? undefined : { sequence: last.sequence + 1, reason: 'head' };
}

const hashOf = (head: AuditHead, canonical: string): string =>
  createHash('sha256').update(head.hash).update(canonical).digest('hex');
