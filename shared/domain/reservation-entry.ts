/**
 * The entry that a request has on its tenant's limits item, under the attribute `r#<request id>`: one short string,
 * its state first.
 *
 * - `R`, reserved: what was set aside, and enough to write a usage record should the process die.
 * - `S`, settled: the whole usage record, so that whoever sees it can finish writing the record.
 *
 * Times are milliseconds and numbers base36; the instant that makes an entry overdue has a fixed place (characters
 * 1 to 8), so that a scan reads no more. The account is not written: a key's reference begins with it.
 *
 *     R<expires 8><key 10><lifetime>.<tokens>.<nano-USD>.<counters>.<model>
 *     S<settled 8><key 10><duration>.<input>.<output>.<cache read>.<cache write>.<nano-USD>.<flags>.<model>
 *
 * A cache write of which a part is kept for an hour is `<all>-<that part>`.
 *
 * The counters are one letter each (counter.ts), four for the tenant's and up to four for the account's.
 *
 * Size: an R is 38 to 46 bytes beside the model's id, 90 with the longest in common use (44 bytes,
 * `us.anthropic.claude-sonnet-4-5-20250929-v1:0`); an S 10 to 20 more. An item at the in-flight cap of 100 thus
 * holds 12 kB, names included.
 */
import {
  type CounterCharge,
  type CounterIdentity,
  counterCodes,
  countersOfCharges,
  parseCounterCodes,
} from './counter.ts';
import { accountOfKey, type KeyRef, parseKeyRef, type RequestId, type TenantRef } from './ids.ts';
import type { Amounts } from './limits.ts';
import { type Outcome, type TokenUsage, totalTokens, type UsageRecord } from './usage.ts';

/** What was set aside for one request. */
export interface Reservation {
  readonly key: KeyRef;
  readonly model: string;
  readonly counters: readonly CounterIdentity[];
  readonly reserved: Amounts;
  /** The instant of admission: it names the periods that were charged. */
  readonly startedAtMs: number;
  readonly expiresAtMs: number;
}

/** The part of an admission that its reservation is made of. */
export interface ReservationSource {
  readonly key: KeyRef;
  readonly model: string;
  readonly charges: readonly CounterCharge[];
  readonly reserved: Amounts;
  readonly nowMs: number;
  readonly expiresAtMs: number;
}

/** Whose entry it is: the item and the attribute's name say so. */
export interface EntryOwner {
  readonly tenant: TenantRef;
  readonly request: RequestId;
}

export type EntryState = 'reserved' | 'settled' | 'unknown';

const TIME_LENGTH = 8;
const RESERVED =
  /^R([0-9a-z]{8})([0-9A-Za-z]{10})([0-9a-z]{1,8})\.([0-9a-z]+)\.([0-9a-z]+)\.([A-Za-z]*)\.([^\s]+)$/;
const SETTLED =
  /^S([0-9a-z]{8})([0-9A-Za-z]{10})(-?[0-9a-z]+)\.([0-9a-z]+)\.([0-9a-z]+)\.([0-9a-z]+)\.([0-9a-z]+)(?:-([0-9a-z]+))?\.([0-9a-z]+)\.([cfao][em])\.([^\s]+)$/;

const OUTCOME_CODES: Readonly<Record<Outcome, string>> = {
  completed: 'c',
  failed: 'f',
  abandoned: 'a',
  orphaned: 'o',
};
const OUTCOME_OF_CODE: ReadonlyMap<string, Outcome> = new Map([
  ['c', 'completed'],
  ['f', 'failed'],
  ['a', 'abandoned'],
  ['o', 'orphaned'],
]);

/** What an admission sets aside. Throws TypeError where its charges contradict its amounts, its time or its key. */
export const reservationOf = (admission: ReservationSource): Reservation => ({
  key: admission.key,
  model: admission.model,
  counters: countersOfCharges(admission.charges, {
    startedAtMs: admission.nowMs,
    account: accountOfKey(admission.key),
    reserved: admission.reserved,
  }),
  reserved: admission.reserved,
  startedAtMs: admission.nowMs,
  expiresAtMs: admission.expiresAtMs,
});

/** What a finished request is charged. */
export const usedAmounts = (record: UsageRecord): Amounts => ({
  tokens: totalTokens(record.usage),
  nanoUsd: record.nanoUsd,
});

/** Whether a finished request used neither tokens nor money: its model was never called, or refused it. */
export const usedNothing = (record: UsageRecord): boolean => {
  const { tokens, nanoUsd } = usedAmounts(record);
  return tokens === 0 && nanoUsd === 0;
};

