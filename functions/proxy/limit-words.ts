/** The words for limits, in refusals and in the log: what each is called, whose it is, and amounts with their unit. */
import { type CounterCharge, type CounterKind, limitNameOf } from '../../shared/domain/counter.ts';
import type { LimitName } from '../../shared/domain/limits.ts';
import { modelBehind } from '../../shared/domain/model-access.ts';
import { usdText } from '../../shared/domain/money.ts';

interface LimitWords {
  readonly name: string;
  /** As projects and service accounts spell it in the Administration API. */
  readonly wireName: string;
  /** Of what there may be no more; money is counted in nano-USD and told in USD. */
  readonly unit: 'request' | 'token' | 'USD';
  /** A rate comes back with its period; a budget is spent, and OpenAI's clients take that as final. */
  readonly is: 'rate' | 'budget';
}

const WORDS: Readonly<Record<LimitName, LimitWords>> = {
  requestsPerMinute: {
    name: 'requests a minute',
    wireName: 'requests_per_minute',
    unit: 'request',
    is: 'rate',
  },
  requestsPerDay: { name: 'requests a day', wireName: 'requests_per_day', unit: 'request', is: 'rate' },
  tokensPerMinute: { name: 'tokens a minute', wireName: 'tokens_per_minute', unit: 'token', is: 'rate' },
  tokensPerDay: { name: 'tokens a day', wireName: 'tokens_per_day', unit: 'token', is: 'budget' },
  tokensPerMonth: { name: 'tokens a month', wireName: 'tokens_per_month', unit: 'token', is: 'budget' },
  nanoUsdPerDay: { name: 'USD a day', wireName: 'usd_per_day', unit: 'USD', is: 'budget' },
  nanoUsdPerMonth: { name: 'USD a month', wireName: 'usd_per_month', unit: 'USD', is: 'budget' },
};

export const wordsOf = (kind: CounterKind): LimitWords => WORDS[limitNameOf(kind)];

/** `1 request`, `4242 tokens`, `0.061987500 USD`. */
export function amountText(kind: CounterKind, amount: number): string {
  const { unit } = wordsOf(kind);
  if (unit === 'USD') return `${usdText(amount)} USD`;
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`;
}

/** Whose limit it is, as the caller knows them; `model` is the one that was asked. */
export function ownerText(charge: CounterCharge, model: string): string {
  if (charge.account !== undefined) return 'this service account';
  return charge.model === undefined ? 'this project' : `the model '${modelBehind(model)}' in this project`;
}
