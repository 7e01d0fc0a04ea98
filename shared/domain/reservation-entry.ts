/**
 * The entry that a request has on its tenant's limits item, under the attribute `r#<request id>`: one short string,
 * its state first.
 *
 * - `R`, reserved: what was set aside, and enough to write a usage record should the process die.
 * - `S`, settled: the whole usage record, so that whoever sees it can finish writing the record.
 * - `V`, void: nothing was reserved and nothing shall be. It stands in the way of copies of an admission that nobody
 *   waits for any more, and has no record.
 *
 * Times are milliseconds and numbers base36; the instant that makes an entry overdue has a fixed place (characters
 * 1 to 8), so that a scan reads no more. The account is not written: a key's reference begins with it.
 *
 *     R<expires 8><key 10><lifetime>.<tokens>.<nano-USD>.<counters>.<what>.<model>
 *     S<settled 8><key 10><duration>.<input>.<output>.<cache read>.<cache write>.<nano-USD>.<end><what>.<model>
 *     V<voided 8>
 *
 * Tokens that limits a minute count otherwise are `<tokens>-<that count>`, tokens that may be passed
 * `<tokens>+<by how many>`, with both counts of both `<tokens>-<that count>+<by how many>-<that count>`; money that may
 * be passed is `<nano-USD>-<by how much>`, output with images `<output>-<images>`, and a cache write of which a part is
 * kept for an hour `<all>-<that part>`. The counters are one letter each (counter-codes.ts): seven for the tenant's,
 * nine with smoothing and, where they limit, as many for the account's and the model's. `what` is the endpoint and the
 * service tier, a letter each; entries of the first version have none, and are of chat completions in the standard tier.
 *
 * Size, of a million tokens and 75 USD: an R has 48 bytes beside the model's id where nothing is chosen, and 94 with
 * every choice and every limit of an account and a model; the longest id in common use has 44 more
 * (`us.anthropic.claude-sonnet-4-5-20250929-v1:0`). An S of millions has at most 65 beside the id. What an item then weighs:
 * docs/limits.md.
 */
import type { Admission } from './admission.ts';
import type { CounterCharge, CounterIdentity } from './counter.ts';
import { counterCodes, countersOfCharges, parseCounterCodes } from './counter-codes.ts';
import { FIRST_WHAT, memberOfCode, parseWhatAndModel, parseWhatCodes, whatCodes } from './entry-what.ts';
import { accountOfKey, type KeyRef, parseKeyRef, type RequestId, type TenantRef } from './ids.ts';
import type { Amounts } from './limits.ts';
import type { ServiceTier } from './price.ts';
import { type Endpoint, type Outcome, quotaTokens, totalTokens, type UsageRecord } from './usage.ts';

