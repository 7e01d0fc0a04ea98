/** What a tenant has spent, read from the counter that its budget is enforced by. */
import { counterAt, counterName } from '../domain/counter.ts';
import type { TenantRef } from '../domain/ids.ts';
import type { NanoUsd } from '../domain/money.ts';
import { type LimitsContext, limitsUnavailable } from './limits-context.ts';
import { limitsKey, numberAt } from './limits-item.ts';
import { withBackoff } from './store-failure.ts';

/** Committed money of the UTC month of `nowMs`; of the item, only the one attribute comes back. */
export async function readSpend(context: LimitsContext, tenant: TenantRef, nowMs: number): Promise<NanoUsd> {
  const name = counterName(counterAt('money-month', nowMs));
  try {
    const { result } = await withBackoff(context.backoff, () =>
      context.dynamo.getItem({
        TableName: context.limitsTable,
        Key: limitsKey(tenant),
        ConsistentRead: true,
        ProjectionExpression: '#spend',
        ExpressionAttributeNames: { '#spend': name },
      }),
    );
    return numberAt(result.Item ?? {}, name);
  } catch (error) {
    throw limitsUnavailable(error);
  }
}
