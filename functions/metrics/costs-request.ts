import { COST_GROUPS, type CostGroup } from '../../shared/domain/cost-report.ts';
import type { TenantRef } from '../../shared/domain/ids.ts';
import type { RecordFilter } from '../../shared/domain/record-groups.ts';
import { queryChoice, queryChoices, queryList, refuseUnknownQuery } from '../../shared/http/cursor-page.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';
import { type BucketPage, bucketPageOf } from './bucket-page.ts';
import { keysAsked, projectsAsked } from './query-ids.ts';

/** A costs query, parsed: one page of whole UTC days. */
export interface CostsQuery extends BucketPage {
  readonly groupBy: readonly CostGroup[];
  readonly filter: RecordFilter;
  /** Undefined: every tenant the caller may read. */
  readonly tenants: readonly TenantRef[] | undefined;
}

const PARAMETERS = [
  'start_time',
  'end_time',
  'bucket_width',
  'group_by',
  'project_ids',
  'api_key_ids',
  'line_items',
  'limit',
  'page',
];
/** OpenAI's bounds. */
const DAY = { ms: 86_400_000, limitDefault: 7, limitMax: 180 };

/** `GET /organization/costs` (UsageCostsParams of openai 7.55). What is not honoured is refused by name. */
export function parseCostsQuery(request: GatewayRequest): CostsQuery {
  refuseUnknownQuery(request, PARAMETERS);
  queryChoice(request, { name: 'bucket_width', values: ['1d'] });
  return {
    ...bucketPageOf(request, DAY),
    groupBy: queryChoices(request, { name: 'group_by', values: COST_GROUPS }),
    // A line item is a model.
    filter: { models: queryList(request, 'line_items'), apiKeyIds: keysAsked(request) },
    tenants: projectsAsked(request),
  };
}
