/** Where limits stand: what each that is in force has counted, and what is left of it. */
import {
  amountFor,
  COUNTER_KINDS,
  counterName,
  isSlot,
  limitNameOf,
  periodEndMs,
  periodOf,
} from './counter.ts';
import { type AccountRef, modelRefOf } from './ids.ts';
import { type LimitName, type LimitSet, type TenantLimits, utcSecond } from './limits.ts';
import type { Reservation } from './reservation-entry.ts';

/** What a tenant's limits item holds at one instant. */
export interface HeldLimits {
  /** Settled and reserved together, by the counters' names; 0 where there is none. */
  readonly counters: ReadonlyMap<string, number>;
  /** What requests under way have set aside. */
  readonly reservations: readonly Reservation[];
  /** Requests under way. */
  readonly inflight: number;
}

/** Whose limit it is; a model's id is without an inference profile. */
export type LimitOwner =
  | { readonly kind: 'tenant' }
  | { readonly kind: 'account'; readonly account: AccountRef }
  | { readonly kind: 'model'; readonly model: string };

/** One limit and its counter in the period of an instant: requests, tokens or nano-USD. */
export interface LimitUsage {
  readonly limit: LimitName;
  readonly owner: LimitOwner;
  readonly value: number;
  /** By requests that ended. A request counts where it was admitted, so of requests these are those that ended. */
  readonly used: number;
  /** By requests under way. */
  readonly reserved: number;
  /** What may still be reserved; 0 where the counter is at the limit or, in shadow, beyond it. */
  readonly remaining: number;
  /** When the period ends. */
  readonly resetsAtMs: number;
  readonly mode: 'enforce' | 'shadow';
}

export interface LimitsOfTenant {
  readonly limits: TenantLimits;
  /** Service accounts with limits of their own. */
  readonly accounts: readonly { readonly ref: AccountRef; readonly limits: LimitSet }[];
  readonly nowMs: number;
}

/** Every limit in force: the tenant's, then its accounts', then its models', each the longest period first. */
export function limitUsageOf(held: HeldLimits, of: LimitsOfTenant): readonly LimitUsage[] {
  const { limits, accounts, nowMs } = of;
  return [
    ...usageOf(held, { owner: { kind: 'tenant' }, limits, nowMs }),
    ...accounts.flatMap(({ ref, limits: own }) =>
      usageOf(held, { owner: { kind: 'account', account: ref }, limits: own, nowMs }),
    ),
    ...(limits.models ?? []).flatMap(({ model, limits: own }) =>
      usageOf(held, { owner: { kind: 'model', model }, limits: own, nowMs }),
    ),
  ];
}

/** How much more the requests under way may cost than they reserved, nano-USD. */
export const debtOf = ({ reservations }: HeldLimits): number =>
  reservations.reduce((sum, { reserved }) => sum + (reserved.debtNanoUsd ?? 0), 0);

/** Ten seconds are left out: they are shares of a limit a minute, which is told. */
function usageOf(
  held: HeldLimits,
  of: { readonly owner: LimitOwner; readonly limits: LimitSet; readonly nowMs: number },
): readonly LimitUsage[] {
  const { owner, limits, nowMs } = of;
  return COUNTER_KINDS.filter((kind) => !isSlot(kind)).flatMap((kind) => {
    const limit = limitNameOf(kind);
    const value = limits[limit];
    if (value === undefined) return [];
    const name = counterName({ kind, period: periodOf(kind, utcSecond(nowMs)), ...identityOf(owner) });
    const committed = held.counters.get(name) ?? 0;
    const reserved = held.reservations
      .filter(({ counters }) => counters.some((counter) => counterName(counter) === name))
      .reduce((sum, reservation) => sum + amountFor(kind, reservation.reserved), 0);
    return [
      {
        ...{ limit, owner, value, reserved },
        used: committed - reserved,
        remaining: Math.max(0, value - committed),
        resetsAtMs: periodEndMs(kind, nowMs),
        mode: limits.shadow?.includes(limit) === true ? 'shadow' : 'enforce',
      },
    ];
  });
}

function identityOf(owner: LimitOwner) {
  switch (owner.kind) {
    case 'tenant':
      return {};
    case 'account':
      return { account: owner.account };
    case 'model':
      return { model: modelRefOf(owner.model) };
  }
}
