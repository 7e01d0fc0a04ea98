/**
 * Release: an admission whose caller was refused or told of a failure may have reserved all the same, or may yet, where
 * a copy of it was not answered. No model runs for it, so it is settled with nothing.
 */
import { type Admission, unusedRecord } from '../domain/admission.ts';
import type { TenantRef } from '../domain/ids.ts';
import {
  encodeReservation,
  encodeSettled,
  encodeVoid,
  reservationOf,
  usedAmounts,
} from '../domain/reservation-entry.ts';
import { type LimitsContext, targetOf, usageTableOf } from './limits-context.ts';
import { chargeUpdate, settleUpdate } from './limits-expression.ts';
import { entryAt, isCrowded } from './limits-item.ts';
import { isConditionFailure, withBackoff } from './store-failure.ts';
import type { Unowned } from './unowned-admissions.ts';
import { putUsageRecord } from './usage-store.ts';

/** The caller waits for its refusal, and the store has just shown that it does not answer. */
const AT_ONCE_ATTEMPTS_MAX = 2;
/** Looks at an entry that a copy of the admission changes meanwhile: it comes into being once. */
const ROUNDS_MAX = 3;

/** Settles an admission with nothing, or keeps it for a later try. Never rejects. */
export async function release(context: LimitsContext, admission: Admission): Promise<void> {
  const nowMs = context.clock?.() ?? admission.nowMs;
  await tryRelease(context, { admission, tries: 0 }, { nowMs, attemptsMax: AT_ONCE_ATTEMPTS_MAX });
}

/** Tries some of those again that were kept of a tenant, each once. Never rejects. */
export async function releaseKept(context: LimitsContext, tenant: TenantRef, nowMs: number): Promise<void> {
  const due = context.unowned.take(tenant, nowMs);
  await Promise.all(due.map((unowned) => tryRelease(context, unowned, { nowMs, attemptsMax: 1 })));
}

async function tryRelease(
  context: LimitsContext,
  { admission, tries }: Unowned,
  { nowMs, attemptsMax }: { readonly nowMs: number; readonly attemptsMax: number },
): Promise<void> {
  try {
    await settleWithNothing({ ...context, backoff: { ...context.backoff, attemptsMax } }, admission, nowMs);
  } catch {
    context.unowned.keep({ admission, tries: tries + 1 }, nowMs);
  }
}

/**
 * Where it has reserved, the reservation is settled, and the request stays counted; where it has not, a V entry stands
 * in its way, unless the item is crowded. Any other entry of its id is not its own and is left alone.
 */
async function settleWithNothing(context: LimitsContext, admission: Admission, nowMs: number): Promise<void> {
  const { tenant, request } = admission;
  const own = encodeReservation(reservationOf(admission));
  let text: string | undefined = own;
  for (let round = 1; round <= ROUNDS_MAX && (text === own || text === undefined); round += 1) {
    const seen = await write(
      context,
      text === own ? settling(context, admission, nowMs) : voiding(context, admission, nowMs),
    );
    if (seen === undefined) {
      if (text === own)
        await withBackoff(context.backoff, () =>
          putUsageRecord(usageTableOf(context), unusedRecord(admission, nowMs)),
        );
      context.finished.settled(tenant, { request, settledAtMs: nowMs, answeredAtOnce: false });
      return;
    }
    text = entryAt(seen, request);
    if (text === undefined && isCrowded(seen, 'no answer')) return;
  }
}

function settling(context: LimitsContext, admission: Admission, nowMs: number) {
  const { tenant, request } = admission;
  const reservation = reservationOf(admission);
  const record = unusedRecord(admission, nowMs);
  const change = {
    counters: reservation.counters,
    from: reservation.reserved,
    to: usedAmounts(record, admission),
  };
  return settleUpdate(targetOf(context, tenant, []), {
    request,
    reserved: encodeReservation(reservation),
    settled: encodeSettled(record),
    change,
  });
}

const voiding = (context: LimitsContext, { tenant, request }: Admission, nowMs: number) =>
  chargeUpdate(targetOf(context, tenant, []), {
    request,
    settled: encodeVoid(nowMs),
    change: { counters: [], to: undefined },
  });

/** Undefined where it succeeded, else the item that refused it. */
async function write(context: LimitsContext, update: Parameters<LimitsContext['dynamo']['updateItem']>[0]) {
  try {
    await withBackoff(context.backoff, () => context.dynamo.updateItem(update));
    return undefined;
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
    return error.Item ?? {};
  }
}
