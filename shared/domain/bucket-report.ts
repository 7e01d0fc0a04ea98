/**
 * Usage folded into time buckets and, within each, groups. Pure: records or sums of them in, report out.
 */
import { type GroupValues, groupOf, type RecordGroup } from './record-groups.ts';
import type { CountedUsage } from './rollup.ts';

/** One line of a bucket: a group and what its records add up to. */
export interface GroupSum<Sum> {
  readonly group: GroupValues;
  readonly sum: Sum;
}

export interface Bucket<Sum> {
  readonly startMs: number;
  readonly endMs: number;
  readonly sums: readonly GroupSum<Sum>[];
}

/**
 * A report under construction. A page of it ends early, at the end of a bucket, rather than hold more records or groups
 * than it may: its end moves to the front while records come in, but never into its first bucket.
 */
export interface BucketReport<Sum> {
  /**
   * Takes records, and sums of records of one bucket, in any order. Throws RangeError where the first bucket alone has
   * more than a page may hold.
   */
  add(record: CountedUsage): void;
  /** Where the page ends as far as is known: nothing from here on counts. */
  readonly toMs: number;
  /** Every bucket of the page, also one without a sum. */
  buckets(): readonly Bucket<Sum>[];
}

/** The buckets of `[fromMs, toMs)`, of which the last may be cut short. */
export interface BucketRange {
  /** The start of a bucket. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly widthMs: number;
}

/** What one page may hold. */
export interface PageBounds {
  /** Records of all buckets, where there is more than one. What is read summed up counts as one. */
  readonly recordsMax: number;
  /** Records of a page that is one bucket: more are refused. */
  readonly firstRecordsMax: number;
  /** Groups of all buckets together. */
  readonly groupsMax: number;
}

export interface Folding<Sum> extends BucketRange {
  readonly groupBy: readonly RecordGroup[];
  /** Whether a record counts. */
  readonly counts: (record: CountedUsage) => boolean;
  readonly bounds: PageBounds;
  /** Nothing yet. */
  readonly zero: Sum;
  readonly plus: (sum: Sum, record: CountedUsage) => Sum;
}

/** One bucket while it is filled. `records` has those too that do not count: they were read. */
interface OpenBucket<Sum> {
  records: number;
  readonly sums: Map<string, GroupSum<Sum>>;
}

/** An empty report. A record counts where it was admitted. */
export function createBucketReport<Sum>(of: Folding<Sum>): BucketReport<Sum> {
  const open = new Map<number, OpenBucket<Sum>>();
  const page = { toMs: of.toMs, records: 0, groups: 0 };
  const shorten = (): void => {
    while (isOver(page, of.bounds) && page.toMs > of.fromMs + of.widthMs) {
      page.toMs -= (page.toMs - of.fromMs) % of.widthMs || of.widthMs;
      const dropped = open.get(page.toMs);
      open.delete(page.toMs);
      page.records -= dropped?.records ?? 0;
      page.groups -= dropped?.sums.size ?? 0;
    }
    const isTooMuch = page.records > of.bounds.firstRecordsMax || page.groups > of.bounds.groupsMax;
    if (isTooMuch) throw new RangeError('One bucket holds more than a page may.');
  };
  return {
    add: (record) => {
      if (record.startedAtMs < of.fromMs || record.startedAtMs >= page.toMs) return;
      const startMs = record.startedAtMs - ((record.startedAtMs - of.fromMs) % of.widthMs);
      const bucket = open.get(startMs) ?? { records: 0, sums: new Map<string, GroupSum<Sum>>() };
      open.set(startMs, bucket);
      const groupsBefore = bucket.sums.size;
      addTo(bucket, { record, folding: of });
      page.records += 1;
      page.groups += bucket.sums.size - groupsBefore;
      shorten();
    },
    get toMs() {
      return page.toMs;
    },
    buckets: () => bucketsOf(open, { ...of, toMs: page.toMs }),
  };
}

const isOver = (page: { readonly records: number; readonly groups: number }, bounds: PageBounds): boolean =>
  page.records > bounds.recordsMax || page.groups > bounds.groupsMax;

function addTo<Sum>(
  bucket: OpenBucket<Sum>,
  of: { readonly record: CountedUsage; readonly folding: Folding<Sum> },
): void {
  const { record, folding } = of;
  bucket.records += 1;
  if (!folding.counts(record)) return;
  const group = groupOf(record, folding.groupBy);
  const name = JSON.stringify(group);
  const before = bucket.sums.get(name)?.sum ?? folding.zero;
  bucket.sums.set(name, { group, sum: folding.plus(before, record) });
}

function bucketsOf<Sum>(
  open: ReadonlyMap<number, OpenBucket<Sum>>,
  range: BucketRange,
): readonly Bucket<Sum>[] {
  const buckets: Bucket<Sum>[] = [];
  for (let startMs = range.fromMs; startMs < range.toMs; startMs += range.widthMs) {
    const endMs = Math.min(startMs + range.widthMs, range.toMs);
    buckets.push({ startMs, endMs, sums: inOrder(open.get(startMs)?.sums ?? new Map()) });
  }
  return buckets;
}

/** By group, so that the same usage always reads the same. */
const inOrder = <Sum>(sums: ReadonlyMap<string, GroupSum<Sum>>): readonly GroupSum<Sum>[] =>
  [...sums.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
