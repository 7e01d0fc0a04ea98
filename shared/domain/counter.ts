/**
 * The counters that enforce limits: what each kind is called, which period an instant belongs to and what a request
 * adds to it. A later kind is a member of COUNTER_KINDS and a row here; nothing else in the store knows kinds by name.
 *
 * Counters live as top-level attributes of one item a tenant, their period inside the attribute's name, and hold
 * *committed = settled + reserved*. A tenant's own count every request, limited or not, so that a limit set today
 * holds today; those of a service account, their account at the end of the name, exist where it has that limit.
 */
import { type AccountRef, parseAccountRef } from './ids.ts';
import { type AccountLimits, type Amounts, utcMinute } from './limits.ts';

/** The longest period first: of several counters that refuse a request, the first is named, and a retry waits for it. */
export const COUNTER_KINDS = ['money-month', 'requests-day', 'requests-minute', 'tokens-minute'] as const;
export type CounterKind = (typeof COUNTER_KINDS)[number];

/** A counter of a tenant's item, as its name tells it. */
export interface CounterIdentity {
  readonly kind: CounterKind;
  /** UTC, `yyyymmddhhmm` for a minute, `yyyymmdd` for a day, `yyyymm` for a month. */
  readonly period: string;
  /** The service account whose counter it is; absent for the tenant's own. */
  readonly account?: AccountRef;
}

/** What one request adds to one counter. */
export interface CounterCharge extends CounterIdentity {
  /** Requests, tokens or nano-USD, a non-negative safe integer. */
  readonly amount: number;
  /** The most the counter may hold; absent where the tenant sets no such limit (the counter still counts). */
  readonly limit?: number;
}

interface Period {
  /** Length of its name: the names of a day and of a month are what the names of their minutes begin with. */
  readonly digits: number;
  readonly endAfterMs: (timeMs: number) => number;
}

const nextMultipleMs = (timeMs: number, lengthMs: number): number =>
  (Math.floor(timeMs / lengthMs) + 1) * lengthMs;

const MINUTE: Period = { digits: 12, endAfterMs: (timeMs) => nextMultipleMs(timeMs, 60_000) };
const DAY: Period = { digits: 8, endAfterMs: (timeMs) => nextMultipleMs(timeMs, 86_400_000) };
const MONTH: Period = {
  digits: 6,
  endAfterMs: (timeMs) => {
    const time = new Date(timeMs);
    return Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + 1, 1);
  },
};

interface CounterRule {
  /** First part of the attribute's name. */
  readonly prefix: string;
  /** One capital letter: the kind inside a reservation entry. */
  readonly code: string;
  readonly period: Period;
  readonly amountOf: (amounts: Amounts) => number;
  readonly limitOf: (limits: AccountLimits) => number | undefined;
}

const RULES: Readonly<Record<CounterKind, CounterRule>> = {
  'money-month': {
    prefix: 'usd',
    code: 'M',
    period: MONTH,
    amountOf: (amounts) => amounts.nanoUsd,
    limitOf: (limits) => limits.nanoUsdPerMonth,
  },
  'requests-day': {
    prefix: 'rpd',
    code: 'D',
    period: DAY,
    amountOf: () => 1,
    limitOf: (limits) => limits.requestsPerDay,
  },
  'requests-minute': {
    prefix: 'rpm',
    code: 'R',
    period: MINUTE,
    amountOf: () => 1,
    limitOf: (limits) => limits.requestsPerMinute,
  },
  'tokens-minute': {
    prefix: 'tpm',
    code: 'T',
    period: MINUTE,
    amountOf: (amounts) => amounts.tokens,
    limitOf: (limits) => limits.tokensPerMinute,
  },
};

/** `<prefix>#<period>`, and of a service account's counter `#<account>`. */
const NAME = /^([a-z]+)#(\d+)(?:#(.+))?$/;

/** Whose limits a request is under; the account's are absent where it has none of its own. */
export interface LimitsInForce {
  readonly limits: AccountLimits;
  readonly account: AccountRef;
  readonly accountLimits?: AccountLimits;
}

