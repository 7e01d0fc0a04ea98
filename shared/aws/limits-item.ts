/**
 * The limits item of a tenant, `PK=TENANT#<ref>`, `SK=LIMITS`, read: top-level attributes only, so that every write
 * touches what it names and nothing else.
 *
 * `lv` the version of the last configuration that admitted; `inflight` the R entries; `debt` how much money those may
 * use beyond what they reserved; `usd#…`, `rpd#…`, `rpm#…` and so on the counters (shared/domain/counter.ts); `r#<request id>` an entry (shared/domain/reservation-entry.ts).
 */
import { counterName, isForgettableAt, parseCounterName } from '../domain/counter.ts';
import { parseRequestId, type RequestId, type TenantRef } from '../domain/ids.ts';
import {
  decodeReservation,
  decodeSettled,
  entryState,
  entryTimeMs,
  type Reservation,
} from '../domain/reservation-entry.ts';
import type { UsageRecord } from '../domain/usage.ts';
import { type Item, text } from './attribute.ts';
import { partitionOf } from './item-keys.ts';

export const INFLIGHT = 'inflight';
export const LIMITS_VERSION = 'lv';
export const DEBT = 'debt';
const ENTRY_PREFIX = 'r#';

/** An S entry this old has outlived the process that should have removed it, and every duplicate of its writes. */
export const SETTLED_KEPT_MS = 60_000;

export const limitsKey = (tenant: TenantRef): Item => ({
  PK: text(partitionOf(tenant)),
  SK: text('LIMITS'),
});

export const entryName = (request: RequestId): string => `${ENTRY_PREFIX}${request}`;

/** An attribute's number; 0 where there is none, because a counter begins at its first ADD. */
export const numberAt = (item: Item, name: string): number => Number(item[name]?.N ?? 0);

/** The text of a request's entry. */
export const entryAt = (item: Item, request: RequestId): string | undefined => item[entryName(request)]?.S;

/** What is left to do on an item for requests whose process is gone. */
export interface Leftovers {
  /** R entries past their expiry. */
  readonly expired: readonly ExpiredEntry[];
  /** S entries that nobody removed. */
  readonly settled: readonly SettledEntry[];
  /** Counters of past periods that no R entry refers to. */
  readonly counters: readonly PastCounter[];
}
export interface ExpiredEntry {
  readonly request: RequestId;
  readonly text: string;
  readonly reservation: Reservation;
}
export interface SettledEntry {
  readonly request: RequestId;
  readonly text: string;
  readonly record: UsageRecord;
}
export interface PastCounter {
  readonly name: string;
  readonly value: number;
}

interface Entry {
  readonly request: RequestId;
  readonly text: string;
}

/** Looks over an item once. What it cannot read, of a later version say, it leaves alone and keeps counters for. */
export function findLeftovers(tenant: TenantRef, item: Item, nowMs: number): Leftovers {
  const entries: Entry[] = [];
  const past: PastCounter[] = [];
  const hasEnded = isForgettableAt(nowMs);
  for (const [name, value] of Object.entries(item)) {
    const entry = name.startsWith(ENTRY_PREFIX) ? entryOf(name, value.S) : undefined;
    if (entry !== undefined) entries.push(entry);
    const counter = value.N === undefined ? undefined : parseCounterName(name);
    if (counter !== undefined && hasEnded(counter)) past.push({ name, value: numberAt(item, name) });
  }
  return {
    expired: entries.flatMap((entry) => expiredEntry(entry, nowMs)),
    settled: entries.flatMap((entry) => settledEntry({ tenant, nowMs }, entry)),
    counters: past.length === 0 ? [] : unreferenced(past, entries),
  };
}

function entryOf(name: string, text: string | undefined): Entry | undefined {
  const request = parseRequestId(name.slice(ENTRY_PREFIX.length));
  return request === undefined || text === undefined ? undefined : { request, text };
}

function expiredEntry(entry: Entry, nowMs: number): readonly ExpiredEntry[] {
  if (entryState(entry.text) !== 'reserved' || entryTimeMs(entry.text) >= nowMs) return [];
  const reservation = decodeReservation(entry.text);
  return reservation === undefined ? [] : [{ ...entry, reservation }];
}

function settledEntry(
  of: { readonly tenant: TenantRef; readonly nowMs: number },
  entry: Entry,
): readonly SettledEntry[] {
  if (entryState(entry.text) !== 'settled' || entryTimeMs(entry.text) + SETTLED_KEPT_MS >= of.nowMs)
    return [];
  const record = decodeSettled({ tenant: of.tenant, request: entry.request }, entry.text);
  return record === undefined ? [] : [{ ...entry, record }];
}

/**
 * Only an R still moves its counters, when it is settled or released; an S has done so. An entry that cannot be
 * read may refer to anything, so while there is one no counter goes.
 */
function unreferenced(past: readonly PastCounter[], entries: readonly Entry[]): readonly PastCounter[] {
  const referenced = new Set<string>();
  for (const { text } of entries) {
    if (entryState(text) === 'settled') continue;
    const reservation = decodeReservation(text);
    if (reservation === undefined) return [];
    for (const counter of reservation.counters) referenced.add(counterName(counter));
  }
  return past.filter(({ name }) => !referenced.has(name));
}
