/** What a tenant has spent, read from the counter that its budget is enforced by. */
import type { Spend } from '../domain/admission.ts';
import { counterAt, counterName } from '../domain/counter.ts';
import type { TenantRef } from '../domain/ids.ts';
import { type LimitsContext, limitsUnavailable } from './limits-context.ts';
import { DEBT, limitsKey, numberAt } from './limits-item.ts';
import { withBackoff } from './store-failure.ts';

/** Committed money of the UTC month of `nowMs`; of the item, only two attributes come back. */
export async function readSpend(context: LimitsContext, tenant: TenantRef, nowMs: number): Promise<Spend> {
  const name = counterName(counterAt('money-month', nowMs));
  try {
    const { result } = await withBackoff(context.backoff, () =>
      context.dynamo.getItem({
        TableName: context.limitsTable,
        Key: limitsKey(tenant),
        ConsistentRead: true,
        ProjectionExpression: '#spend, #debt',
        ExpressionAttributeNames: { '#spend': name, '#debt': DEBT },
      }),
    );
    const item = result.Item ?? {};
    return { nanoUsd: numberAt(item, name), debtNanoUsd: numberAt(item, DEBT) };
  } catch (error) {
    throw limitsUnavailable(error);
  }
}
