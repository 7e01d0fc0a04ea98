/**
 * Recovery: what a dead process left on a limits item is finished by whoever sees it, a settlement of the same
 * tenant or the sweep. Every write is conditional on the exact text that was seen, so any number of processes may
 * recover the same item at once.
 */
import type { TenantRef } from '../domain/ids.ts';
import { encodeSettled, orphanAmounts, orphanRecord } from '../domain/reservation-entry.ts';
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
/** Counters besides: a request begins up to eight, and one write removes these and the entries. */
const SOME_COUNTERS = 16;
/** Attributes removed by one write. */
const REMOVED_AT_ONCE = 20;

/** Reads the tenant's item and recovers all of it; returns how many orphans it settled. */
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
    return await recover(context, seen, findLeftovers(tenant, seen.item, nowMs));
  } catch (error) {
    throw limitsUnavailable(error);
  }
}

/** Recovers a little of what a settlement's answer shows. Never rejects. */
export async function recoverSome(context: LimitsContext, seen: SeenItem): Promise<void> {
  const all = findLeftovers(seen.tenant, seen.item, seen.nowMs);
  const some: Leftovers = {
    expired: all.expired.slice(0, SOME),
    settled: all.settled.slice(0, SOME),
    counters: all.counters.slice(0, SOME_COUNTERS),
  };
  try {
    await recover({ ...context, backoff: { ...context.backoff, attemptsMax: 1 } }, seen, some);
  } catch (error) {
    const cause = error instanceof Error ? error.name : 'unknown';
    context.log?.write({ level: 'warn', event: 'limits.recovery-failed', tenant: seen.tenant, cause });
  }
}

async function recover(context: LimitsContext, seen: SeenItem, leftovers: Leftovers): Promise<number> {
  let orphans = 0;
  for (const entry of leftovers.expired) {
    if (await resolveExpired(context, seen, entry)) orphans += 1;
  }
  for (const { record } of leftovers.settled) {
    await withBackoff(context.backoff, () => putUsageRecord(usageTableOf(context), record));
  }
  const removable = [
    ...leftovers.settled.map(({ request, text }) => ({ name: entryName(request), value: text })),
    ...leftovers.counters,
  ];
  for (let first = 0; first < removable.length; first += REMOVED_AT_ONCE) {
    await write(context, removeUpdate(of(context, seen), removable.slice(first, first + REMOVED_AT_ONCE)));
  }
  return orphans;
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
