import { createHash, randomBytes } from 'node:crypto';
import {
  type AuditEntry,
  type AuditRecord,
  chainAuditEntry,
  EMPTY_CHAIN,
  verifyAuditChain,
  walkAuditChain,
} from '../../../shared/domain/audit.ts';
import { newTenantRef, ORGANIZATION_REF } from '../../../shared/domain/ids.ts';

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

const OTHER = newTenantRef(randomBytes);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

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

test('a chain never goes back in time: an entry from a clock behind is recorded at the time of the head', () => {
  const head = chainAuditEntry(EMPTY_CHAIN, { ...entry('a'), atMs: 1_000 });
  const behind = chainAuditEntry(head, { ...entry('b'), atMs: 999 });
  expect([behind.atMs, JSON.parse(behind.canonical).atMs]).toEqual([1_000, 1_000]);
  const ahead = chainAuditEntry(behind, { ...entry('c'), atMs: 1_001 });
  expect(ahead.atMs).toBe(1_001);
  expect(verifyAuditChain([head, behind, ahead], ahead)).toBeUndefined();
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
  ['an event told twice', [first, first, second, third], { sequence: 1, reason: 'fork' }],
  [
    'an event of no sequence',
    [{ ...first, sequence: 0 }, second, third],
    { sequence: 1, reason: 'sequence' },
  ],
  ['a chain of other events', chainOf('x', 'y', 'z'), { sequence: 4, reason: 'head' }],
  [
    'an event of another chain, however well it is forged',
    [first, chainAuditEntry(first, { ...entry('x'), chain: OTHER }), third],
    { sequence: 2, reason: 'entry' },
  ],
  [
    'an event before its time, however well it is forged',
    [first, chainAuditEntry({ ...first, atMs: 0 }, { ...entry('x'), atMs: 0 }), third],
    { sequence: 2, reason: 'entry' },
  ],
  [
    'what is no event, with its hash made good',
    [first, { ...second, canonical: '[]', hash: sha256(`${first.hash}[]`) }, third],
    { sequence: 2, reason: 'entry' },
  ],
])('%s breaks the chain at its place', (_, records, broken) => {
  expect(verifyAuditChain(records, third)).toEqual(broken);
});

test('a whole chain in the place of another’s breaks it at its beginning', () => {
  const walk = walkAuditChain(OTHER);
  for (const record of chain) walk.follow(record);
  expect(walk.end(third)).toEqual({ sequence: 1, reason: 'entry' });
});

test('a head that was moved breaks the chain after its last event', () => {
  expect(verifyAuditChain(chain, { ...third, atMs: third.atMs + 1 })).toEqual({
    sequence: 4,
    reason: 'head',
  });
});
