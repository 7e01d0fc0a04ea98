/** The words for limits, in refusals and in the log: what each is called, whose it is, and amounts with their unit. */
import { type CounterCharge, type CounterKind, limitNameOf } from '../../shared/domain/counter.ts';
import type { LimitName } from '../../shared/domain/limits.ts';
import { modelBehind } from '../../shared/domain/model-access.ts';
import { usdText } from '../../shared/domain/money.ts';

interface LimitWords {
  readonly name: string;
  /** Of what there may be no more; money is counted in nano-USD and told in USD. */
  readonly unit: 'request' | 'token' | 'USD';
  /** A rate comes back with its period; a budget is spent, and OpenAI's clients take that as final. */
  readonly is: 'rate' | 'budget';
}

const WORDS: Readonly<Record<LimitName, LimitWords>> = {
  requestsPerMinute: {
    name: 'requests a minute',
    unit: 'request',
    is: 'rate',
  },
  requestsPerDay: { name: 'requests a day', unit: 'request', is: 'rate' },
  tokensPerMinute: { name: 'tokens a minute', unit: 'token', is: 'rate' },
  tokensPerDay: { name: 'tokens a day', unit: 'token', is: 'budget' },
  tokensPerMonth: { name: 'tokens a month', unit: 'token', is: 'budget' },
  nanoUsdPerDay: { name: 'USD a day', unit: 'USD', is: 'budget' },
  nanoUsdPerMonth: { name: 'USD a month', unit: 'USD', is: 'budget' },
};

export const wordsOf = (kind: CounterKind): LimitWords => WORDS[limitNameOf(kind)];

/** `1 request`, `4242 tokens`, `0.061987500 USD`. */
export function amountText(kind: CounterKind, amount: number): string {
  const { unit } = wordsOf(kind);
  if (unit === 'USD') return `${usdText(amount)} USD`;
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`;
}

/** Whose limit it is, as the caller knows them; `model` is the name that was asked for, an id or an alias. */
export function ownerText(charge: CounterCharge, model: string): string {
  if (charge.account !== undefined) return 'this service account';
  return charge.model === undefined ? 'this project' : `the model '${modelBehind(model)}' in this project`;
}
