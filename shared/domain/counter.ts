/**
 * The counters that enforce limits: what each kind is called, which period an instant belongs to and what a request
 * adds to it. A later kind is a member of COUNTER_KINDS, a row here and a letter in counter-codes.ts; nothing else in the
 * store knows kinds by name.
 *
 * Counters live as top-level attributes of one item a tenant, their period inside the attribute's name, and hold
 * *committed = settled + reserved*. A tenant's own count every request, limited or not, so that a limit set today
 * holds today; those of a service account, their account at the end of the name, exist where it has that limit.
 */
import { type AccountRef, type ModelRef, modelRefOf, parseAccountRef, parseModelRef } from './ids.ts';
import { type Amounts, type LimitName, type LimitSet, type RequestLimits, utcSecond } from './limits.ts';
import { modelBehind } from './model-access.ts';

/** The longest period first: of several counters that refuse a request, the first is named, and a retry waits for it. */
export const COUNTER_KINDS = [
  'money-month',
  'tokens-month',
  'money-day',
  'tokens-day',
  'requests-day',
  'requests-minute',
  'tokens-minute',
  'requests-slot',
  'tokens-slot',
] as const;
export type CounterKind = (typeof COUNTER_KINDS)[number];

/** Whose counter it is: the tenant's where it names nobody, else a service account's or a model's. */
export type CounterOwner =
  | { readonly account?: undefined; readonly model?: undefined }
  | { readonly account: AccountRef; readonly model?: undefined }
  | { readonly account?: undefined; readonly model: ModelRef };

/** A counter of a tenant's item, as its name tells it. */
export type CounterIdentity = CounterOwner & {
  readonly kind: CounterKind;
  /** UTC: `yyyymmddhhmms` for ten seconds, `yyyymmddhhmm` for a minute, `yyyymmdd` for a day, `yyyymm` for a month. */
  readonly period: string;
};

/** What one request adds to one counter. */
export type CounterCharge = CounterIdentity & {
  /** Requests, tokens or nano-USD, a non-negative safe integer. */
  readonly amount: number;
  /** The most the counter may hold; absent where there is no such limit, or it refuses nothing (the counter still counts). */
  readonly limit?: number;
  /** The same of a limit that is in shadow. */
  readonly shadowLimit?: number;
};

/** Ten seconds: the period over which smoothing spreads a minute. */
const SLOT_MS = 10_000;
const SLOTS_A_MINUTE = 6;

interface Period {
  /** Length of its name: the names of a day and of a month are what the names of their minutes begin with. */
  readonly digits: number;
  readonly endAfterMs: (timeMs: number) => number;
}

const nextMultipleMs = (timeMs: number, lengthMs: number): number =>
  (Math.floor(timeMs / lengthMs) + 1) * lengthMs;

const SLOT: Period = { digits: 13, endAfterMs: (timeMs) => nextMultipleMs(timeMs, SLOT_MS) };
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
  readonly period: Period;
  readonly amountOf: (amounts: Amounts) => number;
  /** The limit that it enforces, or of which it enforces the slot's share. */
  readonly limit: LimitName;
}

const ONE_REQUEST = (): number => 1;
const EVERY_TOKEN = (amounts: Amounts): number => amounts.tokens;
const MINUTE_TOKENS = (amounts: Amounts): number => amounts.minuteTokens ?? amounts.tokens;
const MONEY = (amounts: Amounts): number => amounts.nanoUsd;

const RULES: Readonly<Record<CounterKind, CounterRule>> = {
  'money-month': { prefix: 'usd', period: MONTH, amountOf: MONEY, limit: 'nanoUsdPerMonth' },
  'tokens-month': {
    prefix: 'tpmo',
    period: MONTH,
    amountOf: EVERY_TOKEN,
    limit: 'tokensPerMonth',
  },
  'money-day': { prefix: 'usdd', period: DAY, amountOf: MONEY, limit: 'nanoUsdPerDay' },
  'tokens-day': { prefix: 'tpd', period: DAY, amountOf: EVERY_TOKEN, limit: 'tokensPerDay' },
  'requests-day': { prefix: 'rpd', period: DAY, amountOf: ONE_REQUEST, limit: 'requestsPerDay' },
  'requests-minute': {
    prefix: 'rpm',
    period: MINUTE,
    amountOf: ONE_REQUEST,
    limit: 'requestsPerMinute',
  },
  'tokens-minute': {
    prefix: 'tpm',
    period: MINUTE,
    amountOf: MINUTE_TOKENS,
    limit: 'tokensPerMinute',
  },
  'requests-slot': {
    prefix: 'rps',
    period: SLOT,
    amountOf: ONE_REQUEST,
    limit: 'requestsPerMinute',
  },
  'tokens-slot': {
    prefix: 'tps',
    period: SLOT,
    amountOf: MINUTE_TOKENS,
    limit: 'tokensPerMinute',
  },
};

/** The limit that a kind of counter enforces. */
export const limitNameOf = (kind: CounterKind): LimitName => RULES[kind].limit;

/** Whether a kind counts ten seconds, of which a limit a minute has its sixth in each. */
export const isSlot = (kind: CounterKind): boolean => RULES[kind].period === SLOT;

/** `<prefix>#<period>`, and of a service account's or a model's counter `#<reference>`. */
const NAME = /^([a-z]+)#(\d+)(?:#(.+))?$/;

/** Whose limits a request is under; the account's are absent where it has none of its own. */
export interface LimitsInForce {
  readonly limits: RequestLimits;
  readonly account: AccountRef;
  readonly accountLimits?: LimitSet;
  /** The model's id in the catalogue, with or without an inference profile. */
  readonly model: string;
}

