import {
  COUNTER_KINDS,
  counterName,
  countersFor,
  hasEndedBy,
  parseCounterName,
  periodEndMs,
} from '../../../shared/domain/counter.ts';
import { accountOfKey } from '../../../shared/domain/ids.ts';
import { DEFAULT_LIMITS, type TenantLimits } from '../../../shared/domain/limits.ts';
import { modelBehind } from '../../../shared/domain/model-access.ts';
import { KEY, MODEL, NOW_MS } from '../../support/limits-fixture.ts';

const account = accountOfKey(KEY);
const ALL = {
  requestsPerMinute: 1,
  requestsPerDay: 2,
  tokensPerMinute: 300,
  tokensPerDay: 900,
  tokensPerMonth: 1_000,
  nanoUsdPerDay: 3_000,
  nanoUsdPerMonth: 4_000,
};
/** A tenant's limits. */
const tenant = (limits: Partial<TenantLimits>): TenantLimits => ({ ...DEFAULT_LIMITS, ...limits });
const amounts = { tokens: 10, nanoUsd: 100 };

test('a tenant’s counters always count, an account’s only where it has the limit', () => {
  const accountLimits = { requestsPerDay: 5, tokensPerMinute: 60 };
  expect(
    countersFor(
      { limits: tenant({ requestsPerDay: 9 }), account, accountLimits, model: MODEL },
      { nowMs: NOW_MS, amounts },
    ),
  ).toEqual([
    { kind: 'money-month', period: '202611', amount: 100 },
    { kind: 'tokens-month', period: '202611', amount: 10 },
    { kind: 'money-day', period: '20261120', amount: 100 },
    { kind: 'tokens-day', period: '20261120', amount: 10 },
    { kind: 'requests-day', period: '20261120', amount: 1, limit: 9 },
    { kind: 'requests-day', period: '20261120', amount: 1, limit: 5, account },
    { kind: 'requests-minute', period: '202611202017', amount: 1 },
    { kind: 'tokens-minute', period: '202611202017', amount: 10 },
    { kind: 'tokens-minute', period: '202611202017', amount: 10, limit: 60, account },
  ]);
});

test('every counter is read again from its name', () => {
  const charges = countersFor(
    {
      limits: tenant({ ...ALL, smoothing: '10s', models: [{ model: modelBehind(MODEL), limits: ALL }] }),
      account,
      accountLimits: ALL,
      model: MODEL,
    },
    { nowMs: NOW_MS, amounts },
  );
  expect(charges).toHaveLength(3 * COUNTER_KINDS.length);
  for (const { amount, limit, ...identity } of charges) {
    expect(parseCounterName(counterName(identity))).toEqual(identity);
  }
});

test.each([
  'inflight',
  'lv',
  'r#01JD5VXQ2G0000000000000001',
  'tpx#20261120',
  'tpm#20261120',
  'rpd#202611202017',
  'rpd#20261120#Ab12C',
  'rpd#20261120#Ab12Cd#m',
  'rpd#20261120#',
  'rpd#2026-1-2',
  'Rpd#20261120',
  'rpd',
])('a name that is not one of ours, of a later version say, is left alone: %s', (name) => {
  expect(parseCounterName(name)).toBeUndefined();
});

test.each([
  ['tokens-minute', Date.UTC(2026, 10, 20, 20, 18)],
  ['requests-minute', Date.UTC(2026, 10, 20, 20, 18)],
  ['requests-day', Date.UTC(2026, 10, 21)],
  ['money-month', Date.UTC(2026, 11, 1)],
] as const)('a period of %s has ended at its end and not before', (kind, endMs) => {
  expect(periodEndMs(kind, NOW_MS)).toBe(endMs);
  for (const charge of countersFor(
    { limits: DEFAULT_LIMITS, account, accountLimits: ALL, model: MODEL },
    { nowMs: NOW_MS, amounts },
  )) {
    if (charge.kind !== kind) continue;
    expect([endMs - 1, endMs].map((timeMs) => hasEndedBy(timeMs)(charge))).toEqual([false, true]);
  }
});

test('a month’s end is the next month’s first day, across a year too', () => {
  expect(periodEndMs('money-month', Date.UTC(2026, 11, 31, 23, 59))).toBe(Date.UTC(2027, 0, 1));
});
