/**
 * Audit events and the heads of their chains as items. Events are `SK=EV#<sequence, 16 digits>` of the audit table
 * and are only ever put; heads are in a table of their own, so that nothing needs the right to update the log.
 */
import type { AuditHead, AuditRecord } from '../domain/audit.ts';
import type { TenantRef } from '../domain/ids.ts';
import { type Item, integer, integerOf, malformed, text, textOf } from './attribute.ts';
import { partitionOf } from './tenancy-items.ts';

export const EVENT_PREFIX = 'EV#';
const HASH = /^[0-9a-f]{64}$/;

export const eventKey = (chain: TenantRef, sequence: number): Item => ({
  PK: text(partitionOf(chain)),
  SK: text(EVENT_PREFIX + String(sequence).padStart(16, '0')),
});

export const toEventItem = (chain: TenantRef, record: AuditRecord): Item => ({
  ...eventKey(chain, record.sequence),
  sequence: integer(record.sequence),
  canonical: text(record.canonical),
  previousHash: text(record.previousHash),
  hash: text(record.hash),
});

export const fromEventItem = (item: Item): AuditRecord => ({
  sequence: integerOf(item, 'sequence'),
  canonical: textOf(item, 'canonical'),
  previousHash: hashOf(item, 'previousHash'),
  hash: hashOf(item, 'hash'),
});

export const headKey = (chain: TenantRef): Item => ({ PK: text(partitionOf(chain)), SK: text('HEAD') });

export const fromHeadItem = (item: Item): AuditHead => ({
  sequence: integerOf(item, 'sequence'),
  hash: hashOf(item, 'hash'),
});

function hashOf(item: Item, name: string): string {
  const hash = textOf(item, name);
  return HASH.test(hash) ? hash : malformed(name);
}
