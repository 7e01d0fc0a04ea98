/**
 * Rebuilds the counters of a tenant's limits item from its usage records (shared/domain/limits-rebuild.ts). For an
 * operator's script: no function does this.
 */
import { counterAt, counterName } from '../domain/counter.ts';
import { parseRequestId, type RequestId, type TenantRef } from '../domain/ids.ts';
import { type RebuildDifference, type RebuildSource, rebuildDifferences } from '../domain/limits-rebuild.ts';
import {
  decodeReservation,
  decodeSettled,
  entryState,
  type Reservation,
} from '../domain/reservation-entry.ts';
import type { UsageRecord } from '../domain/usage.ts';
import type { UsageStore } from '../ports.ts';
import type { Item } from './attribute.ts';
import type { Dynamo } from './dynamo.ts';
import { rebuildUpdate } from './limits-expression.ts';
import { DEBT, entryName, INFLIGHT, limitsKey } from './limits-item.ts';
import { isConditionFailure } from './store-failure.ts';

export interface RebuildTarget {
  readonly dynamo: Dynamo;
  readonly limitsTable: string;
  readonly usage: UsageStore;
  readonly tenant: TenantRef;
}

/** What the rebuild is told; the rest it reads. */
export type RebuildTerms = Omit<RebuildSource, 'settled' | 'reserved'>;

/** A request's record may be under an id some time older than its admission, on a clock that is a little ahead. */
const RECEIPT_MARGIN_MS = 3_600_000;
/** Numbers written by one call: an expression has 4 KB. */
const SET_AT_ONCE = 80;
const ROUNDS_MAX = 20;

/** An item and its ledger, read as of one moment, and what differs. */
interface Comparison {
  readonly held: ReadonlyMap<string, number>;
  readonly differences: readonly RebuildDifference[];
}

/**
 * What differs, without changing anything. Throws where the item changed each time that the ledger was read, or has an
 * entry that cannot be read, which may count anywhere.
 */
export async function compareLimits(
  target: RebuildTarget,
  terms: RebuildTerms,
): Promise<readonly RebuildDifference[]> {
  return (await compare(target, terms)).differences;
}

/**
 * Writes what differs, on the condition that nothing was admitted or settled meanwhile; where something was, it looks
 * again. Returns all that it changed.
 */
export async function rebuildLimits(
  target: RebuildTarget,
  terms: RebuildTerms,
): Promise<readonly RebuildDifference[]> {
  const changed: RebuildDifference[] = [];
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const { held, differences } = await compare(target, terms);
    if (differences.length === 0) return changed;
    const some = differences.slice(0, SET_AT_ONCE);
    if (await write(target, { nowMs: terms.nowMs, held, some })) changed.push(...some);
  }
  throw new Error('The item changed each time it was to be written: try again when it is quieter.');
}

/** The item is read before and after the ledger: where it is the same, the ledger is of the same moment. */
async function compare(target: RebuildTarget, terms: RebuildTerms): Promise<Comparison> {
  let item = await readItem(target);
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const records = await readRecords(target, terms.nowMs);
    const again = await readItem(target);
    if (sameItem(item, again)) {
      const { settled, reserved } = entriesOf(target.tenant, item, records);
      const held = numbersOf(item);
      const counters = rebuildDifferences({ ...terms, settled, reserved }, held);
      return { held, differences: [...totalsOf(held, reserved), ...counters] };
    }
    item = again;
  }
  throw new Error('The item changed each time the ledger was read: try again when it is quieter.');
}

/** The two numbers that belong to no period: what is under way, and the debt of that. */
function totalsOf(
  held: ReadonlyMap<string, number>,
  reserved: readonly Reservation[],
): readonly RebuildDifference[] {
  const debt = reserved.reduce((sum, { reserved: { debtNanoUsd = 0 } }) => sum + debtNanoUsd, 0);
  return [
    { name: INFLIGHT, held: held.get(INFLIGHT), rebuilt: reserved.length },
    { name: DEBT, held: held.get(DEBT), rebuilt: debt },
  ].filter(({ held: now = 0, rebuilt }) => now !== rebuilt);
}

async function readItem({ dynamo, limitsTable, tenant }: RebuildTarget): Promise<Item> {
  const output = await dynamo.getItem({
    TableName: limitsTable,
    Key: limitsKey(tenant),
    ConsistentRead: true,
  });
  return output.Item ?? {};
}

async function readRecords({ usage, tenant }: RebuildTarget, nowMs: number): Promise<readonly UsageRecord[]> {
  const time = new Date(nowMs);
  const monthMs = Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), 1);
  const range = { fromMs: monthMs - RECEIPT_MARGIN_MS, toMs: nowMs + RECEIPT_MARGIN_MS };
  const records: UsageRecord[] = [];
  for await (const page of usage.read(tenant, range)) records.push(...page);
  return records;
}

const sameItem = (one: Item, other: Item): boolean => {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => one[name]?.S === other[name]?.S && one[name]?.N === other[name]?.N);
};

function numbersOf(item: Item): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(item).flatMap(([name, { N }]) => (N === undefined ? [] : [[name, Number(N)] as const])),
  );
}

/** What the entries say beside the records; an entry's record that is written already counts once. */
function entriesOf(
  tenant: TenantRef,
  item: Item,
  records: readonly UsageRecord[],
): Pick<RebuildSource, 'settled' | 'reserved'> {
  const settled = new Map<RequestId, UsageRecord>(records.map((record) => [record.request, record]));
  const reserved: Reservation[] = [];
  for (const [name, { S: text }] of Object.entries(item)) {
    const request = name.startsWith('r#') ? parseRequestId(name.slice(2)) : undefined;
    if (request === undefined || text === undefined || entryState(text) === 'void') continue;
    const reservation = decodeReservation(text);
    const record = decodeSettled({ tenant, request }, text);
    if (reservation !== undefined) reserved.push(reservation);
    else if (record !== undefined) settled.set(request, record);
    else throw new Error(`The entry ${entryName(request)} cannot be read by this version.`);
  }
  return { settled: [...settled.values()], reserved };
}

/** False where the item changed. Every admission counts in the day's requests, every settlement in those in flight. */
async function write(
  { dynamo, limitsTable, tenant }: RebuildTarget,
  of: {
    readonly nowMs: number;
    readonly held: ReadonlyMap<string, number>;
    readonly some: readonly RebuildDifference[];
  },
): Promise<boolean> {
  const watched = (['money-month', 'tokens-month', 'requests-day', 'requests-minute'] as const).map((kind) =>
    counterName(counterAt(kind, of.nowMs)),
  );
  const names = new Set([INFLIGHT, ...watched, ...of.some.map(({ name }) => name)]);
  const seen = new Map([...names].map((name) => [name, of.held.get(name)]));
  const set = of.some.map(({ name, rebuilt }) => [name, rebuilt] as const);
  try {
    await dynamo.updateItem(rebuildUpdate({ table: limitsTable, tenant }, { set, seen }));
    return true;
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
    return false;
  }
}
