import { parseProjectId, type TenantRef } from '../../shared/domain/ids.ts';
import {
  BUCKET_WIDTHS,
  USAGE_GROUPS,
  type UsageFilter,
  type UsageGroup,
} from '../../shared/domain/usage-report.ts';
import { queryChoice, queryChoices, queryList, refuseUnknownQuery } from '../../shared/http/cursor-page.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';
import { type BucketPage, bucketPageOf } from './bucket-page.ts';

/** A usage query, parsed: one page of whole buckets. */
export interface UsageQuery extends BucketPage {
  readonly groupBy: readonly UsageGroup[];
  readonly filter: UsageFilter;
  /** Undefined: every tenant the caller may read. */
  readonly tenants: readonly TenantRef[] | undefined;
}

const PARAMETERS = [
  'start_time',
  'end_time',
  'bucket_width',
  'group_by',
  'project_ids',
  'models',
  'api_key_ids',
  'limit',
  'page',
];

/** `GET /organization/usage/completions`. A parameter that is not honoured yet is refused by name. */
export function parseUsageQuery(request: GatewayRequest): UsageQuery {
  refuseUnknownQuery(request, PARAMETERS);
  const width = queryChoice(request, { name: 'bucket_width', values: ['1d', '1h', '1m'] });
  return {
    ...bucketPageOf(request, BUCKET_WIDTHS[width]),
    groupBy: queryChoices(request, { name: 'group_by', values: USAGE_GROUPS }),
    filter: { models: queryList(request, 'models'), apiKeyIds: queryList(request, 'api_key_ids') },
    tenants: queryList(request, 'project_ids')?.flatMap((id) => parseProjectId(id) ?? []),
  };
}
