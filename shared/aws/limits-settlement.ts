/** Settlement: what was used is charged to the periods of its admission, and the usage record written, once. */
import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { Settlement } from '../domain/admission.ts';
import type { Amounts } from '../domain/limits.ts';
import {
  decodeReservation,
  decodeSettled,
  encodeReservation,
  encodeSettled,
  entryState,
  orphanAmounts,
  type Reservation,
  reservationOf,
  usedAmounts,
} from '../domain/reservation-entry.ts';
import type { UsageRecord } from '../domain/usage.ts';
import type { Item } from './attribute.ts';
import { type LimitsContext, limitsUnavailable, targetOf, usageTableOf } from './limits-context.ts';
import { chargeUpdate, settleUpdate, type WriteTarget } from './limits-expression.ts';
import { entryAt } from './limits-item.ts';
import { recoverSome } from './limits-recovery.ts';
import { releaseKept } from './limits-release.ts';
import { isConditionFailure, withBackoff } from './store-failure.ts';
import { hasUsageRecord, putUsageRecord } from './usage-store.ts';

/** What the counters now hold for the request. */
interface Charged {
  /** Ours, or that of whoever settled before us. */
  readonly record: UsageRecord;
  /** Where the write was ours: the item after it, and how often it was sent. */
  readonly own?: { readonly item: Item; readonly attempts: number };
}

/** Rounds of looking and trying again, for an entry that others change meanwhile. */
const ROUNDS_MAX = 4;

/**
 * Resolves when the request is charged and its record exists, whoever did it; rejects with `service_unavailable`
 * when that could not be reached within the backoff, and recovery does the rest. Then tidies what the answer
 * shows dead processes to have left, a little at a time; a failure of that is logged and fails nobody's request.
 *
 * It may be repeated until it has resolved. Whoever admits the same id anew afterwards has made a new request.
 */
export async function settle(context: LimitsContext, settlement: Settlement): Promise<void> {
  const { tenant } = settlement.admission;
  const released = releaseKept(context, tenant, settlement.record.settledAtMs);
  try {
    await settleOne(context, settlement);
  } finally {
    await released;
  }
}

async function settleOne(context: LimitsContext, settlement: Settlement): Promise<void> {
  const { tenant, request } = settlement.admission;
  const { settledAtMs } = settlement.record;
  const admittedAtOnce = context.finished.takeAdmitted(request);
  const charged = await chargeAndRecord(context, settlement).catch((error: unknown) => {
    throw limitsUnavailable(error);
  });
  if (charged?.own === undefined) return;
  const answeredAtOnce = admittedAtOnce && charged.own.attempts === 1;
  context.finished.settled(tenant, { request, settledAtMs, answeredAtOnce });
  await recoverSome(context, { tenant, item: charged.own.item, nowMs: settledAtMs });
}

async function chargeAndRecord(context: LimitsContext, settlement: Settlement): Promise<Charged | undefined> {
  const charged = await charge(context, settlement);
  if (charged !== undefined) {
    await withBackoff(context.backoff, () => putUsageRecord(usageTableOf(context), charged.record));
  }
  return charged;
}

/** Undefined where the request was charged and recorded long ago and its entry removed. */
async function charge(context: LimitsContext, settlement: Settlement): Promise<Charged | undefined> {
  const { tenant, request } = settlement.admission;
  let reservation: Reservation | undefined = reservationOf(settlement.admission);
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const tried = await tryWrite(context, settlement, reservation);
    if (tried.own !== undefined) {
      reportCharge(context, settlement, reservation);
      return { record: settlement.record, own: tried.own };
    }
    const text = entryAt(tried.seen, request);
    if (text === undefined) {
      // An entry goes only after its record was written; a consistent read tells the two absences apart.
      if (await hasUsageRecord(usageTableOf(context), tenant, request)) return undefined;
      reservation = undefined;
    } else if (entryState(text) === 'reserved') {
      reservation = decodeReservation(text);
    } else {
      const record = decodeSettled({ tenant, request }, text);
      if (record !== undefined) return { record };
      throw new Error('The entry is in a state that this version does not know.');
    }
  }
  throw new Error('The entry changed each time it was to be settled.');
}

type Tried = { readonly own: { readonly item: Item; readonly attempts: number } } | RefusedWrite;
interface RefusedWrite {
  readonly own: undefined;
  /** The item that refused the write. */
  readonly seen: Item;
}

/** One conditional write: settles the reservation, or charges where there is none to settle. */
async function tryWrite(
  context: LimitsContext,
  settlement: Settlement,
  reservation: Reservation | undefined,
): Promise<Tried> {
  const { tenant, request } = settlement.admission;
  const finished = context.finished.take(tenant, settlement.record.settledAtMs);
  const removable = finished.map((of) => of.request).filter((id) => id !== request);
  const update = writeFor(targetOf(context, tenant, removable), settlement, reservation);
  try {
    const { result, attempts } = await withBackoff(context.backoff, () => context.dynamo.updateItem(update));
    return {
      own: { item: result.Attributes ?? {}, attempts: attempts * (result.$metadata.attempts ?? 1) },
    };
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
    context.finished.giveBack(tenant, finished);
    return { own: undefined, seen: error.Item ?? {} };
  }
}

function writeFor(
  target: WriteTarget,
  settlement: Settlement,
  reservation: Reservation | undefined,
): UpdateItemCommandInput {
  const { request } = settlement.admission;
  const settled = encodeSettled(settlement.record);
  const to = usedAmounts(settlement.record, settlement.admission);
  if (reservation === undefined) {
    const { counters } = reservationOf(settlement.admission);
    return chargeUpdate(target, { request, settled, change: { counters, to } });
  }
  const change = { counters: reservation.counters, from: reservation.reserved, to };
  return settleUpdate(target, { request, reserved: encodeReservation(reservation), settled, change });
}

/** Both are charged all the same; somebody should know. Nothing used is nothing to tell. */
function reportCharge(
  context: LimitsContext,
  { admission, record }: Settlement,
  reservation: Reservation | undefined,
): void {
  const used = usedAmounts(record, admission);
  const facts = { tenant: admission.tenant, request: admission.request, ...used };
  if (reservation === undefined) {
    context.log?.write({ level: 'error', event: 'limits.charged-without-reservation', ...facts });
  } else if (exceeds(used, reservation.reserved)) {
    context.log?.write({ level: 'error', event: 'limits.reservation-exceeded', ...facts });
  }
}

/** An estimate may be passed by the debt that was told with it, a bound may not be passed. */
function exceeds(used: Amounts, reserved: Amounts): boolean {
  const most = orphanAmounts(reserved);
  const isMoreAMinute =
    most.minuteTokens !== undefined && (used.minuteTokens ?? used.tokens) > most.minuteTokens;
  return used.nanoUsd > most.nanoUsd || used.tokens > most.tokens || isMoreAMinute;
}
