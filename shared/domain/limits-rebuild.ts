/**
 * What a tenant's counters have to hold, worked out anew from its usage records and from what is set aside: for an item
 * that was lost, restored or edited by hand. Only periods that are still running count; nothing looks at others.
 */
import {
  amountFor,
  type CounterIdentity,
  counterName,
  countersFor,
  hasEndedBy,
  isSlot,
  type LimitsInForce,
  limitNameOf,
  parseCounterName,
} from './counter.ts';
import { type AccountRef, modelRefOf } from './ids.ts';
import { type Amounts, type LimitSet, requestLimitsOf, type TenantLimits } from './limits.ts';
import { type Reservation, usedAmounts, usedNothing } from './reservation-entry.ts';
import type { UsageRecord } from './usage.ts';

export interface RebuildSource {
  readonly nowMs: number;
  readonly limits: TenantLimits;
  readonly accountLimits: ReadonlyMap<AccountRef, LimitSet>;
  /** Every request of the month that was settled, once. */
  readonly settled: readonly UsageRecord[];
  /** Every request that is under way, or whose admission came twice. */
  readonly reserved: readonly Reservation[];
  /** What a token of output of this model counts where limits a minute count as Bedrock does. */
  readonly outputFactorOf: (model: string) => number;
}

/** A number on the item that is not what it has to be. */
export interface RebuildDifference {
  readonly name: string;
  /** Undefined where the item has no such number. */
  readonly held: number | undefined;
  readonly rebuilt: number;
}

/** What is known of one counter: at least so much, at most so much. */
interface Range {
  readonly least: number;
  readonly most: number;
}

/**
 * The counters to change, by name. A record does not tell all: whether a request that used nothing had been let in, nor
 * how a minute counted an orphan's tokens. A counter between the two readings stays; any other becomes the larger one,
 * so that a limit refuses too early rather than too late. Counters of accounts and models are those that have limits now.
 */
export function rebuildDifferences(
  source: RebuildSource,
  held: ReadonlyMap<string, number>,
): readonly RebuildDifference[] {
  const ranges = rangesOf(source);
  for (const name of held.keys()) {
    const counter = parseCounterName(name);
    const isEmpty = counter !== undefined && !ranges.has(name) && isKept(source, counter);
    if (isEmpty) ranges.set(name, { least: 0, most: 0 });
  }
  return [...ranges]
    .map(([name, { least, most }]) => ({ name, held: held.get(name), rebuilt: most, least }))
    .filter(({ held: now = 0, rebuilt, least }) => now < least || now > rebuilt)
    .map(({ name, held: now, rebuilt }) => ({ name, held: now, rebuilt }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

function rangesOf(source: RebuildSource): Map<string, Range> {
  const ranges = new Map<string, Range>();
  const hasEnded = hasEndedBy(source.nowMs);
  const add = (name: string, { least, most }: Range): void => {
    const range = ranges.get(name) ?? { least: 0, most: 0 };
    ranges.set(name, { least: range.least + least, most: range.most + most });
  };
  for (const record of source.settled) {
    for (const { name, range } of chargesOf(source, record)) add(name, range);
  }
  for (const { counters, reserved } of source.reserved) {
    for (const counter of counters.filter((one) => !hasEnded(one))) {
      const amount = amountFor(counter.kind, reserved);
      add(counterName(counter), { least: amount, most: amount });
    }
  }
  return ranges;
}

interface RecordCharge {
  readonly name: string;
  readonly range: Range;
}

/** What a record adds to the counters of periods that are still running. */
function chargesOf(source: RebuildSource, record: UsageRecord): readonly RecordCharge[] {
  const hasEnded = hasEndedBy(source.nowMs);
  const { used, most } = readingsOf(source, record);
  return countersFor(inForce(source, record), { nowMs: record.startedAtMs, amounts: most })
    .filter((charge) => !hasEnded(charge))
    .map((charge) => ({
      name: counterName(charge),
      range: { least: usedNothing(record) ? 0 : amountFor(charge.kind, used), most: charge.amount },
    }));
}

const inForce = (
  { limits, accountLimits }: RebuildSource,
  { account, model }: Pick<UsageRecord, 'account' | 'model'>,
): LimitsInForce => {
  const own = accountLimits.get(account);
  return {
    limits: requestLimitsOf(limits),
    account,
    model,
    ...(own !== undefined && { accountLimits: own }),
  };
};

/** What a record says that was used, and the most it may mean: an orphan's tokens are all written as input. */
function readingsOf(
  source: RebuildSource,
  record: UsageRecord,
): { readonly used: Amounts; readonly most: Amounts } {
  const plain = usedAmounts(record, {});
  if (source.limits.tokenCounting === undefined) return { used: plain, most: plain };
  const outputFactor = source.outputFactorOf(record.model);
  const used = usedAmounts(record, { outputFactor });
  const asOutput = { ...used, minuteTokens: used.tokens * outputFactor };
  return { used, most: record.outcome === 'orphaned' ? asOutput : used };
}

/** Whether the limits of today keep this counter, so that it holds nothing where nothing charged it. */
function isKept({ limits, accountLimits, nowMs }: RebuildSource, counter: CounterIdentity): boolean {
  const name = limitNameOf(counter.kind);
  const ofSlot = isSlot(counter.kind);
  if (hasEndedBy(nowMs)(counter) || (ofSlot && limits.smoothing === undefined)) return false;
  if (counter.account !== undefined) return accountLimits.get(counter.account)?.[name] !== undefined;
  if (counter.model === undefined) return !ofSlot || limits[name] !== undefined;
  const ofModel = limits.models?.find(({ model }) => modelRefOf(model) === counter.model);
  return ofModel?.limits[name] !== undefined;
}
