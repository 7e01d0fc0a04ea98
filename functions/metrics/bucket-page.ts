/** What usage and cost queries ask for alike: a time range, and one page of the buckets in it. */
import type { BucketRange } from '../../shared/domain/bucket-report.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { queryInteger, queryValue } from '../../shared/http/cursor-page.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';

export interface BucketPage extends BucketRange {
  /** Where the query's whole range ends. */
  readonly endMs: number;
}

/** A bucket's length in ms, and how many buckets a page has: by default and at most. */
interface BucketWidth {
  readonly ms: number;
  readonly limitDefault: number;
  readonly limitMax: number;
}

const SECONDS_MAX = 253_402_300_799;

/** `start_time`, `end_time` (now where absent), `limit` and `page`. */
export function bucketPageOf(request: GatewayRequest, width: BucketWidth): BucketPage {
  const { ms: widthMs, limitDefault, limitMax } = width;
  const { startMs, endMs } = timesOf(request, widthMs);
  const fromMs = pageStart(request, { startMs, endMs, widthMs });
  const limit = queryInteger(request, { name: 'limit', min: 1, max: limitMax, absent: limitDefault });
  return { fromMs, toMs: Math.min(endMs, fromMs + widthMs * limit), widthMs, endMs };
}

/** The cursor of the page behind one that ends here, or null. */
export const nextPageOf = (page: Pick<BucketPage, 'toMs' | 'endMs'>): string | null =>
  page.toMs < page.endMs ? `page_${page.toMs / 1000}` : null;

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

/** A cursor is the time at which its page begins: no query but its range and width decides what it means. */
function pageStart(
  request: GatewayRequest,
  of: { readonly startMs: number; readonly endMs: number; readonly widthMs: number },
): number {
  const page = queryValue(request, 'page');
  if (page === undefined) return of.startMs;
  const fromMs = Number(/^page_(\d{1,12})$/.exec(page)?.[1] ?? Number.NaN) * 1000;
  if (fromMs > of.startMs && fromMs < of.endMs && (fromMs - of.startMs) % of.widthMs === 0) return fromMs;
  throw new GatewayError(
    'invalid_value',
    "'page' must be a 'next_page' whose bucket begins within the time range of this query, after its first.",
    { param: 'page' },
  );
}
