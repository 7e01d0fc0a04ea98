/** Usage records folded into time buckets and, within each, groups. Pure: records in, report out. */
import type { UsageRecord } from './usage.ts';

export interface Bucket<Sum> {
  readonly startMs: number;
  readonly endMs: number;
  readonly sums: readonly Sum[];
}

/** A report under construction; `add` takes records in any order. */
export interface BucketReport<Sum> {
  add(record: UsageRecord): void;
  /** Every bucket of the range, also one without a sum. */
  buckets(): readonly Bucket<Sum>[];
}

/** The buckets of `[fromMs, toMs)`, of which the last may be cut short. */
export interface BucketRange {
  /** The start of a bucket. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly widthMs: number;
}

export interface Folding<Sum> extends BucketRange {
  /** The group of a record, with nothing in it yet; undefined for a record that does not count. */
  readonly emptyOf: (record: UsageRecord) => Sum | undefined;
  readonly plus: (sum: Sum, record: UsageRecord) => Sum;
}

/** An empty report. A record counts where it was admitted. */
export function createBucketReport<Sum>(of: Folding<Sum>): BucketReport<Sum> {
  const sums = new Map<number, Map<string, Sum>>();
  return {
    add: (record) => {
      if (record.startedAtMs < of.fromMs || record.startedAtMs >= of.toMs) return;
      const empty = of.emptyOf(record);
      if (empty === undefined) return;
      const startMs = record.startedAtMs - ((record.startedAtMs - of.fromMs) % of.widthMs);
      const bucket = sums.get(startMs) ?? new Map<string, Sum>();
      const name = JSON.stringify(empty);
      bucket.set(name, of.plus(bucket.get(name) ?? empty, record));
      sums.set(startMs, bucket);
    },
    buckets: () => {
      const buckets: Bucket<Sum>[] = [];
      for (let startMs = of.fromMs; startMs < of.toMs; startMs += of.widthMs) {
        const bucket = sums.get(startMs) ?? new Map<string, Sum>();
        const endMs = Math.min(startMs + of.widthMs, of.toMs);
        buckets.push({ startMs, endMs, sums: inOrder(bucket) });
      }
      return buckets;
    },
  };
}

/** By group, so that the same usage always reads the same. */
const inOrder = <Sum>(bucket: ReadonlyMap<string, Sum>): readonly Sum[] =>
  [...bucket.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
