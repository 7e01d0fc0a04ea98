/** Admission: one conditional update that reserves in every counter, or names the limit that refused. */

import type { Admission, AdmissionResult } from '../domain/admission.ts';
import { counterName } from '../domain/counter.ts';
import { encodeReservation, reservationOf } from '../domain/reservation-entry.ts';
import type { Item } from './attribute.ts';
import { type LimitsContext, limitsUnavailable, targetOf } from './limits-context.ts';
import { admitUpdate } from './limits-expression.ts';
import { entryAt, INFLIGHT, LIMITS_VERSION, numberAt } from './limits-item.ts';
import { isConditionFailure } from './store-failure.ts';

/**
 * Reserves, or refuses without effect. A charge larger than its own limit can never pass and is refused without a
 * call, its `committed` 0. Repeating an admission answers as the first time and reserves nothing more.
 */
export async function admit(context: LimitsContext, admission: Admission): Promise<AdmissionResult> {
  const oversized = admission.charges.find(({ amount, limit }) => limit !== undefined && amount > limit);
  if (oversized !== undefined) return { outcome: 'refused', by: oversized, committed: 0 };
  const { tenant, request, nowMs } = admission;
  const entry = encodeReservation(reservationOf(admission));
  const finished = context.finished.take(tenant, nowMs);
  const removable = finished.map((of) => of.request).filter((id) => id !== request);
  try {
    const update = admitUpdate(targetOf(context, tenant, removable), admission, entry);
    const output = await context.dynamo.updateItem(update);
    if ((output.$metadata.attempts ?? 1) === 1) context.finished.admittedAtOnce(request);
    return admitted(admission, output.Attributes ?? {});
  } catch (error) {
    if (!isConditionFailure(error)) throw limitsUnavailable(error);
    context.finished.giveBack(tenant, finished);
    return explainRefusal(admission, error.Item ?? {});
  }
}

const admitted = (admission: Admission, item: Item): AdmissionResult => ({
  outcome: 'admitted',
  committed: admission.charges.map((charge) => numberAt(item, counterName(charge))),
});

/** Reads from the item as it was which part of the condition failed; our own entry there means a duplicate. */
function explainRefusal(admission: Admission, item: Item): AdmissionResult {
  if (entryAt(item, admission.request) !== undefined) return admitted(admission, item);
  if (numberAt(item, LIMITS_VERSION) > admission.limitsVersion) {
    return { outcome: 'refused', by: 'stale-limits' };
  }
  const by = admission.charges.find(
    (charge) =>
      charge.limit !== undefined && numberAt(item, counterName(charge)) + charge.amount > charge.limit,
  );
  if (by !== undefined) return { outcome: 'refused', by, committed: numberAt(item, counterName(by)) };
  if (numberAt(item, INFLIGHT) >= admission.inflightMax) return { outcome: 'refused', by: 'inflight' };
  throw limitsUnavailable(new Error('An admission was refused, and the item explains no refusal.'));
}
