import {
  createUsageReport,
  USAGE_REPORTS,
  type UsageReportName,
  type UsageSum,
} from '../../shared/domain/usage-report.ts';
import type { UseCase } from '../../shared/http/message.ts';
import { bucketAnswer } from './bucket-answer.ts';
import { requireKeptRecords } from './kept-records.ts';
import { type LedgerPorts, readLedgers } from './ledgers.ts';
import { PAGE_BOUNDS } from './page-bounds.ts';
import { parseUsageQuery } from './usage-request.ts';

/** `GET /organization/usage/…`: sums of usage records in buckets and groups. A tenant's key sees its own project. */
export const usage =
  (ports: LedgerPorts, name: UsageReportName): UseCase =>
  async (request) => {
    const { endpoint, groups } = USAGE_REPORTS[name];
    const query = parseUsageQuery(request, name);
    requireKeptRecords(query, { retentionDays: ports.usageRetentionDays, nowMs: request.receivedAtMs });
    const report = createUsageReport({ ...query, endpoint, bounds: ports.pageBounds ?? PAGE_BOUNDS });
    await readLedgers(ports, { principal: request.principal, query, report });
    const form = { object: `organization.usage.${name}.result`, groups, fields: FIELDS[name] };
    return bucketAnswer(report, { query, form });
  };

const inputTokens = (sum: UsageSum): number => sum.input + sum.cacheRead + sum.cacheWrite;

/**
 * The fields of OpenAI's results that are known. Bedrock does not tell text from images in a prompt, nor has its cache
 * OpenAI's retention periods: those fields are absent. Answers are text.
 */
const FIELDS: Readonly<Record<UsageReportName, (sum: UsageSum) => object>> = {
  completions: (sum) => ({
    num_model_requests: sum.requests,
    input_tokens: inputTokens(sum),
    input_uncached_tokens: sum.input,
    input_cached_tokens: sum.cacheRead,
    input_cache_write_tokens: sum.cacheWrite,
    output_tokens: sum.output,
    output_text_tokens: sum.output,
  }),
  embeddings: (sum) => ({ num_model_requests: sum.requests, input_tokens: inputTokens(sum) }),
  images: (sum) => ({ num_model_requests: sum.requests, images: sum.images }),
  // Bedrock bills a check by the text unit, which stands for a token in the ledger, too.
  moderations: (sum) => ({ num_model_requests: sum.requests, input_tokens: sum.input }),
};
