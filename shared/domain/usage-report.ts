/** Usage folded into time buckets and groups, as OpenAI's usage API reports it: one report a kind of endpoint. */
import { type BucketRange, type BucketReport, createBucketReport, type PageBounds } from './bucket-report.ts';
import { passes, type RecordFilter, type RecordGroup } from './record-groups.ts';
import type { CountedUsage } from './rollup.ts';
import type { Endpoint } from './usage.ts';

interface UsageReportKind {
  /** Only what was asked of this endpoint counts. */
  readonly endpoint: Endpoint;
  /** What it may be grouped by: OpenAI's (UsageCompletionsParams and its like of openai 7.55). */
  readonly groups: readonly RecordGroup[];
}

const COMMON_GROUPS = ['project_id', 'user_id', 'api_key_id', 'model'] as const;

/** The reports that there are, by the last part of their paths. */
export const USAGE_REPORTS = {
  completions: {
    endpoint: 'chat.completions',
    groups: [...COMMON_GROUPS, 'batch', 'service_tier', 'api_source'],
  },
  embeddings: { endpoint: 'embeddings', groups: COMMON_GROUPS },
  images: { endpoint: 'images', groups: [...COMMON_GROUPS, 'size', 'source'] },
  moderations: { endpoint: 'moderations', groups: COMMON_GROUPS },
} as const satisfies Readonly<Record<string, UsageReportKind>>;
export type UsageReportName = keyof typeof USAGE_REPORTS;

/** Widths of a bucket with their length in ms and how many buckets a page has: by default and at most (OpenAI's). */
export const BUCKET_WIDTHS = {
  '1m': { ms: 60_000, limitDefault: 60, limitMax: 1440 },
  '1h': { ms: 3_600_000, limitDefault: 24, limitMax: 168 },
  '1d': { ms: 86_400_000, limitDefault: 7, limitMax: 31 },
} as const;
export type BucketWidth = keyof typeof BUCKET_WIDTHS;

/** Sums of one group. Tokens are in Bedrock's classes, which do not overlap. */
export interface UsageSum {
  readonly requests: number;
  /** Neither read from nor written to the prompt cache. */
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly images: number;
}

const NOTHING: UsageSum = { requests: 0, input: 0, cacheRead: 0, cacheWrite: 0, output: 0, images: 0 };

/** An empty report. */
export function createUsageReport(
  of: BucketRange & {
    readonly endpoint: Endpoint;
    readonly groupBy: readonly RecordGroup[];
    readonly filter: RecordFilter;
    readonly bounds: PageBounds;
  },
): BucketReport<UsageSum> {
  const { endpoint } = of;
  return createBucketReport({
    ...of,
    counts: (record) => record.endpoint === endpoint && passes(of.filter, record),
    zero: NOTHING,
    plus,
  });
}

const plus = (sum: UsageSum, { usage, requests = 1 }: CountedUsage): UsageSum => ({
  requests: sum.requests + requests,
  input: sum.input + usage.input,
  cacheRead: sum.cacheRead + usage.cacheRead,
  cacheWrite: sum.cacheWrite + usage.cacheWrite,
  output: sum.output + usage.output,
  images: sum.images + (usage.images ?? 0),
});
