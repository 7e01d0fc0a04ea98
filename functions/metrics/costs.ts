import { type CostSum, createCostReport } from '../../shared/domain/cost-report.ts';
import type { UseCase } from '../../shared/http/message.ts';
import { bucketAnswer } from './bucket-answer.ts';
import { parseCostsQuery } from './costs-request.ts';
import { type LedgerPorts, readLedgers } from './ledgers.ts';

/**
 * `GET /organization/costs`: what was charged, in days and groups; the same sums that the budgets hold once nothing is
 * under way. A tenant's key sees its own project.
 */
export const costs =
  (ports: LedgerPorts): UseCase =>
  async (request) => {
    const query = parseCostsQuery(request);
    const report = createCostReport(query);
    await readLedgers(ports, { principal: request.principal, query, report });
    return bucketAnswer(report, { query, toWire: resultObject });
  };

/** A line item is a model with all its tokens, so that no one unit counts it: `quantity` is null. */
const resultObject = (sum: CostSum) => ({
  object: 'organization.costs.result',
  amount: { value: sum.nanoUsd / 1e9, currency: 'usd' },
  line_item: sum.lineItem,
  project_id: sum.projectId,
  api_key_id: sum.apiKeyId,
  quantity: null,
  quantity_unit: null,
  user_id: null,
  api_source: null,
});
