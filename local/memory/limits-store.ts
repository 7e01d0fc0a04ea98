/**
 * The limits in memory, for a machine without a DynamoDB. The rules are those of ARCHITECTURE.md, "Limits"; as nothing here can be lost on
 * the way or die between two steps, a settlement is one step and leaves no entry behind.
 */

import type {
  Admission,
  AdmissionRefusal,
  AdmissionResult,
  Settlement,
  Spend,
} from '../../shared/domain/admission.ts';
import {
  amountFor,
  counterAt,
  counterName,
  isForgettableAt,
  parseCounterName,
} from '../../shared/domain/counter.ts';
import type { RequestId, TenantRef } from '../../shared/domain/ids.ts';
import type { HeldLimits } from '../../shared/domain/limit-usage.ts';
import type { Amounts } from '../../shared/domain/limits.ts';
import { refusalFor } from '../../shared/domain/refusal.ts';
import {
  encodeReservation,
  orphanAmounts,
  orphanRecord,
  type Reservation,
  reservationOf,
  usedAmounts,
} from '../../shared/domain/reservation-entry.ts';
import type { LimitsStore } from '../../shared/ports.ts';
import type { MemoryUsageStore } from './usage-store.ts';

/** A tenant's state; changed in place, owned by the store. */
interface TenantState {
  version: number;
  readonly counters: Map<string, number>;
  readonly reserved: Map<RequestId, Reservation>;
}

/** Usage records go to the given ledger. */
export function createMemoryLimitsStore(usage: MemoryUsageStore): LimitsStore {
  const tenants = new Map<TenantRef, TenantState>();
  const stateOf = (tenant: TenantRef): TenantState => {
    const state = tenants.get(tenant) ?? { version: 0, counters: new Map(), reserved: new Map() };
    tenants.set(tenant, state);
    return state;
  };
  return {
    admit: async (admission) => admit(stateOf(admission.tenant), usage, admission),
    settle: async (settlement) => settle(stateOf(settlement.admission.tenant), usage, settlement),
    sweep: async (tenant, nowMs) => sweep(stateOf(tenant), usage, { tenant, nowMs }),
    readSpend: async (tenant, nowMs) => spendOf(stateOf(tenant), nowMs),
    readHeld: async (tenant) => heldIn(stateOf(tenant)),
  };
}

function admit(state: TenantState, usage: MemoryUsageStore, admission: Admission): AdmissionResult {
  const { tenant, request, nowMs } = admission;
  const reservation = reservationOf(admission);
  const by = admission.charges.find(({ amount, limit }) => limit !== undefined && amount > limit);
  if (by !== undefined) return { outcome: 'refused', by, committed: 0, returnable: 0, held: [] };
  const known = state.reserved.get(request);
  const isSame = known !== undefined && encodeReservation(known) === encodeReservation(reservation);
  if (!isSame) {
    if (known !== undefined || usage.has(tenant, request)) return { outcome: 'refused', by: 'duplicate' };
    let refusal = refusalOf(state, admission);
    // What the dead hold is settled first, as whoever meets a refusal does.
    const isForRoom = refusal !== undefined && refusal.by !== 'stale-limits';
    if (isForRoom && sweep(state, usage, { tenant, nowMs }) > 0) refusal = refusalOf(state, admission);
    if (refusal !== undefined) return refusal;
    state.version = admission.limitsVersion;
    state.reserved.set(request, reservation);
    change(state, reservation, { from: undefined, to: admission.reserved });
  }
  const committed = admission.charges.map((charge) => state.counters.get(counterName(charge)) ?? 0);
  return { outcome: 'admitted', committed };
}

const refusalOf = (
  { version, counters, reserved }: TenantState,
  admission: Admission,
): AdmissionRefusal | undefined =>
  refusalFor(admission, {
    version,
    inflight: reserved.size,
    held: (name) => counters.get(name) ?? 0,
    reservations: () => [...reserved.values()],
  });

/** A settled request has its record, and charging it again would charge it twice. */
function settle(state: TenantState, usage: MemoryUsageStore, { admission, record }: Settlement): void {
  if (usage.has(admission.tenant, admission.request)) return;
  const reservation = state.reserved.get(admission.request);
  const to = usedAmounts(record, admission);
  change(state, reservation ?? reservationOf(admission), { from: reservation?.reserved, to });
  state.reserved.delete(admission.request);
  usage.put(record);
  sweep(state, usage, { tenant: admission.tenant, nowMs: record.settledAtMs });
}

/** A reservation past its expiry belongs to a request that was dropped: it is charged in full. */
function sweep(
  state: TenantState,
  usage: MemoryUsageStore,
  of: { readonly tenant: TenantRef; readonly nowMs: number },
): number {
  const expired = [...state.reserved].filter(([, { expiresAtMs }]) => expiresAtMs < of.nowMs);
  for (const [request, reservation] of expired) {
    state.reserved.delete(request);
    change(state, reservation, { from: reservation.reserved, to: orphanAmounts(reservation.reserved) });
    usage.put(orphanRecord({ tenant: of.tenant, request }, reservation, of.nowMs));
  }
  if (state.reserved.size === 0) forgetPast(state, of.nowMs);
  return expired.length;
}

function spendOf({ counters, reserved }: TenantState, nowMs: number): Spend {
  const debts = [...reserved.values()].map(({ reserved: { debtNanoUsd = 0 } }) => debtNanoUsd);
  return {
    nanoUsd: counters.get(counterName(counterAt('money-month', nowMs))) ?? 0,
    debtNanoUsd: debts.reduce((sum, debt) => sum + debt, 0),
  };
}

const heldIn = ({ counters, reserved }: TenantState): HeldLimits => ({
  counters: new Map(counters),
  reservations: [...reserved.values()],
  inflight: reserved.size,
});

/** Counters of past periods go when no reservation is left that might refer to one. */
function forgetPast(state: TenantState, nowMs: number): void {
  const isForgettable = isForgettableAt(nowMs);
  for (const name of state.counters.keys()) {
    const counter = parseCounterName(name);
    if (counter !== undefined && isForgettable(counter)) state.counters.delete(name);
  }
}

function change(
  state: TenantState,
  { counters }: Pick<Reservation, 'counters'>,
  amounts: { readonly from: Amounts | undefined; readonly to: Amounts | undefined },
): void {
  for (const counter of counters) {
    const name = counterName(counter);
    const difference = amountFor(counter.kind, amounts.to) - amountFor(counter.kind, amounts.from);
    state.counters.set(name, (state.counters.get(name) ?? 0) + difference);
  }
}
