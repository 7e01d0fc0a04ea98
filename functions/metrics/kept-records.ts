/** What a report may ask of records that a retention has dropped, while the sums of their hours stay. */
import type { BucketRange } from '../../shared/domain/bucket-report.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { HOUR_MS, hourOf } from '../../shared/domain/rollup.ts';
import { DAY_MS } from '../../shared/domain/tenancy.ts';

/** Refuses parts of hours from before the retention: nothing tells them any more, and less than all would be wrong. */
export function requireKeptRecords(
  query: BucketRange,
  of: { readonly retentionDays: number | undefined; readonly nowMs: number },
): void {
  const { retentionDays, nowMs } = of;
  if (retentionDays === undefined) return;
  const keptFromMs = nowMs - retentionDays * DAY_MS;
  const since = `Single requests are kept for ${retentionDays} days, whole hours for ever`;
  if (query.widthMs % HOUR_MS !== 0) {
    if (query.fromMs >= keptFromMs) return;
    throw new GatewayError('invalid_value', `${since}: for this 'start_time' use 'bucket_width' 1h or 1d.`, {
      param: 'bucket_width',
    });
  }
  if (query.toMs % HOUR_MS === 0 || hourOf(query.toMs) >= keptFromMs) return;
  throw new GatewayError('invalid_value', `${since}: give an 'end_time' on a whole hour of UTC.`, {
    param: 'end_time',
  });
}
