/**
 * The audit log: control-plane events only, one hash chain a tenant and one for the organisation. An event is
 * kept as RFC 8785 canonical JSON, and each hash covers its predecessor's, so that an edit, a removal or a
 * reordering breaks the chain at that place.
 */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { parseAuditFacts } from './audit-event.ts';
import type { TenantRef } from './ids.ts';

/** Event types, by OpenAI's own names where audit_logs has one (openai 7.55); the last group is this product's. */
export const AUDIT_TYPES = [
  'project.created',
  'project.updated',
  'project.archived',
  'service_account.created',
  'service_account.updated',
  'service_account.deleted',
  'api_key.created',
  'api_key.updated',
  'api_key.deleted',
  'rate_limit.updated',
  'tenant.admin_api_key.created',
  'tenant.admin_api_key.deleted',

  'api_key.rotated',
  'api_key.claimed',
  'api_key.claim_link.created',
  'project.model_aliases.updated',
  'project.model_permissions.updated',
  'project.model_permissions.deleted',
  'project.spend_limit.updated',
  'project.spend_limit.deleted',
  'project.spend_alert.created',
  'project.spend_alert.updated',
  'project.spend_alert.deleted',
] as const;
export type AuditType = (typeof AUDIT_TYPES)[number];

/**
 * Who did it: a key; whoever holds a key's claim link (`id` is the key's); the scheduled sweep; or whoever invoked
 * the function directly (CloudTrail names them under that request id).
 */
export type AuditActor =
  | { readonly kind: 'admin-key' | 'api-key' | 'claim-link'; readonly id: string }
  | { readonly kind: 'key-rotation' }
  | { readonly kind: 'direct-invocation'; readonly awsRequestId: string };

/** Ids and public facts of what changed; never a secret. `id` names it, as the API does. */
export interface AuditSubject {
  readonly id: string;
  readonly [fact: string]: string | number | boolean | null | readonly string[];
}

/** What is to be recorded; its place in the chain is added when it is appended. */
export interface AuditEntry {
  /** Deterministic: a repeated attempt at the same change makes the same id. */
  readonly id: string;
  readonly type: AuditType;
  /** Recorded as the time of the event before it where that is later: a chain never goes back in time. */
  readonly atMs: number;
  readonly actor: AuditActor;
  /** The request that made the change, ours or Lambda's. */
  readonly request: string;
  /** The chain: a tenant's, or the organisation's. */
  readonly chain: TenantRef;
  readonly subject: AuditSubject;
}

/** The head of a chain: how many events it has, and the time and hash of the last. */
export interface AuditHead {
  readonly sequence: number;
  readonly atMs: number;
  readonly hash: string;
}

/** An event as stored. */
export interface AuditRecord extends AuditHead {
  /** RFC 8785 JSON of the entry. */
  readonly canonical: string;
  readonly previousHash: string;
  /** SHA-256, hex, of `previousHash ‖ canonical`. */
  readonly hash: string;
}

/** The head of a chain that has no event yet. */
export const EMPTY_CHAIN: AuditHead = { sequence: 0, atMs: 0, hash: '0'.repeat(64) };

/**
 * The record that follows `head`. Clocks of different machines differ, so an entry that says it is older than the
 * head is recorded at the head's time: a page in the order of time is a page in the order of the chain.
 */
export function chainAuditEntry(head: AuditHead, entry: AuditEntry): AuditRecord {
  const atMs = Math.max(entry.atMs, head.atMs);
  const canonical = canonicalize({ ...entry, atMs });
  if (canonical === undefined) throw new TypeError('An audit entry must be a JSON object.');
  return {
    sequence: head.sequence + 1,
    atMs,
    canonical,
    previousHash: head.hash,
    hash: hashOf(head, canonical),
  };
}

/**
 * A place where a chain does not hold: the sequence of the record, or of the one that is missing.
 *
 * - `sequence`: another record is where this one should be, so one is missing or they were reordered.
 * - `fork`: two records of one sequence.
 * - `previous-hash`: it follows another event than the one before it, which was replaced.
 * - `hash`: it was edited.
 * - `entry`: it is no event of this chain, or its time is before its predecessor's.
 * - `head`: the chain ends before its head says, or after, or with another event.
 */
export interface ChainBreak {
  readonly sequence: number;
  readonly reason: 'sequence' | 'fork' | 'previous-hash' | 'hash' | 'entry' | 'head';
}

/** A walk along one chain from its beginning. Its state is the last record that held, and the first break. */
export interface ChainWalk {
  /** The first break so far; it stands, whatever follows. */
  follow(record: AuditRecord): ChainBreak | undefined;
  /** The first break of the whole. Without a head, a chain that was cut off looks like a younger one. */
  end(head?: AuditHead): ChainBreak | undefined;
}

/** Walks the chain of the tenant given, or else the chain that its first event names. */
export function walkAuditChain(tenant?: TenantRef): ChainWalk {
  let chain = tenant;
  let last = EMPTY_CHAIN;
  let broken: ChainBreak | undefined;
  return {
    follow(record) {
      chain ??= parseAuditFacts(record.canonical)?.chain;
      broken ??= breakAfter(last, { record, chain });
      if (broken === undefined) last = record;
      return broken;
    },
    end: (head = last) => broken ?? (isSameHead(head, last) ? undefined : breakAt(last.sequence + 1, 'head')),
  };
}

/** Walks a whole chain; undefined where it holds. */
export function verifyAuditChain(records: readonly AuditRecord[], head?: AuditHead): ChainBreak | undefined {
  const walk = walkAuditChain();
  for (const record of records) walk.follow(record);
  return walk.end(head);
}

function breakAfter(
  last: AuditHead,
  of: { readonly record: AuditRecord; readonly chain: TenantRef | undefined },
): ChainBreak | undefined {
  const { record } = of;
  const sequence = last.sequence + 1;
  if (record.sequence === last.sequence && sequence > 1) return breakAt(record.sequence, 'fork');
  if (record.sequence !== sequence) return breakAt(sequence, 'sequence');
  if (record.previousHash !== last.hash) return breakAt(sequence, 'previous-hash');
  if (record.hash !== hashOf(last, record.canonical)) return breakAt(sequence, 'hash');
  const facts = parseAuditFacts(record.canonical);
  const own = facts !== undefined && facts.chain === of.chain && facts.atMs === record.atMs;
  return own && record.atMs >= last.atMs ? undefined : breakAt(sequence, 'entry');
}

const breakAt = (sequence: number, reason: ChainBreak['reason']): ChainBreak => ({ sequence, reason });

const isSameHead = (one: AuditHead, other: AuditHead): boolean =>
  one.sequence === other.sequence && one.hash === other.hash && one.atMs === other.atMs;

const hashOf = (head: AuditHead, canonical: string): string =>
  createHash('sha256').update(head.hash).update(canonical).digest('hex');