/**
 * The counters that a request beginning at `nowMs` charges with `amounts`, the longest period first. The tenant's own
 * are charged whether they limit or not; those of ten seconds, of an account and of a model where they limit.
 */
export function countersFor(
  { limits, account, accountLimits, model }: LimitsInForce,
  of: { readonly nowMs: number; readonly amounts: Amounts },
): readonly CounterCharge[] {
  const second = utcSecond(of.nowMs);
  const modelRef = modelRefOf(modelBehind(model));
  const modelLimits = limits.models?.find(({ ref }) => ref === modelRef)?.limits;
  const isSmooth = limits.smoothing === '10s';
  return COUNTER_KINDS.flatMap((kind): readonly CounterCharge[] => {
    const { period, limit, amountOf } = RULES[kind];
    if (isSlot(kind) && !isSmooth) return [];
    const charge = { kind, period: second.slice(0, period.digits), amount: amountOf(of.amounts) };
    const own = isSlot(kind) && limits[limit] === undefined ? [] : [{ ...charge, ...bounds(charge, limits) }];
    return [
      ...own,
      ...(accountLimits?.[limit] === undefined
        ? []
        : [{ ...charge, account, ...bounds(charge, accountLimits) }]),
      ...(modelLimits?.[limit] === undefined
        ? []
        : [{ ...charge, model: modelRef, ...bounds(charge, modelLimits) }]),
    ];
  });
}

/** What a charge's counter may hold by these limits, enforced or in shadow. */
function bounds(
  charge: { readonly kind: CounterKind; readonly amount: number },
  limits: LimitSet,
): Pick<CounterCharge, 'limit' | 'shadowLimit'> {
  const { limit: name } = RULES[charge.kind];
  const limit = limits[name];
  if (limit === undefined) return {};
  const most = isSlot(charge.kind) ? slotShare(limit, charge.amount) : limit;
  return limits.shadow?.includes(name) === true ? { shadowLimit: most } : { limit: most };
}

/**
 * What a slot of ten seconds may hold of a minute's limit: its sixth. A request larger than that has to find a slot
 * that is empty, or it would never be let in; one larger than the minute's limit is refused by that.
 */
const slotShare = (limit: number, amount: number): number =>
  Math.max(Math.ceil(limit / SLOTS_A_MINUTE), amount);

/** `tpm#202611202017`, `usd#202611`, `rpd#20261120#Ab12Cd` of an account, `rpd#20261120#Ab12Cd34` of a model. */
export const counterName = ({ kind, period, account, model }: CounterIdentity): string => {
  const owner = account ?? model;
  return `${RULES[kind].prefix}#${period}${owner === undefined ? '' : `#${owner}`}`;
};

/** The tenant's counter of a kind that a request admitted at `timeMs` charges. */
export const counterAt = (kind: CounterKind, timeMs: number): CounterIdentity => ({
  kind,
  period: periodOf(kind, utcSecond(timeMs)),
});

/** The period of a kind that a second (utcSecond) belongs to. */
export const periodOf = (kind: CounterKind, second: string): string =>
  second.slice(0, RULES[kind].period.digits);

/** What a request of these amounts adds to a counter of this kind; undefined is no request, which adds nothing. */
export const amountFor = (kind: CounterKind, amounts: Amounts | undefined): number =>
  amounts === undefined ? 0 : RULES[kind].amountOf(amounts);

/** Reads a counter's attribute name; undefined for every other attribute, those of later versions included. */
export function parseCounterName(name: string): CounterIdentity | undefined {
  const [matched, prefix, period = '', owner] = NAME.exec(name) ?? [];
  const kind = COUNTER_KINDS.find((candidate) => RULES[candidate].prefix === prefix);
  if (matched === undefined || kind === undefined || period.length !== RULES[kind].period.digits) {
    return undefined;
  }
  if (owner === undefined) return { kind, period };
  const account = parseAccountRef(owner);
  if (account !== undefined) return { kind, period, account };
  const model = parseModelRef(owner);
  return model === undefined ? undefined : { kind, period, model };
}

/** Whether requests admitted from `fromMs` to `toMs`, both included, may have charged a counter. */
export function mayBeChargedIn({
  fromMs,
  toMs,
}: {
  readonly fromMs: number;
  readonly toMs: number;
}): (counter: CounterIdentity) => boolean {
  const [first, last] = [utcSecond(fromMs), utcSecond(toMs)];
  return ({ kind, period }) => periodOf(kind, first) <= period && period <= periodOf(kind, last);
}

/** Whether a counter's period had ended at `timeMs`. Periods are digits of fixed length, so they sort by time. */
export function hasEndedBy(timeMs: number): (counter: CounterIdentity) => boolean {
  const second = utcSecond(timeMs);
  return ({ kind, period }) => period < periodOf(kind, second);
}

/** How long a period must be over before its counters may go: many times any difference between two clocks. */
const PERIOD_MARGIN_MS = 120_000;
/** A month's spend is still judged after it, by the hourly sweep that tells of spend alerts: it may miss some hours. */
export const SPEND_MARGIN_MS = 4 * 3_600_000;

/** Whether a counter may be forgotten at `nowMs`: its period is over, and the time in which somebody still asks for it. */
export function isForgettableAt(nowMs: number): (counter: CounterIdentity) => boolean {
  const periodsOver = hasEndedBy(nowMs - PERIOD_MARGIN_MS);
  const spendOver = hasEndedBy(nowMs - SPEND_MARGIN_MS);
  return (counter) => (counter.kind === 'money-month' ? spendOver(counter) : periodsOver(counter));
}

/** The instant, in ms, at which the period of this kind that contains `nowMs` ends. */
export const periodEndMs = (kind: CounterKind, nowMs: number): number => RULES[kind].period.endAfterMs(nowMs);
