import { createUsageReport, type UsageSum } from '../../shared/domain/usage-report.ts';
import type { UseCase } from '../../shared/http/message.ts';
import { bucketAnswer } from './bucket-answer.ts';
import { type LedgerPorts, readLedgers } from './ledgers.ts';
import { parseUsageQuery } from './usage-request.ts';

/** `GET /organization/usage/completions`: sums of usage records in buckets and groups. A tenant's key sees its own. */
export const usageCompletions =
  (ports: LedgerPorts): UseCase =>
  async (request) => {
    const query = parseUsageQuery(request);
    const report = createUsageReport(query);
    await readLedgers(ports, { principal: request.principal, query, report });
    return bucketAnswer(report, { query, toWire: resultObject });
  };

const resultObject = (sum: UsageSum) => ({
  object: 'organization.usage.completions.result',
  num_model_requests: sum.requests,
  input_tokens: sum.inputTokens,
  input_cached_tokens: sum.cachedTokens,
  output_tokens: sum.outputTokens,
  project_id: sum.projectId,
  model: sum.model,
  api_key_id: sum.apiKeyId,
  user_id: null,
  batch: null,
});
