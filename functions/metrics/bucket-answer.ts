import type { BucketReport } from '../../shared/domain/bucket-report.ts';
import { type GatewayAnswer, jsonAnswer } from '../../shared/http/message.ts';
import type { BucketPage } from './bucket-page.ts';

/** A report as OpenAI's page of buckets. */
export const bucketAnswer = <Sum>(
  report: BucketReport<Sum>,
  of: { readonly query: BucketPage; readonly toWire: (sum: Sum) => object },
): GatewayAnswer =>
  jsonAnswer(200, {
    object: 'page',
    data: report.buckets().map(({ startMs, endMs, sums }) => ({
      object: 'bucket',
      start_time: startMs / 1000,
      end_time: endMs / 1000,
      results: sums.map(of.toWire),
    })),
    has_more: of.query.nextPage !== null,
    next_page: of.query.nextPage,
  });
