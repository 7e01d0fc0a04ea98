/**
 * Recovery: what a dead process left on a limits item is finished by whoever sees it, a settlement of the same
 * tenant or the sweep. Every write is conditional on the exact text that was seen, so any number of processes may
 * recover the same item at once.
 */
import { causeFacts } from '../domain/cause.ts';
import { COUNTER_KINDS } from '../domain/counter.ts';
import type { RequestId, TenantRef } from '../domain/ids.ts';
import { encodeSettled, orphanAmounts, orphanRecord } from '../domain/reservation-entry.ts';
import type { UsageRecord } from '../domain/usage.ts';
import type { Item } from './attribute.ts';
import { type LimitsContext, limitsUnavailable, targetOf, usageTableOf } from './limits-context.ts';
import { releaseUpdate, removeUpdate, settleUpdate } from './limits-expression.ts';
import { type ExpiredEntry, entryName, findLeftovers, type Leftovers, limitsKey } from './limits-item.ts';
import { isConditionFailure, withBackoff } from './store-failure.ts';
import { hasUsageRecord, putUsageRecord } from './usage-store.ts';

/** An item as it was read, and the time to judge it by. */
export interface SeenItem {
  readonly tenant: TenantRef;
  readonly item: Item;
  readonly nowMs: number;
}

/** How many entries of each kind one settlement takes on: its caller is waiting. */
const SOME = 4;
/** Entries without a record need no write but the one that removes them all. */
const SOME_VOID = 40;
/**
 * Counters besides: as many as a request begins with smoothing and limits of its account and its model, and some of
 * those that others left.
 */
const SOME_COUNTERS = 3 * COUNTER_KINDS.length + 5;
/** Attributes removed by one write: all that one settlement takes on. */
const REMOVED_AT_ONCE = SOME + SOME_VOID + SOME_COUNTERS;

/**
 * Reads the tenant's item and recovers all of it; returns how many orphans it settled. Throws, when all was tried, where
 * something could not be written. What it cannot read it tells the log and leaves alone.
 */
export async function sweepTenant(context: LimitsContext, tenant: TenantRef, nowMs: number): Promise<number> {
  try {
    const { result } = await withBackoff(context.backoff, () =>
      context.dynamo.getItem({
        TableName: context.limitsTable,
        Key: limitsKey(tenant),
        ConsistentRead: true,
      }),
    );
    const seen = { tenant, item: result.Item ?? {}, nowMs };
    const leftovers = findLeftovers(tenant, seen.item, nowMs);
    reportUnreadable(context, tenant, leftovers);
    const { orphans, failures } = await recover(context, seen, leftovers);
    if (failures.length > 0) throw failures[0];
    return orphans;
  } catch (error) {
    throw limitsUnavailable(error);
  }
}

/** Each is a place in flight that is taken for good, and holds what it set aside: an operator has to look. */
function reportUnreadable(context: LimitsContext, tenant: TenantRef, { unreadable }: Leftovers): void {
  for (const request of unreadable) {
    context.log?.write({ level: 'error', event: 'limits.entry-unreadable', tenant, request });
  }
}

/** Recovers a little of what a settlement's answer shows. Never rejects. */
export async function recoverSome(context: LimitsContext, seen: SeenItem): Promise<void> {
  const all = findLeftovers(seen.tenant, seen.item, seen.nowMs);
  const some: Leftovers = {
    expired: all.expired.slice(0, SOME),
    settled: [
      ...all.settled.filter(({ record }) => record !== undefined).slice(0, SOME),
      ...all.settled.filter(({ record }) => record === undefined).slice(0, SOME_VOID),
    ],
    counters: all.counters.slice(0, SOME_COUNTERS),
    unreadable: [],
  };
  await tryRecover(context, seen, some);
}

/**
 * Finishes some of the expired entries that a refusal shows, so that the dead hold no places; whether there were any
 * and all went well, whoever did it. One at a time a tenant: the others of a crowd would only be in its way.
 */
export async function recoverExpired(context: LimitsContext, seen: SeenItem): Promise<boolean> {
  if (context.recovering.has(seen.tenant)) return false;
  const expired = findLeftovers(seen.tenant, seen.item, seen.nowMs).expired.slice(0, SOME);
  if (expired.length === 0) return false;
  context.recovering.add(seen.tenant);
  try {
    return await tryRecover(context, seen, { expired, settled: [], counters: [], unreadable: [] });
  } finally {
    context.recovering.delete(seen.tenant);
  }
}

