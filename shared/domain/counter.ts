/**
 * What each kind of counter is called, which period an instant belongs to and what a request adds to it.
 * A later kind is a member of COUNTER_KINDS and a row here; nothing else in the store knows kinds by name.
 */
import {
  type Amounts,
  COUNTER_KINDS,
  type CounterCharge,
  type CounterKind,
  utcMinute,
  utcMonth,
} from './limits.ts';

interface CounterRule {
  /** First part of the attribute's name; the period follows a `#`. */
  readonly prefix: string;
  /** One letter: the kind inside a reservation entry. */
  readonly code: string;
  readonly periodOf: (timeMs: number) => string;
  readonly amountOf: (amounts: Amounts) => number;
}

const RULES: Readonly<Record<CounterKind, CounterRule>> = {
  'tokens-minute': { prefix: 'tpm', code: 'T', periodOf: utcMinute, amountOf: (amounts) => amounts.tokens },
  'money-month': { prefix: 'usd', code: 'M', periodOf: utcMonth, amountOf: (amounts) => amounts.nanoUsd },
};

/** A counter of a stored item: its kind and period, as its name tells them. */
export interface CounterIdentity {
  readonly kind: CounterKind;
  readonly period: string;
}

/** `tpm#202611202017`, `usd#202611`. */
export const counterName = (of: CounterIdentity): string => `${RULES[of.kind].prefix}#${of.period}`;

/** The counter of a kind that a request admitted at `timeMs` charges. */
export const counterAt = (kind: CounterKind, timeMs: number): CounterIdentity => ({
  kind,
  period: RULES[kind].periodOf(timeMs),
});

/** What amounts add to a counter of this kind. */
export const amountFor = (kind: CounterKind, amounts: Amounts): number => RULES[kind].amountOf(amounts);

/** Reads a counter's attribute name; undefined for every other attribute, those of later versions included. */
export function parseCounterName(name: string): CounterIdentity | undefined {
  const [prefix, period] = name.split('#', 2);
  const kind = COUNTER_KINDS.find((candidate) => RULES[candidate].prefix === prefix);
  return kind === undefined || period === undefined ? undefined : { kind, period };
}

/** Whether a counter's period had ended at `timeMs`. Periods are digits of fixed length, so they sort by time. */
export const hasEnded = (counter: CounterIdentity, timeMs: number): boolean =>
  counter.period < RULES[counter.kind].periodOf(timeMs);

/** One letter a kind. */
export const kindCodes = (kinds: readonly CounterKind[]): string =>
  kinds.map((kind) => RULES[kind].code).join('');

/** Reads kindCodes; undefined where a letter is of no known kind. */
export function parseKindCodes(codes: string): readonly CounterKind[] | undefined {
  const kinds = [...codes].map((code) => COUNTER_KINDS.find((kind) => RULES[kind].code === code));
  return kinds.every((kind) => kind !== undefined) ? kinds : undefined;
}

/**
 * The kinds of an admission's charges. A settlement finds its counters again from the kinds, the start and the
 * amounts alone; a charge that says anything else could never be settled, so it throws before anything is reserved.
 */
export function kindsOfCharges(
  charges: readonly CounterCharge[],
  of: { readonly startedAtMs: number; readonly reserved: Amounts },
): readonly CounterKind[] {
  for (const charge of charges) {
    const agrees =
      charge.period === counterAt(charge.kind, of.startedAtMs).period &&
      charge.amount === amountFor(charge.kind, of.reserved);
    if (!agrees) throw new TypeError(`The charge ${counterName(charge)} does not follow from its admission.`);
  }
  return charges.map((charge) => charge.kind);
}