/** The text of an R entry. Equal reservations give equal texts: a settlement is conditional on that equality. */
export function encodeReservation(reservation: Reservation): string {
  const rest = [
    base36(reservation.expiresAtMs - reservation.startedAtMs),
    base36(reservation.reserved.tokens),
    base36(reservation.reserved.nanoUsd),
    counterCodes(reservation.counters),
    reservation.model,
  ];
  return `R${fixedTime(reservation.expiresAtMs)}${reservation.key}${rest.join('.')}`;
}

/** Reads an R entry; undefined for anything else, an entry of a later version included. */
export function decodeReservation(text: string): Reservation | undefined {
  const [matched, expires, keyText = '', lifetime, tokens, nanoUsd, codes = '', model = ''] =
    RESERVED.exec(text) ?? [];
  const key = parseKeyRef(keyText);
  if (matched === undefined || key === undefined) return undefined;
  const expiresAtMs = number(expires);
  const startedAtMs = expiresAtMs - number(lifetime);
  const counters = parseCounterCodes(codes, { startedAtMs, account: accountOfKey(key) });
  if (counters === undefined) return undefined;
  const reserved = { tokens: number(tokens), nanoUsd: number(nanoUsd) };
  return { key, model, counters, reserved, startedAtMs, expiresAtMs };
}

/** The text of an S entry: the usage record without what the item's key and the attribute's name say. */
export function encodeSettled(record: UsageRecord): string {
  const rest = [
    base36(record.settledAtMs - record.startedAtMs),
    base36(record.usage.input),
    base36(record.usage.output),
    base36(record.usage.cacheRead),
    cacheWriteText(record.usage),
    base36(record.nanoUsd),
    OUTCOME_CODES[record.outcome] + (record.estimated ? 'e' : 'm'),
    record.model,
  ];
  return `S${fixedTime(record.settledAtMs)}${record.key}${rest.join('.')}`;
}

/** Reads an S entry; undefined for anything else. */
export function decodeSettled(owner: EntryOwner, text: string): UsageRecord | undefined {
  const [
    matched,
    settled,
    keyText = '',
    duration,
    input,
    output,
    read,
    write,
    write1h,
    nanoUsd,
    flags = '',
    model = '',
  ] = SETTLED.exec(text) ?? [];
  const key = parseKeyRef(keyText);
  const outcome = OUTCOME_OF_CODE.get(flags.charAt(0));
  if (matched === undefined || key === undefined || outcome === undefined) return undefined;
  const settledAtMs = number(settled);
  return {
    ...owner,
    account: accountOfKey(key),
    key,
    model,
    endpoint: 'chat.completions',
    outcome,
    usage: {
      input: number(input),
      output: number(output),
      cacheRead: number(read),
      cacheWrite: number(write),
      ...(write1h !== undefined && { cacheWrite1h: number(write1h) }),
    },
    nanoUsd: number(nanoUsd),
    estimated: flags.charAt(1) === 'e',
    startedAtMs: settledAtMs - number(duration),
    settledAtMs,
  };
}

/** The state of an entry of this or a later version. Unknown ones are left alone by everybody. */
export function entryState(text: string): EntryState {
  if (text.startsWith('R')) return 'reserved';
  return text.startsWith('S') ? 'settled' : 'unknown';
}

/** When an R expires, or when an S was settled: read without decoding the rest. */
export const entryTimeMs = (text: string): number => number(text.slice(1, 1 + TIME_LENGTH));

/**
 * The record of a request whose process died: charged in full, as reserved. Nothing is known of how the tokens
 * divide, so all of them are written as input; their sum is what the counters hold.
 */
export const orphanRecord = (
  owner: EntryOwner,
  reservation: Reservation,
  settledAtMs: number,
): UsageRecord => ({
  ...owner,
  account: accountOfKey(reservation.key),
  key: reservation.key,
  model: reservation.model,
  endpoint: 'chat.completions',
  outcome: 'orphaned',
  usage: { input: reservation.reserved.tokens, output: 0, cacheRead: 0, cacheWrite: 0 },
  nanoUsd: reservation.reserved.nanoUsd,
  estimated: true,
  startedAtMs: reservation.startedAtMs,
  settledAtMs,
});

const cacheWriteText = ({ cacheWrite, cacheWrite1h }: TokenUsage): string =>
  base36(cacheWrite) + (cacheWrite1h === undefined ? '' : `-${base36(cacheWrite1h)}`);

const base36 = (value: number): string => value.toString(36);
const fixedTime = (timeMs: number): string => base36(timeMs).padStart(TIME_LENGTH, '0');
const number = (text: string | undefined): number => Number.parseInt(text ?? '', 36);
