/** What a tenant's limits item holds, for whoever asks where its limits stand. */
import { parseCounterName } from '../domain/counter.ts';
import type { TenantRef } from '../domain/ids.ts';
import type { HeldLimits } from '../domain/limit-usage.ts';
import { type LimitsContext, limitsUnavailable } from './limits-context.ts';
import { INFLIGHT, limitsKey, numberAt, reservationsIn } from './limits-item.ts';
import { withBackoff } from './store-failure.ts';

/** The whole item in one strongly consistent read, so that counters and reservations are of one instant. */
export async function readHeld(context: LimitsContext, tenant: TenantRef): Promise<HeldLimits> {
  try {
    const { result } = await withBackoff(context.backoff, () =>
      context.dynamo.getItem({
        TableName: context.limitsTable,
        Key: limitsKey(tenant),
        ConsistentRead: true,
      }),
    );
    const item = result.Item ?? {};
    const names = Object.keys(item).filter((name) => parseCounterName(name) !== undefined);
    return {
      counters: new Map(names.map((name) => [name, numberAt(item, name)])),
      reservations: reservationsIn(item),
      inflight: numberAt(item, INFLIGHT),
    };
  } catch (error) {
    throw limitsUnavailable(error);
  }
}
