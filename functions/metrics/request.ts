import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { parseProjectId, type TenantRef } from '../../shared/domain/ids.ts';
import {
  BUCKET_WIDTHS,
  type BucketWidth,
  USAGE_GROUPS,
  type UsageFilter,
  type UsageGroup,
} from '../../shared/domain/usage-report.ts';
import { queryInteger, queryValue, refuseUnknownQuery } from '../../shared/http/cursor-page.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';

/** A usage query, parsed: one page of whole buckets. */
export interface UsageQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly widthMs: number;
  readonly groupBy: readonly UsageGroup[];
  readonly filter: UsageFilter;
  /** Undefined: every tenant the caller may read. */
  readonly tenants: readonly TenantRef[] | undefined;
  /** The cursor of the next page, or null. */
  readonly nextPage: string | null;
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
const SECONDS_MAX = 253_402_300_799;
const LIST_MAX = 100;

/** `GET /organization/usage/completions`. A parameter that is not honoured yet is refused by name. */
export function parseUsageQuery(request: GatewayRequest): UsageQuery {
  refuseUnknownQuery(request, PARAMETERS);
  const width = bucketWidth(request);
  const widthMs = BUCKET_WIDTHS[width].ms;
  const { startMs, endMs } = timesOf(request, widthMs);
  const fromMs = pageStart(request, { startMs, endMs, widthMs });
  const toMs = Math.min(endMs, fromMs + widthMs * pageLength(request, width));
  return {
    fromMs,
    toMs,
    widthMs,
    groupBy: groupsOf(request),
    filter: { models: listOf(request, 'models'), apiKeyIds: listOf(request, 'api_key_ids') },
    tenants: listOf(request, 'project_ids')?.flatMap((id) => parseProjectId(id) ?? []),
    nextPage: toMs < endMs ? `page_${toMs / 1000}` : null,
  };
}

function timesOf(request: GatewayRequest, widthMs: number): { startMs: number; endMs: number } {
  const start = queryInteger(request, { name: 'start_time', min: 0, max: SECONDS_MAX, absent: -1 });
  if (start === -1) {
    throw new GatewayError(
      'missing_required_parameter',
      "Missing required parameter: 'start_time' (Unix seconds).",
      {
        param: 'start_time',
      },
    );
  }
  const nowSeconds = Math.floor(request.receivedAtMs / 1000) + 1;
  const end = queryInteger(request, { name: 'end_time', min: 0, max: SECONDS_MAX, absent: nowSeconds });
  if (end <= start) {
    throw new GatewayError('invalid_value', "'end_time' must be after 'start_time'.", { param: 'end_time' });
  }
  // Buckets begin on whole minutes, hours or days of UTC, as OpenAI's do.
  return { startMs: start * 1000 - ((start * 1000) % widthMs), endMs: end * 1000 };
}

function pageStart(
  request: GatewayRequest,
  of: { readonly startMs: number; readonly endMs: number; readonly widthMs: number },
): number {
  const page = queryValue(request, 'page');
  if (page === undefined) return of.startMs;
  const fromMs = Number(/^page_(\d{1,12})$/.exec(page)?.[1] ?? Number.NaN) * 1000;
  if (fromMs > of.startMs && fromMs < of.endMs && (fromMs - of.startMs) % of.widthMs === 0) return fromMs;
  throw new GatewayError('invalid_value', "'page' must be the 'next_page' of the same query.", {
    param: 'page',
  });
}

function pageLength(request: GatewayRequest, width: BucketWidth): number {
  const { limitDefault, limitMax } = BUCKET_WIDTHS[width];
  return queryInteger(request, { name: 'limit', min: 1, max: limitMax, absent: limitDefault });
}

function bucketWidth(request: GatewayRequest): BucketWidth {
  const width = queryValue(request, 'bucket_width') ?? '1d';
  if (isBucketWidth(width)) return width;
  const allowed = Object.keys(BUCKET_WIDTHS).join("', '");
  throw new GatewayError('invalid_value', `'bucket_width' must be one of '${allowed}'.`, {
    param: 'bucket_width',
  });
}

const isBucketWidth = (text: string): text is BucketWidth => Object.hasOwn(BUCKET_WIDTHS, text);

function groupsOf(request: GatewayRequest): readonly UsageGroup[] {
  const names = listOf(request, 'group_by') ?? [];
  return names.map((name) => {
    const group = USAGE_GROUPS.find((known) => known === name);
    if (group !== undefined) return group;
    throw new GatewayError('unsupported_value', `'group_by' takes '${USAGE_GROUPS.join("', '")}'.`, {
      param: 'group_by',
    });
  });
}

function listOf(request: GatewayRequest, name: string): readonly string[] | undefined {
  const values = request.query[name];
  if (values === undefined || values.length <= LIST_MAX) return values;
  throw new GatewayError('invalid_value', `'${name}' takes at most ${LIST_MAX} values.`, { param: name });
}
