/** Usage folded into time buckets and groups, as OpenAI's usage API reports it. */
import { type BucketRange, type BucketReport, createBucketReport } from './bucket-report.ts';
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

/** An empty report. */
export const createUsageReport = (
  of: BucketRange & { readonly groupBy: readonly UsageGroup[]; readonly filter: UsageFilter },
): BucketReport<UsageSum> =>
  createBucketReport({
    ...of,
    emptyOf: (record) => (passes(of.filter, record) ? groupOf(record, of.groupBy) : undefined),
    plus,
  });

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
