/** What was charged, folded into days and groups, as OpenAI's costs API reports it. */
import { type BucketRange, type BucketReport, createBucketReport, type PageBounds } from './bucket-report.ts';
import type { NanoUsd } from './money.ts';
import { passes, type RecordFilter, type RecordGroup } from './record-groups.ts';
import type { CountedUsage } from './rollup.ts';
import type { Endpoint } from './usage.ts';

/**
 * What a report may be grouped by (UsageCostsParams of openai 7.55). A line item is a model with all that was charged
 * for it. OpenAI's items are a model's classes of tokens; here a request is rounded to the nano-dollar once, as a whole,
 * and an orphan is charged its reservation, so that amounts by class would not add up to what budgets hold.
 */
export const COST_GROUPS = [
  'project_id',
  'user_id',
  'line_item',
  'api_key_id',
  'api_source',
] as const satisfies readonly RecordGroup[];
export type CostGroup = (typeof COST_GROUPS)[number];

/** OpenAI's units of a quantity that apply here. */
export type CostUnit = 'tokens' | 'images';

/** What one unit counts, or none: not known yet where nothing was charged, `mixed` where several would be needed. */
export interface CostSum {
  readonly nanoUsd: NanoUsd;
  readonly unit: CostUnit | 'mixed' | undefined;
  readonly quantity: number;
}

/** An empty report. Each record counts as it was charged, an estimate and an orphan's bound too: so is the budget. */
export const createCostReport = (
  of: BucketRange & {
    readonly groupBy: readonly CostGroup[];
    readonly filter: RecordFilter;
    readonly bounds: PageBounds;
  },
): BucketReport<CostSum> =>
  createBucketReport<CostSum>({
    ...of,
    counts: (record) => passes(of.filter, record),
    zero: { nanoUsd: 0, unit: undefined, quantity: 0 },
    plus,
  });

function plus(sum: CostSum, record: CountedUsage): CostSum {
  const unit = UNITS[record.endpoint];
  return {
    nanoUsd: sum.nanoUsd + record.nanoUsd,
    unit: sum.unit === undefined || sum.unit === unit ? unit : 'mixed',
    quantity: sum.quantity + (unit === 'images' ? (record.usage.images ?? 0) : record.usage.input),
  };
}

/** A chat is billed by several classes of tokens at several prices, which no one unit counts. */
const UNITS: Readonly<Record<Endpoint, CostUnit | 'mixed'>> = {
  'chat.completions': 'mixed',
  embeddings: 'tokens',
  images: 'images',
  // OpenAI has no unit of the thousand characters that a check is billed by.
  moderations: 'mixed',
};
