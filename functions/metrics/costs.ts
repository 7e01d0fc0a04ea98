import { COST_GROUPS, type CostSum, createCostReport } from '../../shared/domain/cost-report.ts';
import type { UseCase } from '../../shared/http/message.ts';
import { bucketAnswer, type ResultForm } from './bucket-answer.ts';
import { parseCostsQuery } from './costs-request.ts';
import { requireKeptRecords } from './kept-records.ts';
import { type LedgerPorts, readLedgers } from './ledgers.ts';
import { PAGE_BOUNDS } from './page-bounds.ts';

/**
 * `GET /organization/costs`: what was charged, in days and groups; the same sums that the budgets hold once nothing is
 * under way. A tenant's key sees its own project.
 */
export const costs =
  (ports: LedgerPorts): UseCase =>
  async (request) => {
    const query = parseCostsQuery(request);
    requireKeptRecords(query, { retentionDays: ports.usageRetentionDays, nowMs: request.receivedAtMs });
    const report = createCostReport({ ...query, bounds: ports.pageBounds ?? PAGE_BOUNDS });
    await readLedgers(ports, { principal: request.principal, query, report });
    const isByItem = query.groupBy.includes('line_item');
    return bucketAnswer(report, { query, form: isByItem ? BY_ITEM : WHOLE });
  };

/** The nearest double of the sum in USD: up to four million USD, rounding it to nine decimals gives the sum again. */
const amount = ({ nanoUsd }: CostSum) => ({ value: nanoUsd / 1e9, currency: 'usd' });

const WHOLE: ResultForm<CostSum> = {
  object: 'organization.costs.result',
  groups: COST_GROUPS,
  fields: (sum) => ({ amount: amount(sum), quantity: null, quantity_unit: null }),
};

/** OpenAI tells quantities of line items alone. */
const BY_ITEM: ResultForm<CostSum> = {
  ...WHOLE,
  fields: (sum) => ({ amount: amount(sum), ...quantityOf(sum) }),
};

const quantityOf = ({ unit, quantity }: CostSum) =>
  unit === 'tokens' || unit === 'images'
    ? { quantity, quantity_unit: unit }
    : { quantity: null, quantity_unit: null };
