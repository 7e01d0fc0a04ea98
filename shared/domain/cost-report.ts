/** What was charged, folded into days and groups, as OpenAI's costs API reports it. */
import { type BucketRange, type BucketReport, createBucketReport } from './bucket-report.ts';
import { keyId, projectId } from './ids.ts';
import type { NanoUsd } from './money.ts';
import type { UsageRecord } from './usage.ts';

/** What a report may be grouped by, in the wire's names. A line item is a model. */
export const COST_GROUPS = ['project_id', 'line_item', 'api_key_id'] as const;
export type CostGroup = (typeof COST_GROUPS)[number];

/** Which records count; an absent list does not filter. */
export interface CostFilter {
  readonly lineItems: readonly string[] | undefined;
  readonly apiKeyIds: readonly string[] | undefined;
}

/** One line of a day: a group's sum. Fields that are not grouped by are null. */
export interface CostSum {
  readonly projectId: string | null;
  readonly lineItem: string | null;
  readonly apiKeyId: string | null;
  readonly nanoUsd: NanoUsd;
}

/** An empty report. Each record counts as it was charged, an estimate and an orphan's bound too: so is the budget. */
export const createCostReport = (
  of: BucketRange & { readonly groupBy: readonly CostGroup[]; readonly filter: CostFilter },
): BucketReport<CostSum> =>
  createBucketReport({
    ...of,
    emptyOf: (record) => (passes(of.filter, record) ? groupOf(record, of.groupBy) : undefined),
    plus: (sum, { nanoUsd }) => ({ ...sum, nanoUsd: sum.nanoUsd + nanoUsd }),
  });

const passes = (filter: CostFilter, record: UsageRecord): boolean =>
  (filter.lineItems === undefined || filter.lineItems.includes(record.model)) &&
  (filter.apiKeyIds === undefined || filter.apiKeyIds.includes(keyId(record.tenant, record.key)));

const groupOf = (record: UsageRecord, groupBy: readonly CostGroup[]): CostSum => ({
  projectId: groupBy.includes('project_id') ? projectId(record.tenant) : null,
  lineItem: groupBy.includes('line_item') ? record.model : null,
  apiKeyId: groupBy.includes('api_key_id') ? keyId(record.tenant, record.key) : null,
  nanoUsd: 0,
});
