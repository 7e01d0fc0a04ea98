/**
 * Counters as the letters by which a request's entry names them. Their periods, accounts and models follow from what
 * else the entry says, so a letter a counter is enough.
 */
import {
  amountFor,
  COUNTER_KINDS,
  type CounterCharge,
  type CounterIdentity,
  type CounterKind,
  type CounterOwner,
  counterName,
  periodOf,
} from './counter.ts';
import { type AccountRef, modelRefOf } from './ids.ts';
import { type Amounts, utcSecond } from './limits.ts';
import { modelBehind } from './model-access.ts';

/** One capital letter a kind. A letter is never given to another kind: entries of older versions are read too. */
const CODES: Readonly<Record<CounterKind, string>> = {
  'money-month': 'M',
  'tokens-month': 'N',
  'money-day': 'U',
  'tokens-day': 'V',
  'requests-day': 'D',
  'requests-minute': 'R',
  'tokens-minute': 'T',
  'requests-slot': 'P',
  'tokens-slot': 'Q',
};

/** What counters are told apart by once the request they belong to is known. */
export interface CodeContext {
  readonly startedAtMs: number;
  readonly account: AccountRef;
  /** The model's id in the catalogue. */
  readonly model: string;
}

/** One letter a counter: a capital one for the tenant's, a small one for the account's, after a `-` the model's. */
export function counterCodes(counters: readonly CounterIdentity[]): string {
  const letters = counters
    .filter(({ model }) => model === undefined)
    .map(({ kind, account }) => (account === undefined ? CODES[kind] : CODES[kind].toLowerCase()));
  const ofModel = counters.filter(({ model }) => model !== undefined).map(({ kind }) => CODES[kind]);
  return letters.join('') + (ofModel.length === 0 ? '' : `-${ofModel.join('')}`);
}

/** Reads counterCodes, the model's counters last; undefined where a letter is of no known kind. */
export function parseCounterCodes(codes: string, of: CodeContext): readonly CounterIdentity[] | undefined {
  const second = utcSecond(of.startedAtMs);
  const [letters = '', ofModel = ''] = codes.split('-');
  const read = (letter: string, owner: CounterOwner): CounterIdentity | undefined => {
    const kind = COUNTER_KINDS.find((candidate) => CODES[candidate] === letter.toUpperCase());
    return kind === undefined ? undefined : { kind, period: periodOf(kind, second), ...owner };
  };
  const account = { account: of.account };
  const model = ofModel === '' ? {} : { model: modelRefOf(modelBehind(of.model)) };
  const counters = [
    ...[...letters].map((letter) => read(letter, letter === letter.toUpperCase() ? {} : account)),
    ...[...ofModel].map((letter) => read(letter, model)),
  ];
  return counters.every((counter) => counter !== undefined) ? counters : undefined;
}

/**
 * The counters of an admission's charges. A settlement finds them again from their codes, the start, the account, the
 * model and the amounts alone; a charge that says anything else could never be settled, so it throws before anything
 * is reserved.
 */
export function countersOfCharges(
  charges: readonly CounterCharge[],
  of: CodeContext & { readonly reserved: Amounts },
): readonly CounterIdentity[] {
  const second = utcSecond(of.startedAtMs);
  const counters = charges.map((charge): CounterIdentity => {
    const counter = identityOf(charge);
    const agrees =
      charge.period === periodOf(charge.kind, second) &&
      (charge.account === undefined || charge.account === of.account) &&
      (charge.model === undefined || charge.model === modelRefOf(modelBehind(of.model))) &&
      charge.amount === amountFor(charge.kind, of.reserved);
    if (agrees) return counter;
    throw new TypeError(`The charge ${counterName(counter)} does not follow from its admission.`);
  });
  // In the order in which they are read back, so that a reservation equals the one that its entry tells.
  return [
    ...counters.filter(({ model }) => model === undefined),
    ...counters.filter(({ model }) => model !== undefined),
  ];
}

function identityOf({ kind, period, account, model }: CounterCharge): CounterIdentity {
  if (account !== undefined) return { kind, period, account };
  return model === undefined ? { kind, period } : { kind, period, model };
}
