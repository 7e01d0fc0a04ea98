import type { BucketReport } from '../../shared/domain/bucket-report.ts';
import type { RecordGroup } from '../../shared/domain/record-groups.ts';
import { type GatewayAnswer, jsonAnswer } from '../../shared/http/message.ts';
import { type BucketPage, nextPageOf } from './bucket-page.ts';

/** How a report's results are written: its object, what it may be grouped by, and the fields of a sum. */
export interface ResultForm<Sum> {
  readonly object: string;
  readonly groups: readonly RecordGroup[];
  readonly fields: (sum: Sum) => object;
}

/** A report as OpenAI's page of buckets. What a result is not grouped by is null. */
export function bucketAnswer<Sum>(
  report: BucketReport<Sum>,
  of: { readonly query: BucketPage; readonly form: ResultForm<Sum> },
): GatewayAnswer {
  const { object, groups, fields } = of.form;
  const ungrouped = Object.fromEntries(groups.map((name) => [name, null]));
  const nextPage = nextPageOf({ toMs: report.toMs, endMs: of.query.endMs });
  return jsonAnswer(200, {
    object: 'page',
    data: report.buckets().map(({ startMs, endMs, sums }) => ({
      object: 'bucket',
      start_time: startMs / 1000,
      end_time: endMs / 1000,
      results: sums.map(({ group, sum }) => ({ object, ...fields(sum), ...ungrouped, ...group })),
    })),
    has_more: nextPage !== null,
    next_page: nextPage,
  });
}