/** Each write once; false where one failed, which is logged. */
async function tryRecover(context: LimitsContext, seen: SeenItem, some: Leftovers): Promise<boolean> {
  const hasty = { ...context, backoff: { ...context.backoff, attemptsMax: 1 } };
  return (await recover(hasty, seen, some)).failures.length === 0;
}

interface Recovery {
  /** Orphans that were charged. */
  readonly orphans: number;
  /** What kept an entry from being finished or removed; logged. */
  readonly failures: readonly unknown[];
}

/**
 * One after the other, each by itself: what fails keeps nothing else waiting. Removals go first, for a settled orphan
 * makes the item larger, and an item has 400 KB.
 */
async function recover(context: LimitsContext, seen: SeenItem, leftovers: Leftovers): Promise<Recovery> {
  const failures: unknown[] = [];
  const attempt = async <Result>(
    act: (context: LimitsContext) => Promise<Result>,
    facts: { readonly request?: RequestId } = {},
  ): Promise<Result | undefined> => {
    // Where one write failed for so long, the others are tried once each: the next sweep comes.
    const attemptsMax = failures.length === 0 ? context.backoff.attemptsMax : 1;
    try {
      return await act({ ...context, backoff: { ...context.backoff, attemptsMax } });
    } catch (error) {
      failures.push(error);
      const event = { event: 'limits.recovery-failed', tenant: seen.tenant, ...facts, ...causeFacts(error) };
      context.log?.write({ level: 'warn', ...event });
      return undefined;
    }
  };
  const removable: { readonly name: string; readonly value: string | number }[] = [...leftovers.counters];
  for (const { request, text, record } of leftovers.settled) {
    const isRecorded = await attempt((patient) => ensureRecord(patient, record), { request });
    if (isRecorded) removable.push({ name: entryName(request), value: text });
  }
  for (let first = 0; first < removable.length; first += REMOVED_AT_ONCE) {
    const some = removable.slice(first, first + REMOVED_AT_ONCE);
    await attempt((patient) => write(patient, removeUpdate(of(context, seen), some)));
  }
  let orphans = 0;
  for (const entry of leftovers.expired) {
    const { request } = entry;
    const isOrphan = await attempt((patient) => resolveExpired(patient, seen, entry), { request });
    if (isOrphan) orphans += 1;
  }
  return { orphans, failures };
}

/** A void entry has no record. */
async function ensureRecord(context: LimitsContext, record: UsageRecord | undefined): Promise<true> {
  if (record !== undefined) {
    await withBackoff(context.backoff, () => putUsageRecord(usageTableOf(context), record));
  }
  return true;
}

/** True where the request was an orphan and this call charged it. */
async function resolveExpired(context: LimitsContext, seen: SeenItem, entry: ExpiredEntry): Promise<boolean> {
  const { tenant, nowMs } = seen;
  const { request, reservation } = entry;
  const { counters, reserved } = reservation;
  const facts = { level: 'warn', tenant, request, ...reserved } as const;
  const target = of(context, seen);
  if (await hasUsageRecord(usageTableOf(context), tenant, request)) {
    const change = { counters, from: reserved };
    const released = await write(context, releaseUpdate(target, { request, reserved: entry.text, change }));
    if (released) context.log?.write({ ...facts, event: 'limits.late-duplicate-released' });
    return false;
  }
  const record = orphanRecord({ tenant, request }, reservation, nowMs);
  const change = { counters, from: reserved, to: orphanAmounts(reserved) };
  const settled = encodeSettled(record);
  if (!(await write(context, settleUpdate(target, { request, reserved: entry.text, settled, change })))) {
    return false;
  }
  await withBackoff(context.backoff, () => putUsageRecord(usageTableOf(context), record));
  context.log?.write({ ...facts, event: 'limits.orphan-settled' });
  return true;
}

const of = (context: LimitsContext, seen: SeenItem) => targetOf(context, seen.tenant, []);

/** False where somebody else was faster. */
async function write(
  context: LimitsContext,
  update: Parameters<LimitsContext['dynamo']['updateItem']>[0],
): Promise<boolean> {
  try {
    await withBackoff(context.backoff, () => context.dynamo.updateItem(update));
    return true;
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
    return false;
  }
}
