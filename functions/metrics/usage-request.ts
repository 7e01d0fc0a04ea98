import type { TenantRef } from '../../shared/domain/ids.ts';
import type { RecordFilter, RecordGroup } from '../../shared/domain/record-groups.ts';
import { BUCKET_WIDTHS, USAGE_REPORTS, type UsageReportName } from '../../shared/domain/usage-report.ts';
import {
  queryChoice,
  queryChoices,
  queryFlag,
  queryList,
  queryValue,
  refuseUnknownQuery,
} from '../../shared/http/cursor-page.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';
import { type BucketPage, bucketPageOf } from './bucket-page.ts';
import { keysAsked, projectsAsked, usersAsked } from './query-ids.ts';

/** A usage query, parsed: one page of whole buckets. */
export interface UsageQuery extends BucketPage {
  readonly groupBy: readonly RecordGroup[];
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
  'user_ids',
  'api_key_ids',
  'models',
  'limit',
  'page',
];
/** Sizes and sources of images are not recorded, so that filtering by them would give a wrong answer: refused. */
const PARAMETERS_OF: Readonly<Record<UsageReportName, readonly string[]>> = {
  completions: [...PARAMETERS, 'batch'],
  embeddings: PARAMETERS,
  images: PARAMETERS,
  moderations: PARAMETERS,
};

/** `GET /organization/usage/…` (UsageCompletionsParams and its like of openai 7.55). What is not honoured is refused by name. */
export function parseUsageQuery(request: GatewayRequest, report: UsageReportName): UsageQuery {
  refuseUnknownQuery(request, PARAMETERS_OF[report]);
  const width = queryChoice(request, { name: 'bucket_width', values: ['1d', '1h', '1m'] });
  return {
    ...bucketPageOf(request, BUCKET_WIDTHS[width]),
    groupBy: queryChoices(request, { name: 'group_by', values: USAGE_REPORTS[report].groups }),
    filter: {
      models: queryList(request, 'models'),
      userIds: usersAsked(request),
      apiKeyIds: keysAsked(request),
      ...(queryValue(request, 'batch') !== undefined && { batch: queryFlag(request, 'batch') }),
    },
    tenants: projectsAsked(request),
  };
}
