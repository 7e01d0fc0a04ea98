/** Which limit refuses an admission: the rule that every store of limits follows. */
import type { Admission, AdmissionRefusal } from './admission.ts';
import { amountFor, type CounterIdentity, counterName } from './counter.ts';
import type { Reservation } from './reservation-entry.ts';

/** A tenant's limits as they stood when an admission met them. */
export interface LimitsSeen {
  /** Of the configuration that admitted last. */
  readonly version: number;
  /** Requests under way. */
  readonly inflight: number;
  /** What a counter holds, by its name. */
  held(name: string): number;
  /** Of the requests under way; asked only where a limit refuses. */
  reservations(): readonly Reservation[];
}

/**
 * Why an admission does not pass; undefined where it does. Of several limits that refuse, the first that would refuse
 * too if the requests under way used nothing: the others may pass in a moment, and it will not.
 */
export function refusalFor(admission: Admission, seen: LimitsSeen): AdmissionRefusal | undefined {
  if (seen.version > admission.limitsVersion) return { outcome: 'refused', by: 'stale-limits' };
  const held = admission.charges.map((charge) => seen.held(counterName(charge)));
  const refusals = refusalsOf(admission, { held, reservations: seen.reservations });
  const refusal = refusals.find(({ by, committed, returnable }) =>
    isOver({ ...by, committed: committed - returnable }),
  );
  if (refusals.length > 0) return refusal ?? refusals[0];
  const isFull = seen.inflight >= admission.inflightMax;
  return isFull ? { outcome: 'refused', by: 'inflight', held } : undefined;
}

const isOver = (of: {
  readonly amount: number;
  readonly limit?: number;
  readonly committed: number;
}): boolean => of.limit !== undefined && of.committed + of.amount > of.limit;

function refusalsOf(
  { charges }: Admission,
  { held, reservations }: { readonly held: readonly number[] } & Pick<LimitsSeen, 'reservations'>,
) {
  const over = charges.flatMap((by, index) => {
    const committed = held[index] ?? 0;
    return isOver({ ...by, committed }) ? [{ by, committed }] : [];
  });
  if (over.length === 0) return [];
  const underWay = reservations();
  return over.map(({ by, committed }) => {
    const returnable = returnableOf(underWay, by);
    return { outcome: 'refused', by, committed, returnable, held } as const;
  });
}

const NOTHING = { tokens: 0, nanoUsd: 0 };

/** What would come back to a counter; requests stay counted, whatever they use. */
function returnableOf(underWay: readonly Reservation[], counter: CounterIdentity): number {
  const name = counterName(counter);
  return underWay
    .filter(({ counters }) => counters.some((charged) => counterName(charged) === name))
    .map(({ reserved }) => amountFor(counter.kind, reserved) - amountFor(counter.kind, NOTHING))
    .reduce((sum, amount) => sum + amount, 0);
}
