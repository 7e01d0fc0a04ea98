/** Admission: one conditional update that reserves in every counter, or names the limit that refused. */

import type { Admission, AdmissionResult } from '../domain/admission.ts';
import { counterName } from '../domain/counter.ts';
import { refusalFor } from '../domain/refusal.ts';
import { encodeReservation, reservationOf } from '../domain/reservation-entry.ts';
import type { Item } from './attribute.ts';
import { type LimitsContext, limitsUnavailable, targetOf } from './limits-context.ts';
import { admitUpdate } from './limits-expression.ts';
import { entryAt, INFLIGHT, isCrowded, LIMITS_VERSION, numberAt, reservationsIn } from './limits-item.ts';
import { recoverExpired } from './limits-recovery.ts';
import { release, releaseKept } from './limits-release.ts';
import { isConditionFailure, mayHaveActed } from './store-failure.ts';

/**
 * Reserves, or refuses without effect. A charge larger than its own limit can never pass and is refused without a
 * call, its `committed` 0. Repeating an admission answers as the first time and reserves nothing more; one that differs
 * from what its id reserved or settled before is refused as `duplicate`.
 *
 * Where it refuses or rejects although some copy of it was not answered, that copy is released (limits-release.ts).
 */
export async function admit(context: LimitsContext, admission: Admission): Promise<AdmissionResult> {
  const { tenant, nowMs } = admission;
  const by = admission.charges.find(({ amount, limit }) => limit !== undefined && amount > limit);
  if (by !== undefined) return { outcome: 'refused', by, committed: 0, returnable: 0, held: [] };
  const released = releaseKept(context, tenant, nowMs);
  try {
    return await admitOrRelease(context, { admission, entry: encodeReservation(reservationOf(admission)) });
  } finally {
    await released;
  }
}

/** An admission, and the text of its entry. */
interface Asked {
  readonly admission: Admission;
  readonly entry: string;
}

async function admitOrRelease(context: LimitsContext, asked: Asked): Promise<AdmissionResult> {
  const { admission } = asked;
  let isUnanswered = false;
  try {
    let tried = await tryAdmit(context, asked);
    isUnanswered ||= tried.mayHaveActed;
    if (isForRoom(tried.result) && (await recoverExpired(context, { ...admission, item: tried.seen }))) {
      tried = await tryAdmit(context, asked);
      isUnanswered ||= tried.mayHaveActed;
    }
    const { result } = tried;
    if (isUnanswered && result.outcome === 'refused' && !isCrowded(tried.seen, 'a refusal'))
      await release(context, admission);
    return result;
  } catch (error) {
    if (isUnanswered || mayHaveActed(error)) await release(context, admission);
    throw limitsUnavailable(error);
  }
}

/** Whether a refusal may pass once those that are dead are settled. */
const isForRoom = (result: AdmissionResult): boolean =>
  result.outcome === 'refused' && result.by !== 'stale-limits' && result.by !== 'duplicate';

interface Tried {
  readonly result: AdmissionResult;
  /** The item that refused. */
  readonly seen: Item;
  /** Whether a copy that was not answered may reserve all the same. */
  readonly mayHaveActed: boolean;
}

async function tryAdmit(context: LimitsContext, { admission, entry }: Asked): Promise<Tried> {
  const { tenant, request, nowMs } = admission;
  const finished = context.finished.take(tenant, nowMs);
  const removable = finished.map((of) => of.request).filter((id) => id !== request);
  try {
    const update = admitUpdate(targetOf(context, tenant, removable), admission, entry);
    const output = await context.dynamo.updateItem(update);
    if ((output.$metadata.attempts ?? 1) === 1) context.finished.admittedAtOnce(request);
    return { result: admitted(admission, output.Attributes ?? {}), seen: {}, mayHaveActed: false };
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
    context.finished.giveBack(tenant, finished);
    const seen = error.Item ?? {};
    return { result: explain({ admission, entry }, seen), seen, mayHaveActed: mayHaveActed(error) };
  }
}

const admitted = (admission: Admission, item: Item): AdmissionResult => ({
  outcome: 'admitted',
  committed: admission.charges.map((charge) => numberAt(item, counterName(charge))),
});

/** Reads from the item as it was which part of the condition failed; our very entry there means a copy of ours. */
function explain({ admission, entry }: Asked, item: Item): AdmissionResult {
  const text = entryAt(item, admission.request);
  if (text === entry) return admitted(admission, item);
  if (text !== undefined) return { outcome: 'refused', by: 'duplicate' };
  const refusal = refusalFor(admission, {
    version: numberAt(item, LIMITS_VERSION),
    inflight: numberAt(item, INFLIGHT),
    held: (name) => numberAt(item, name),
    reservations: () => reservationsIn(item),
  });
  if (refusal !== undefined) return refusal;
  throw new Error('An admission was refused, and the item explains no refusal.');
}
