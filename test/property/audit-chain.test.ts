/** Whatever is done to a stored chain, verification names the first place where it is not what was written. */
import fc from 'fast-check';
import {
  AUDIT_TYPES,
  type AuditEntry,
  type AuditHead,
  type AuditRecord,
  chainAuditEntry,
  EMPTY_CHAIN,
  verifyAuditChain,
} from '../../shared/domain/audit.ts';
import { ORGANIZATION_REF } from '../../shared/domain/ids.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const entry: fc.Arbitrary<AuditEntry> = fc.record({
  id: text,
  type: fc.constantFrom(...AUDIT_TYPES),
  atMs: fc.nat(),
  actor: fc.record({ kind: fc.constantFrom('admin-key', 'api-key'), id: text }, { noNullPrototype: true }),
  request: text,
  chain: fc.constant(ORGANIZATION_REF),
  subject: fc.record({ id: text, name: text }, { noNullPrototype: true }),
});

function chainOf(entries: readonly AuditEntry[], from: AuditHead = EMPTY_CHAIN): readonly AuditRecord[] {
  const records: AuditRecord[] = [];
  for (const next of entries) records.push(chainAuditEntry(records.at(-1) ?? from, next));
  return records;
}

const chain = fc.array(entry, { minLength: 1, maxLength: 12 }).map((entries) => chainOf(entries));
/** A chain, and the index of one of its records. */
const chainAndIndex = chain.chain((records) =>
  fc.record({ records: fc.constant(records), index: fc.nat({ max: records.length - 1 }) }),
);
const headOf = (records: readonly AuditRecord[]): AuditHead => records.at(-1) ?? EMPTY_CHAIN;

test('what nobody touched holds', () => {
  fc.assert(
    fc.property(chain, (records) => {
      expect(verifyAuditChain(records, headOf(records))).toBeUndefined();
      // The times of a page are in its order.
      expect(records.map(({ atMs }) => atMs)).toEqual(
        records.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
      );
    }),
  );
});

test('edit: any field of any record, at that record', () => {
  const edit = fc.oneof(
    fc.record({ canonical: text }, { noNullPrototype: true }),
    fc.record({ previousHash: text }, { noNullPrototype: true }),
    fc.record({ hash: text }, { noNullPrototype: true }),
    fc.record({ sequence: fc.integer({ min: 20 }) }, { noNullPrototype: true }),
  );
  fc.assert(
    fc.property(chainAndIndex, edit, ({ records, index }, edited) => {
      const record = records[index];
      if (record === undefined) return;
      const broken = verifyAuditChain(records.with(index, { ...record, ...edited }), headOf(records));
      expect(broken?.sequence).toBe(index + 1);
    }),
  );
});

test('edit: an event replaced by another with a good hash, at its successor or the head', () => {
  fc.assert(
    fc.property(chainAndIndex, entry, ({ records, index }, other) => {
      const before = records[index - 1] ?? EMPTY_CHAIN;
      const forged = chainAuditEntry(before, { ...other, id: `${other.id} forged` });
      fc.pre(records.every(({ canonical }) => canonical !== forged.canonical));
      expect(verifyAuditChain(records.with(index, forged), headOf(records))).toEqual({
        sequence: index + 2,
        reason: index === records.length - 1 ? 'head' : 'previous-hash',
      });
    }),
  );
});

test('edit: a chain written anew from any record on, at the head', () => {
  fc.assert(
    fc.property(
      chainAndIndex,
      fc.array(entry, { minLength: 1, maxLength: 12 }),
      ({ records, index }, rest) => {
        const kept = records.slice(0, index);
        const forged = [...kept, ...chainOf(rest, headOf(kept))];
        fc.pre(headOf(forged).hash !== headOf(records).hash);
        expect(verifyAuditChain(forged, headOf(records))).toEqual({
          sequence: forged.length + 1,
          reason: 'head',
        });
      },
    ),
  );
});

test('delete: any run of records, at the first that is missing', () => {
  fc.assert(
    fc.property(chainAndIndex, fc.integer({ min: 1, max: 12 }), ({ records, index }, count) => {
      const rest = records.toSpliced(index, count);
      const reason = index + count >= records.length ? 'head' : 'sequence';
      expect(verifyAuditChain(rest, headOf(records))).toEqual({ sequence: index + 1, reason });
    }),
  );
});

test('truncate: any number of records off the end, at the first that is missing', () => {
  fc.assert(
    fc.property(chainAndIndex, ({ records, index }) => {
      const broken = verifyAuditChain(records.slice(0, index), headOf(records));
      expect(broken).toEqual({ sequence: index + 1, reason: 'head' });
    }),
  );
});

test('reorder: any two records, also where they are numbered anew, at the earlier', () => {
  fc.assert(
    fc.property(chainAndIndex, fc.nat({ max: 11 }), fc.boolean(), ({ records, index }, other, renumbered) => {
      const [early, late] = [Math.min(index, other), Math.max(index, other)];
      const [one, two] = [records[early], records[late]];
      fc.pre(one !== undefined && two !== undefined && early !== late);
      if (one === undefined || two === undefined) return;
      const swapped = records.with(early, two).with(late, one);
      const told = renumbered
        ? swapped.map((record, place) => ({ ...record, sequence: place + 1 }))
        : swapped;
      expect(verifyAuditChain(told, headOf(records))?.sequence).toBe(early + 1);
    }),
  );
});

test('fork: a second record of one sequence, however well it is forged, at that sequence', () => {
  fc.assert(
    fc.property(chainAndIndex, entry, fc.boolean(), ({ records, index }, other, first) => {
      const before = records[index - 1] ?? EMPTY_CHAIN;
      const forged = chainAuditEntry(before, { ...other, id: `${other.id} forged` });
      fc.pre(records.every(({ canonical }) => canonical !== forged.canonical));
      const told = records.toSpliced(index + (first ? 0 : 1), 0, forged);
      expect(verifyAuditChain(told, headOf(records))).toEqual({ sequence: index + 1, reason: 'fork' });
    }),
  );
});
