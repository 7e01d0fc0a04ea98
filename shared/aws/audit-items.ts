/**
 * Audit events and the heads of their chains as items. Events are `SK=EV#<sequence, 16 digits>` of the audit table
 * and are only ever put; heads are in a table of their own, so that nothing needs the right to update the log.
 *
 * Each event has a copy in the organisation's partition, `SK=AT#<time, 16 digits>#<chain>#<sequence, 16 digits>`,
 * so that what happened last, in whichever chain, is one query.
 */
import type { AuditHead, AuditRecord } from '../domain/audit.ts';
import { type AuditEvent, auditOrder, parseAuditFacts, sixteenDigits } from '../domain/audit-event.ts';
import type { TenantRef } from '../domain/ids.ts';
import { type Item, integer, integerOf, malformed, optionalIntegerOf, text, textOf } from './attribute.ts';
import { ORGANIZATION_PARTITION, partitionOf } from './item-keys.ts';

export const EVENT_PREFIX = 'EV#';
export const COPY_PREFIX = 'AT#';
const HASH = /^[0-9a-f]{64}$/;

export const eventKey = (chain: TenantRef, sequence: number): Item => ({
  PK: text(partitionOf(chain)),
  SK: text(EVENT_PREFIX + sixteenDigits(sequence)),
});

export const toEventItem = (chain: TenantRef, record: AuditRecord): Item => ({
  ...eventKey(chain, record.sequence),
  ...attributesOf(record),
});

/** By the time, the chain and the sequence of its event. */
export const copyKey = (chain: TenantRef, record: Pick<AuditRecord, 'atMs' | 'sequence'>): Item => ({
  PK: text(ORGANIZATION_PARTITION),
  SK: text(COPY_PREFIX + auditOrder({ ...record, chain })),
});

export const toCopyItem = (chain: TenantRef, record: AuditRecord): Item => ({
  ...copyKey(chain, record),
  ...attributesOf(record),
});

const attributesOf = (record: AuditRecord): Item => ({
  sequence: integer(record.sequence),
  canonical: text(record.canonical),
  previousHash: text(record.previousHash),
  hash: text(record.hash),
});

/** An event or its copy. Its time is the one that its canonical text gives: nothing beside it could say another. */
export function fromEventItem(item: Item): AuditEvent {
  const canonical = textOf(item, 'canonical');
  const facts = parseAuditFacts(canonical) ?? malformed('canonical');
  return {
    sequence: integerOf(item, 'sequence'),
    atMs: facts.atMs,
    canonical,
    previousHash: hashOf(item, 'previousHash'),
    hash: hashOf(item, 'hash'),
    facts,
  };
}

/**
 * An event as evidence, whatever was done to it: what is missing or malformed reads as 0 or empty, so that the
 * chain breaks at this place rather than the walk along it.
 */
export function fromEvidenceItem(item: Item): AuditRecord {
  const canonical = item['canonical']?.S ?? '';
  return {
    sequence: Number(item['sequence']?.N ?? 0),
    atMs: parseAuditFacts(canonical)?.atMs ?? 0,
    canonical,
    previousHash: item['previousHash']?.S ?? '',
    hash: item['hash']?.S ?? '',
  };
}

export const headKey = (chain: TenantRef): Item => ({ PK: text(partitionOf(chain)), SK: text('HEAD') });

/** The first heads carried no time. */
export const fromHeadItem = (item: Item): AuditHead => ({
  sequence: integerOf(item, 'sequence'),
  atMs: optionalIntegerOf(item, 'atMs') ?? 0,
  hash: hashOf(item, 'hash'),
});

/** A head as evidence: malformed, it reads as one that no chain ends with. */
export const fromEvidenceHead = (item: Item): AuditHead => ({
  sequence: Number(item['sequence']?.N ?? -1),
  atMs: Number(item['atMs']?.N ?? 0),
  hash: item['hash']?.S ?? '',
});

function hashOf(item: Item, name: string): string {
  const hash = textOf(item, name);
  return HASH.test(hash) ? hash : malformed(name);
}