/** The counters that a request beginning at `nowMs` charges with `amounts`, the longest period first. */
export function countersFor(
  { limits, account, accountLimits = {} }: LimitsInForce,
  of: { readonly nowMs: number; readonly amounts: Amounts },
): readonly CounterCharge[] {
  const minute = utcMinute(of.nowMs);
  return COUNTER_KINDS.flatMap((kind): readonly CounterCharge[] => {
    const charge = { kind, period: periodOf(kind, minute), amount: amountFor(kind, of.amounts) };
    const limit = RULES[kind].limitOf(limits);
    const accountLimit = RULES[kind].limitOf(accountLimits);
    return [
      { ...charge, ...(limit !== undefined && { limit }) },
      ...(accountLimit === undefined ? [] : [{ ...charge, account, limit: accountLimit }]),
    ];
  });
}

/** `tpm#202611202017`, `usd#202611`, `rpd#20261120#Ab12Cd`. */
export const counterName = ({ kind, period, account }: CounterIdentity): string =>
  `${RULES[kind].prefix}#${period}${account === undefined ? '' : `#${account}`}`;

/** The tenant's counter of a kind that a request admitted at `timeMs` charges. */
export const counterAt = (kind: CounterKind, timeMs: number): CounterIdentity => ({
  kind,
  period: periodOf(kind, utcMinute(timeMs)),
});

/** The period of a kind that a minute belongs to. */
const periodOf = (kind: CounterKind, minute: string): string => minute.slice(0, RULES[kind].period.digits);

/** What a request of these amounts adds to a counter of this kind; undefined is no request, which adds nothing. */
export const amountFor = (kind: CounterKind, amounts: Amounts | undefined): number =>
  amounts === undefined ? 0 : RULES[kind].amountOf(amounts);

/** Reads a counter's attribute name; undefined for every other attribute, those of later versions included. */
export function parseCounterName(name: string): CounterIdentity | undefined {
  const [matched, prefix, period = '', accountText] = NAME.exec(name) ?? [];
  const kind = COUNTER_KINDS.find((candidate) => RULES[candidate].prefix === prefix);
  if (matched === undefined || kind === undefined || period.length !== RULES[kind].period.digits) {
    return undefined;
  }
  if (accountText === undefined) return { kind, period };
  const account = parseAccountRef(accountText);
  return account === undefined ? undefined : { kind, period, account };
}

/** Whether a counter's period had ended at `timeMs`. Periods are digits of fixed length, so they sort by time. */
export function hasEndedBy(timeMs: number): (counter: CounterIdentity) => boolean {
  const minute = utcMinute(timeMs);
  return ({ kind, period }) => period < periodOf(kind, minute);
}

/** The instant, in ms, at which the period of this kind that contains `nowMs` ends. */
export const periodEndMs = (kind: CounterKind, nowMs: number): number => RULES[kind].period.endAfterMs(nowMs);

/** One letter a counter: a capital one for the tenant's, a small one for the account's. */
export const counterCodes = (counters: readonly CounterIdentity[]): string =>
  counters
    .map(({ kind, account }) => (account === undefined ? RULES[kind].code : RULES[kind].code.toLowerCase()))
    .join('');

/** Reads counterCodes of a request that began at `startedAtMs`; undefined where a letter is of no known kind. */
export function parseCounterCodes(
  codes: string,
  of: { readonly startedAtMs: number; readonly account: AccountRef },
): readonly CounterIdentity[] | undefined {
  const minute = utcMinute(of.startedAtMs);
  const counters = [...codes].map((code): CounterIdentity | undefined => {
    const kind = COUNTER_KINDS.find((candidate) => RULES[candidate].code === code.toUpperCase());
    if (kind === undefined) return undefined;
    const counter = { kind, period: periodOf(kind, minute) };
    return code === RULES[kind].code ? counter : { ...counter, account: of.account };
  });
  return counters.every((counter) => counter !== undefined) ? counters : undefined;
}

/**
 * The counters of an admission's charges. A settlement finds them again from their codes, the start, the account and
 * the amounts alone; a charge that says anything else could never be settled, so it throws before anything is reserved.
 */
export function countersOfCharges(
  charges: readonly CounterCharge[],
  of: { readonly startedAtMs: number; readonly account: AccountRef; readonly reserved: Amounts },
): readonly CounterIdentity[] {
  const minute = utcMinute(of.startedAtMs);
  return charges.map(({ kind, period, account, amount }) => {
    const counter = { kind, period, ...(account !== undefined && { account }) };
    const agrees =
      period === periodOf(kind, minute) &&
      (account === undefined || account === of.account) &&
      amount === amountFor(kind, of.reserved);
    if (agrees) return counter;
    throw new TypeError(`The charge ${counterName(counter)} does not follow from its admission.`);
  });
}
