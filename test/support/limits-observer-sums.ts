/**
 * Whether what was seen adds up: in each snapshot a counter holds what the R entries of that snapshot set aside, what
 * its S entries used, and what the requests used whose entries were gone by then.
 *
 * Which those are is told by the others: an entry goes only once its record exists. A request without an entry in a
 * snapshot was before it where its record had been read earlier, or its entry was seen earlier; it was after it where
 * its entry was seen only later, or it began later. One of which nothing says so may be either, which leaves the sum
 * of a snapshot a choice of them.
 */
import {
  amountFor,
  type CounterIdentity,
  type CounterKind,
  counterName,
} from '../../shared/domain/counter.ts';
import type { RequestId, TenantRef } from '../../shared/domain/ids.ts';
import {
  decodeReservation,
  decodeSettled,
  entryState,
  usedAmounts,
} from '../../shared/domain/reservation-entry.ts';
import type { UsageRecord } from '../../shared/domain/usage.ts';
import type { Snapshot } from './limits-observer.ts';

export interface Judgement {
  /** Sums that are not what they must be: a line each. */
  readonly wrong: readonly string[];
  /** Sums that were compared with one number, and with a choice of numbers. */
  readonly exact: number;
  readonly bounded: number;
  /** The most R entries seen at once. */
  readonly reservedAtOnce: number;
}

/** Requests are counted even where nothing tells whether a record's had been: their number is not compared. */
const COMPARED: ReadonlySet<CounterKind> = new Set(['money-month', 'money-day', 'tokens-month']);
/** Of more than this many that may be either, only the bounds are compared. */
const CHOICES_MAX = 8;

interface Sight {
  readonly first: number;
  /** The first time that it was settled. */
  settled: number;
}

/** Adds up each snapshot, by the ledger as it is in the end. */
export function judge(snapshots: readonly Snapshot[], records: readonly UsageRecord[]): Judgement {
  const [{ tenant } = unrecorded()] = records;
  const sums = new Sums();
  const sights = sightsOf(snapshots);
  const wrong: string[] = [];
  const counts = { exact: 0, bounded: 0, reservedAtOnce: 0 };
  snapshots.forEach((snapshot, index) => {
    const reserved = [...snapshot.entries.values()].filter((text) => entryState(text) === 'reserved').length;
    counts.reservedAtOnce = Math.max(counts.reservedAtOnce, reserved);
    if (reserved !== snapshot.inflight) {
      wrong.push(`snapshot ${index}: ${snapshot.inflight} in flight, ${reserved} reserved`);
    }
    const past = pastOf({ snapshot, index }, { sights, records });
    for (const { counter, committed } of snapshot.counters) {
      if (!COMPARED.has(counter.kind)) continue;
      const sure = sums.entries(snapshot, { counter, tenant }) + sums.records(past.sure, counter);
      const choices = past.unsure.map((record) => usedBy(record, counter)).filter((amount) => amount > 0);
      counts[choices.length === 0 ? 'exact' : 'bounded'] += 1;
      if (isReachable(committed - sure, choices)) continue;
      wrong.push(
        `snapshot ${index}, ${counterName(counter)}: ${committed}, not ${sure} (+ ${choices.join(', ')})`,
      );
    }
  });
  return { wrong, ...counts };
}

function unrecorded(): never {
  throw new Error('Nothing was recorded, so there is nothing to add up.');
}

function sightsOf(snapshots: readonly Snapshot[]): ReadonlyMap<RequestId, Sight> {
  const sights = new Map<RequestId, Sight>();
  snapshots.forEach(({ entries }, index) => {
    for (const [request, text] of entries) {
      const sight = sights.get(request) ?? { first: index, settled: Number.POSITIVE_INFINITY };
      sights.set(request, sight);
      if (entryState(text) === 'settled') sight.settled = Math.min(sight.settled, index);
    }
  });
  return sights;
}

interface Sighted {
  readonly snapshot: Snapshot;
  readonly index: number;
  readonly sight: Sight | undefined;
}

