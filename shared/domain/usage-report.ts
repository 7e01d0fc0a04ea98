/** Usage folded into time buckets and groups, as OpenAI's usage API reports it. Pure: records in, report out. */
import { keyId, projectId } from './ids.ts';
import type { UsageRecord } from './usage.ts';

/** What a report may be grouped by, in the wire's names. */
export const USAGE_GROUPS = ['project_id', 'model', 'api_key_id'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

/** Widths of a bucket with their length in ms and how many buckets a page has: by default and at most (OpenAI's). */
export const BUCKET_WIDTHS = {
  '1m': { ms: 60_000, limitDefault: 60, limitMax: 1440 },
  '1h': { ms: 3_600_000, limitDefault: 24, limitMax: 168 },
  '1d': { ms: 86_400_000, limitDefault: 7, limitMax: 31 },
} as const;
export type BucketWidth = keyof typeof BUCKET_WIDTHS;

/** Which records count; an absent list does not filter. */
export interface UsageFilter {
  readonly models: readonly string[] | undefined;
  readonly apiKeyIds: readonly string[] | undefined;
}

/** One line of a bucket: a group's sums. Fields that are not grouped by are null. */
export interface UsageSum {
  readonly projectId: string | null;
  readonly model: string | null;
  readonly apiKeyId: string | null;
  readonly requests: number;
  /** Every input token, cached ones included. */
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
}

export interface UsageBucket {
  readonly startMs: number;
  readonly endMs: number;
  readonly sums: readonly UsageSum[];
}

/** A report under construction; `add` takes records in any order. */
export interface UsageReport {
  add(record: UsageRecord): void;
  buckets(): readonly UsageBucket[];
}

/** An empty report over `[fromMs, toMs)`, `fromMs` at the start of a bucket. A record counts where it was admitted. */
export function createUsageReport(of: {
  readonly fromMs: number;
  readonly toMs: number;
  readonly widthMs: number;
  readonly groupBy: readonly UsageGroup[];
  readonly filter: UsageFilter;
}): UsageReport {
  const sums = new Map<number, Map<string, UsageSum>>();
  return {
    add: (record) => {
      if (record.startedAtMs < of.fromMs || record.startedAtMs >= of.toMs || !passes(of.filter, record))
        return;
      const startMs = record.startedAtMs - ((record.startedAtMs - of.fromMs) % of.widthMs);
      const bucket = sums.get(startMs) ?? new Map<string, UsageSum>();
      const group = groupOf(record, of.groupBy);
      const name = JSON.stringify([group.projectId, group.model, group.apiKeyId]);
      bucket.set(name, plus(bucket.get(name) ?? group, record));
      sums.set(startMs, bucket);
    },
    buckets: () => {
      const buckets: UsageBucket[] = [];
      for (let startMs = of.fromMs; startMs < of.toMs; startMs += of.widthMs) {
        const bucket = sums.get(startMs) ?? new Map<string, UsageSum>();
        const endMs = Math.min(startMs + of.widthMs, of.toMs);
        buckets.push({ startMs, endMs, sums: inOrder(bucket) });
      }
      return buckets;
    },
  };
}

function passes(filter: UsageFilter, record: UsageRecord): boolean {
  const byModel = filter.models === undefined || filter.models.includes(record.model);
  return (
    byModel && (filter.apiKeyIds === undefined || filter.apiKeyIds.includes(keyId(record.tenant, record.key)))
  );
}

function groupOf(record: UsageRecord, groupBy: readonly UsageGroup[]): UsageSum {
  return {
    projectId: groupBy.includes('project_id') ? projectId(record.tenant) : null,
    model: groupBy.includes('model') ? record.model : null,
    apiKeyId: groupBy.includes('api_key_id') ? keyId(record.tenant, record.key) : null,
    requests: 0,
    inputTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
  };
}

function plus(sum: UsageSum, { usage }: UsageRecord): UsageSum {
  return {
    ...sum,
    requests: sum.requests + 1,
    inputTokens: sum.inputTokens + usage.input + usage.cacheRead + usage.cacheWrite,
    cachedTokens: sum.cachedTokens + usage.cacheRead,
    outputTokens: sum.outputTokens + usage.output,
  };
}

/** By group name, so that the same usage always reads the same. */
const inOrder = (bucket: ReadonlyMap<string, UsageSum>): readonly UsageSum[] =>
  [...bucket.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