/** What was set aside for one request. */
export interface Reservation {
  readonly key: KeyRef;
  readonly model: string;
  readonly endpoint: Endpoint;
  readonly serviceTier: ServiceTier;
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
  readonly endpoint: Endpoint;
  readonly serviceTier: ServiceTier;
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

export type EntryState = 'reserved' | 'settled' | 'void' | 'unknown';

const TIME_LENGTH = 8;
const NUMBER = '([0-9a-z]+)';
/** A number, and a second one after a dash where there is one. */
const PAIR = '([0-9a-z]+)(?:-([0-9a-z]+))?';
const RESERVED = new RegExp(
  `^R([0-9a-z]{8})([0-9A-Za-z]{10})([0-9a-z]{1,8})\\.${PAIR}(?:\\+${PAIR})?\\.${PAIR}\\.([A-Za-z]*(?:-[A-Z]+)?)\\.([^\\s]+)$`,
);
const SETTLED = new RegExp(
  `^S([0-9a-z]{8})([0-9A-Za-z]{10})(-?[0-9a-z]+)\\.${NUMBER}\\.${PAIR}\\.${NUMBER}\\.${PAIR}\\.${NUMBER}\\.([cfao])([em])([a-z]{2})?\\.([^\\s]+)$`,
);
const OUTCOME_CODES: Readonly<Record<Outcome, string>> = {
  completed: 'c',
  failed: 'f',
  abandoned: 'a',
  orphaned: 'o',
};
/**
 * What an admission sets aside. Throws TypeError where its charges contradict its amounts, its time or its key, or its
 * amounts are no counts: such an entry could not be read again, and what is no number passes every limit.
 */
export const reservationOf = (admission: ReservationSource): Reservation => ({
  key: admission.key,
  model: admission.model,
  endpoint: admission.endpoint,
  serviceTier: admission.serviceTier,
  counters: countersOfCharges(admission.charges, {
    startedAtMs: admission.nowMs,
    account: accountOfKey(admission.key),
    model: admission.model,
    reserved: admission.reserved,
  }),
  reserved: checkedAmounts(admission.reserved),
  startedAtMs: admission.nowMs,
  expiresAtMs: admission.expiresAtMs,
});

function checkedAmounts(amounts: Amounts): Amounts {
  const {
    tokens,
    minuteTokens = 0,
    nanoUsd,
    debtNanoUsd = 0,
    debtTokens = 0,
    debtMinuteTokens = 0,
  } = amounts;
  const counts = [tokens, minuteTokens, nanoUsd, debtNanoUsd, debtTokens, debtMinuteTokens];
  if (counts.every((count) => Number.isSafeInteger(count) && count >= 0)) return amounts;
  throw new TypeError(
    `Amounts are whole numbers from 0 to 2^53 - 1, which ${counts.join(', ')} are not all.`,
  );
}

/**
 * What a finished request is charged, its tokens a minute counted as its admission counted them. Throws TypeError where
 * they are no counts; the request stays reserved then, and is charged in full at its expiry.
 */
export const usedAmounts = (
  record: UsageRecord,
  { outputFactor }: Pick<Admission, 'outputFactor'>,
): Amounts =>
  checkedAmounts({
    tokens: totalTokens(record.usage),
    ...(outputFactor !== undefined && { minuteTokens: quotaTokens(record.usage, outputFactor) }),
    nanoUsd: record.nanoUsd,
  });

/** Whether a finished request used neither tokens nor money: its model was never called, or refused it. */
export const usedNothing = ({ usage, nanoUsd }: UsageRecord): boolean =>
  totalTokens(usage) === 0 && nanoUsd === 0;

/** The text of an R entry. Equal reservations give equal texts: a settlement is conditional on that equality. */
export function encodeReservation(reservation: Reservation): string {
  const { tokens, minuteTokens, nanoUsd, debtNanoUsd, debtTokens, debtMinuteTokens } = reservation.reserved;
  const rest = [
    base36(reservation.expiresAtMs - reservation.startedAtMs),
    pair(tokens, minuteTokens) + (debtTokens === undefined ? '' : `+${pair(debtTokens, debtMinuteTokens)}`),
    pair(nanoUsd, debtNanoUsd),
    counterCodes(reservation.counters),
    whatCodes(reservation),
    reservation.model,
  ];
  return `R${fixedTime(reservation.expiresAtMs)}${reservation.key}${rest.join('.')}`;
}

/** Reads an R entry of this version or an earlier one; undefined for anything else, an entry of a later version included. */
export function decodeReservation(text: string): Reservation | undefined {
  const [matched, expires, keyText = '', lifetime, ...rest] = RESERVED.exec(text) ?? [];
  const [tokens, minute, debtTokens, debtMinute, nanoUsd, debt, codes = '', whatAndModel = ''] = rest;
  const key = parseKeyRef(keyText);
  const what = parseWhatAndModel(whatAndModel);
  if (matched === undefined || key === undefined || what === undefined) return undefined;
  const expiresAtMs = number(expires);
  const startedAtMs = expiresAtMs - number(lifetime);
  const counters = parseCounterCodes(codes, { startedAtMs, account: accountOfKey(key), model: what.model });
  if (counters === undefined) return undefined;
  const reserved = {
    tokens: number(tokens),
    ...(minute !== undefined && { minuteTokens: number(minute) }),
    nanoUsd: number(nanoUsd),
    ...(debt !== undefined && { debtNanoUsd: number(debt) }),
    ...(debtTokens !== undefined && { debtTokens: number(debtTokens) }),
    ...(debtMinute !== undefined && { debtMinuteTokens: number(debtMinute) }),
  };
  return { key, ...what, counters, reserved, startedAtMs, expiresAtMs };
}

/** The text of an S entry: the usage record without what the item's key and the attribute's name say. */
export function encodeSettled(record: UsageRecord): string {
  const { usage } = record;
  const rest = [
    base36(record.settledAtMs - record.startedAtMs),
    base36(usage.input),
    pair(usage.output, usage.images),
    base36(usage.cacheRead),
    pair(usage.cacheWrite, usage.cacheWrite1h),
    base36(record.nanoUsd),
    OUTCOME_CODES[record.outcome] + (record.estimated ? 'e' : 'm') + whatCodes(record),
    record.model,
  ];
  return `S${fixedTime(record.settledAtMs)}${record.key}${rest.join('.')}`;
}

/** Reads an S entry of this version or an earlier one; undefined for anything else. */
export function decodeSettled(owner: EntryOwner, text: string): UsageRecord | undefined {
  const [matched, settled, keyText = '', duration, ...rest] = SETTLED.exec(text) ?? [];
  const [input, output, images, read, write, write1h, nanoUsd, ...flags] = rest;
  const [outcomeCode, estimated, whatText, model = ''] = flags;
  const key = parseKeyRef(keyText);
  const outcome = memberOfCode(OUTCOME_CODES, outcomeCode);
  const what = whatText === undefined ? FIRST_WHAT : parseWhatCodes(whatText);
  if (matched === undefined || key === undefined || outcome === undefined) return undefined;
  if (what === undefined) return undefined;
  const settledAtMs = number(settled);
  return {
    ...owner,
    account: accountOfKey(key),
    key,
    model,
    ...what,
    outcome,
    usage: {
      input: number(input),
      output: number(output),
      ...(images !== undefined && { images: number(images) }),
      cacheRead: number(read),
      cacheWrite: number(write),
      ...(write1h !== undefined && { cacheWrite1h: number(write1h) }),
    },
    nanoUsd: number(nanoUsd),
    estimated: estimated === 'e',
    startedAtMs: settledAtMs - number(duration),
    settledAtMs,
  };
}

/** The text of a V entry. */
export const encodeVoid = (atMs: number): string => `V${fixedTime(atMs)}`;

/** The state of an entry of this or a later version. Unknown ones are left alone by everybody. */
export function entryState(text: string): EntryState {
  if (text.startsWith('R')) return 'reserved';
  if (text.startsWith('V')) return 'void';
  return text.startsWith('S') ? 'settled' : 'unknown';
}

/** When an R expires, an S was settled, or a V was written: read without decoding the rest. */
export const entryTimeMs = (text: string): number => number(text.slice(1, 1 + TIME_LENGTH));

/**
 * The record of a request whose process died: charged in full, as reserved, and where that was an estimate with all
 * that it may have used beyond. Nothing is known of how the tokens divide, so all of them are written as input; their
 * sum is what the counters hold.
 */
export function orphanRecord(owner: EntryOwner, reservation: Reservation, settledAtMs: number): UsageRecord {
  const { tokens, nanoUsd } = orphanAmounts(reservation.reserved);
  return {
    ...owner,
    account: accountOfKey(reservation.key),
    key: reservation.key,
    model: reservation.model,
    endpoint: reservation.endpoint,
    serviceTier: reservation.serviceTier,
    outcome: 'orphaned',
    usage: { input: tokens, output: 0, cacheRead: 0, cacheWrite: 0 },
    nanoUsd,
    estimated: true,
    startedAtMs: reservation.startedAtMs,
    settledAtMs,
  };
}

/** The most that a request may use by its reservation: what the counters hold for an orphan once it is charged. */
export function orphanAmounts(reserved: Amounts): Amounts {
  const { tokens, minuteTokens, nanoUsd, debtNanoUsd = 0, debtTokens = 0, debtMinuteTokens = 0 } = reserved;
  return {
    tokens: tokens + debtTokens,
    ...(minuteTokens !== undefined && { minuteTokens: minuteTokens + debtMinuteTokens }),
    nanoUsd: nanoUsd + debtNanoUsd,
  };
}

const pair = (first: number, second: number | undefined): string =>
  base36(first) + (second === undefined ? '' : `-${base36(second)}`);

const base36 = (value: number): string => value.toString(36);
const fixedTime = (timeMs: number): string => base36(timeMs).padStart(TIME_LENGTH, '0');
const number = (text: string | undefined): number => Number.parseInt(text ?? '', 36);