/** The records that had left the item by a snapshot, and those that may have. */
function pastOf(
  { snapshot, index }: { readonly snapshot: Snapshot; readonly index: number },
  of: { readonly sights: ReadonlyMap<RequestId, Sight>; readonly records: readonly UsageRecord[] },
): { readonly sure: readonly UsageRecord[]; readonly unsure: readonly UsageRecord[] } {
  const sighted = ({ request }: UsageRecord) => ({ snapshot, index, sight: of.sights.get(request) });
  const isUnsure = (record: UsageRecord): boolean =>
    !snapshot.recorded.has(record.request) &&
    of.sights.get(record.request) === undefined &&
    record.startedAtMs <= snapshot.endMs;
  return {
    sure: of.records.filter((record) => wasPast(record, sighted(record))),
    unsure: of.records.filter(isUnsure),
  };
}

function wasPast({ request }: UsageRecord, { snapshot, index, sight }: Sighted): boolean {
  const text = snapshot.entries.get(request);
  const wasCharged = snapshot.recorded.has(request) || (sight?.settled ?? index) < index;
  if (text === undefined) return wasCharged || (sight !== undefined && sight.first < index);
  // A late duplicate has reserved again for what was charged before.
  return wasCharged && entryState(text) === 'reserved';
}

/** Adds up for counters; what an entry and a record add to each is worked out once. */
class Sums {
  readonly #known = new Map<string, Map<string, number>>();

  entries(
    { entries }: Snapshot,
    of: { readonly counter: CounterIdentity; readonly tenant: TenantRef },
  ): number {
    const known = this.#of(of.counter);
    let sum = 0;
    for (const [request, text] of entries) {
      const amount = known.get(text) ?? entryAmount({ request, text }, of);
      known.set(text, amount);
      sum += amount;
    }
    return sum;
  }

  records(records: readonly UsageRecord[], counter: CounterIdentity): number {
    const known = this.#of(counter);
    let sum = 0;
    for (const record of records) {
      const amount = known.get(record.request) ?? usedBy(record, counter);
      known.set(record.request, amount);
      sum += amount;
    }
    return sum;
  }

  #of(counter: CounterIdentity): Map<string, number> {
    const name = counterName(counter);
    const known = this.#known.get(name) ?? new Map<string, number>();
    this.#known.set(name, known);
    return known;
  }
}

function entryAmount(
  { request, text }: { readonly request: RequestId; readonly text: string },
  { counter, tenant }: { readonly counter: CounterIdentity; readonly tenant: TenantRef },
): number {
  const reservation = decodeReservation(text);
  if (reservation !== undefined) {
    const name = counterName(counter);
    const isCharged = reservation.counters.some((charged) => counterName(charged) === name);
    return isCharged ? amountFor(counter.kind, reservation.reserved) : 0;
  }
  if (entryState(text) === 'void') return 0;
  const record = decodeSettled({ tenant, request }, text);
  if (record === undefined) throw new Error(`An entry that nobody can read: ${text}`);
  return usedBy(record, counter);
}

/** What a request added to a counter in the end: of its tenant, or of its account. */
export function usedBy(record: UsageRecord, { kind, period, account, model }: CounterIdentity): number {
  const day = new Date(record.startedAtMs).toISOString().slice(0, 10).replaceAll('-', '');
  const isCharged =
    day.startsWith(period) && (account ?? record.account) === record.account && model === undefined;
  return isCharged ? amountFor(kind, usedAmounts(record, {})) : 0;
}

/** Whether some of the choices sum up to the difference. */
function isReachable(difference: number, choices: readonly number[]): boolean {
  if (choices.length > CHOICES_MAX) {
    return difference >= 0 && difference <= choices.reduce((sum, choice) => sum + choice, 0);
  }
  let sums = new Set([0]);
  for (const choice of choices) sums = new Set([...sums, ...[...sums].map((sum) => sum + choice)]);
  return sums.has(difference);
}
