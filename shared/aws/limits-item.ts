/**
 * The limits item of a tenant, `PK=TENANT#<ref>`, `SK=LIMITS`, read: top-level attributes only, so that every write
 * touches what it names and nothing else.
 *
 * `lv` the version of the last configuration that admitted; `inflight` the R entries; `debt` how much money those may
 * use beyond what they reserved; `usd#…`, `rpd#…`, `rpm#…` and so on the counters (shared/domain/counter.ts); `r#<request id>` an entry (shared/domain/reservation-entry.ts).
 */
import {
  type CounterIdentity,
  counterName,
  isForgettableAt,
  mayBeChargedIn,
  parseCounterName,
} from '../domain/counter.ts';
import { parseRequestId, type RequestId, type TenantRef } from '../domain/ids.ts';
import { requestTimeMs } from '../domain/request-time.ts';
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
/** No request lives longer: a function has 15 minutes. */
const REQUEST_LIFE_MAX_MS = 16 * 60_000;
/** Many times any difference between two clocks. */
const CLOCKS_APART_MS = 120_000;

export const limitsKey = (tenant: TenantRef): Item => ({
  PK: text(partitionOf(tenant)),
  SK: text('LIMITS'),
});

export const entryName = (request: RequestId): string => `${ENTRY_PREFIX}${request}`;

/** An attribute's number; 0 where there is none, because a counter begins at its first ADD. */
export const numberAt = (item: Item, name: string): number => Number(item[name]?.N ?? 0);

/** The text of a request's entry. */
export const entryAt = (item: Item, request: RequestId): string | undefined => item[entryName(request)]?.S;

/** Attributes of an item at the in-flight cap of 100 with all limits of its accounts and models, and some. */
const CROWDED = 300;
/** About 80 KB of entries, of the 400 KB that an item may have. */
const SWOLLEN = 1_500;

/**
 * Whether an item has so many entries that another one does more harm than the copy it would stand against: each write
 * is paid by the size of the whole item, and a store that answers late because of it causes still more entries. What a
 * copy reserves all the same is then left to the orphan rule. A refusal with a late copy is rarer than an admission that
 * met no answer, of which a copy is most likely under way: for that an item has to be larger.
 */
export const isCrowded = (item: Item, after: 'a refusal' | 'no answer'): boolean =>
  Object.keys(item).length > (after === 'a refusal' ? CROWDED : SWOLLEN);

/** What the R entries of an item set aside. */
export const reservationsIn = (item: Item): readonly Reservation[] =>
  Object.entries(item).flatMap(([name, { S }]) => {
    if (S === undefined || !name.startsWith(ENTRY_PREFIX)) return [];
    return decodeReservation(S) ?? [];
  });

/** What is left to do on an item for requests whose process is gone. */
export interface Leftovers {
  /** R entries past their expiry. */
  readonly expired: readonly ExpiredEntry[];
  /** S and V entries that nobody removed. */
  readonly settled: readonly SettledEntry[];
  /** Counters of past periods that no R entry refers to. */
  readonly counters: readonly PastCounter[];
  /** Entries that this version cannot read, of requests that have long ended: nobody settles them or gives back their places. */
  readonly unreadable: readonly RequestId[];
}
export interface ExpiredEntry {
  readonly request: RequestId;
  readonly text: string;
  readonly reservation: Reservation;
}
export interface SettledEntry {
  readonly request: RequestId;
  readonly text: string;
  /** Undefined in a V entry, which has none. */
  readonly record: UsageRecord | undefined;
}
export interface PastCounter {
  readonly name: string;
  readonly value: number;
  readonly counter: CounterIdentity;
}

interface Entry {
  readonly request: RequestId;
  readonly text: string;
}

/** Looks over an item once. What it cannot read, of a later version say, it leaves alone and keeps counters for that it may refer to. */
export function findLeftovers(tenant: TenantRef, item: Item, nowMs: number): Leftovers {
  const entries: Entry[] = [];
  const past: PastCounter[] = [];
  const hasEnded = isForgettableAt(nowMs);
  for (const [name, value] of Object.entries(item)) {
    const entry = name.startsWith(ENTRY_PREFIX) ? entryOf(name, value.S) : undefined;
    if (entry !== undefined) entries.push(entry);
    const counter = value.N === undefined ? undefined : parseCounterName(name);
    if (counter !== undefined && hasEnded(counter)) {
      past.push({ name, value: numberAt(item, name), counter });
    }
  }
  return {
    expired: entries.flatMap((entry) => expiredEntry(entry, nowMs)),
    settled: entries.flatMap((entry) => settledEntry({ tenant, nowMs }, entry)),
    counters: past.length === 0 ? [] : unreferenced(past, entries),
    unreadable: entries.flatMap((entry) => unreadableEntry({ tenant, nowMs }, entry)),
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
  const state = entryState(entry.text);
  if (state !== 'settled' && state !== 'void') return [];
  if (entryTimeMs(entry.text) + SETTLED_KEPT_MS >= of.nowMs) return [];
  if (state === 'void') return [{ ...entry, record: undefined }];
  const record = decodeSettled({ tenant: of.tenant, request: entry.request }, entry.text);
  return record === undefined ? [] : [{ ...entry, record }];
}

/** What is of a later version may also tell its time otherwise, so its request's id tells how old it is. */
function unreadableEntry(
  of: { readonly tenant: TenantRef; readonly nowMs: number },
  { request, text }: Entry,
): readonly RequestId[] {
  if (requestTimeMs(request) + REQUEST_LIFE_MAX_MS >= of.nowMs) return [];
  const isRead =
    entryState(text) === 'void' ||
    decodeReservation(text) !== undefined ||
    decodeSettled({ tenant: of.tenant, request }, text) !== undefined;
  return isRead ? [] : [request];
}

/**
 * Only an R still moves its counters, when it is settled or released; an S has done so, and a V never will. An entry
 * that cannot be read may refer to each counter that was charged while its request lived, and to no other.
 */
function unreferenced(past: readonly PastCounter[], entries: readonly Entry[]): readonly PastCounter[] {
  const referenced = new Set<string>();
  const unread: ((counter: CounterIdentity) => boolean)[] = [];
  for (const { request, text } of entries) {
    const state = entryState(text);
    if (state === 'settled' || state === 'void') continue;
    const reservation = decodeReservation(text);
    if (reservation === undefined) unread.push(mayBeChargedIn(lifeOf(request)));
    for (const counter of reservation?.counters ?? []) referenced.add(counterName(counter));
  }
  return past.filter(
    ({ name, counter }) => !referenced.has(name) && !unread.some((mayRefer) => mayRefer(counter)),
  );
}

/** When a request may have been admitted, by clocks that differ from that of its id. */
function lifeOf(request: RequestId): { readonly fromMs: number; readonly toMs: number } {
  const timeMs = requestTimeMs(request);
  return { fromMs: Math.max(0, timeMs - CLOCKS_APART_MS), toMs: timeMs + REQUEST_LIFE_MAX_MS };
}
