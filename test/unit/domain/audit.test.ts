import {
  type AuditEntry,
  type AuditRecord,
  chainAuditEntry,
  EMPTY_CHAIN,
  verifyAuditChain,
} from '../../../shared/domain/audit.ts';
import { ORGANIZATION_REF } from '../../../shared/domain/ids.ts';

const entry = (id: string): AuditEntry => ({
  id,
  type: 'project.created',
  atMs: 1,
  actor: { kind: 'admin-key', id: 'key_1' },
  request: 'r',
  chain: ORGANIZATION_REF,
  subject: { id },
});

function chainOf(...ids: string[]): AuditRecord[] {
  const records: AuditRecord[] = [];
  for (const id of ids) records.push(chainAuditEntry(records.at(-1) ?? EMPTY_CHAIN, entry(id)));
  return records;
}

const chain = chainOf('a', 'b', 'c');
const [first, second, third] = chain as [AuditRecord, AuditRecord, AuditRecord];
const forged = { ...second, canonical: second.canonical.replace('"b"', '"x"') };

test('a chain holds from its beginning to its head, and an empty one too', () => {
  expect(verifyAuditChain(chain, third)).toBeUndefined();
  expect(verifyAuditChain([], EMPTY_CHAIN)).toBeUndefined();
});

test('an event is canonical: the order in which it was written down does not matter', () => {
  const reversed = Object.fromEntries(Object.entries(entry('a')).reverse()) as unknown as AuditEntry;
  expect(chainAuditEntry(EMPTY_CHAIN, reversed)).toEqual(first);
});

test.each([
  ['an edited event', [first, forged, third], { sequence: 2, reason: 'hash' }],
  [
    'an edited event with its hash made good',
    [first, chainAuditEntry(first, entry('x')), third],
    { sequence: 3, reason: 'previous-hash' },
  ],
  ['a removed event', [first, third], { sequence: 2, reason: 'sequence' }],
  ['a removed first event', [second, third], { sequence: 1, reason: 'sequence' }],
  ['a removed last event', [first, second], { sequence: 3, reason: 'head' }],
  ['reordered events', [second, first, third], { sequence: 1, reason: 'sequence' }],
  [
    'reordered and renumbered events',
    [{ ...second, sequence: 1 }, { ...first, sequence: 2 }, third],
    { sequence: 1, reason: 'previous-hash' },
  ],
  ['an event told twice', [first, first, second, third], { sequence: 2, reason: 'sequence' }],
  ['a chain of other events', chainOf('x', 'y', 'z'), { sequence: 4, reason: 'head' }],
])('%s breaks the chain at its place', (_, records, broken) => {
  expect(verifyAuditChain(records, third)).toEqual(broken);
});
