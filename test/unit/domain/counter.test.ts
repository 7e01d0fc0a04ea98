import {
  COUNTER_KINDS,
  counterAt,
  counterName,
  countersFor,
  hasEndedBy,
  isSlot,
  mayBeChargedIn,
  parseCounterName,
  periodEndMs,
} from '../../../shared/domain/counter.ts';
import { counterCodes, countersOfCharges, parseCounterCodes } from '../../../shared/domain/counter-codes.ts';
import { accountOfKey, modelRefOf } from '../../../shared/domain/ids.ts';
import {
  DEFAULT_LIMITS,
  type RequestLimits,
  requestLimitsOf,
  type TenantLimits,
} from '../../../shared/domain/limits.ts';
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
/** A tenant's limits, as its requests come with them. */
const tenant = (limits: Partial<TenantLimits>): RequestLimits =>
  requestLimitsOf({ ...DEFAULT_LIMITS, ...limits });
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
  ['tokens-slot', Date.UTC(2026, 10, 20, 20, 17, 40)],
  ['requests-slot', Date.UTC(2026, 10, 20, 20, 17, 40)],
  ['tokens-day', Date.UTC(2026, 10, 21)],
  ['money-day', Date.UTC(2026, 10, 21)],
  ['tokens-month', Date.UTC(2026, 11, 1)],
  ['requests-day', Date.UTC(2026, 10, 21)],
  ['money-month', Date.UTC(2026, 11, 1)],
] as const)('a period of %s has ended at its end and not before', (kind, endMs) => {
  expect(periodEndMs(kind, NOW_MS)).toBe(endMs);
  const limits = tenant({ ...ALL, smoothing: '10s' });
  const inForce = { limits, account, accountLimits: ALL, model: MODEL };
  const charges = countersFor(inForce, { nowMs: NOW_MS, amounts }).filter((charge) => charge.kind === kind);
  expect(charges).toHaveLength(2);
  for (const charge of charges) {
    expect([endMs - 1, endMs].map((timeMs) => hasEndedBy(timeMs)(charge))).toEqual([false, true]);
  }
});

test('counters of ten seconds are told from all others', () => {
  expect(COUNTER_KINDS.filter(isSlot)).toEqual(['requests-slot', 'tokens-slot']);
});

test.each([
  ['tokens-slot', -10_000],
  ['tokens-minute', -60_000],
  ['requests-day', -86_400_000],
  ['money-month', -30 * 86_400_000],
] as const)('a counter of %s may be charged from its period’s beginning to its end', (kind, lengthMs) => {
  const counter = counterAt(kind, NOW_MS);
  const endMs = periodEndMs(kind, NOW_MS);
  const beginMs = endMs + lengthMs;
  const may = (fromMs: number, toMs: number) => mayBeChargedIn({ fromMs, toMs })(counter);
  expect([may(beginMs - 9, beginMs - 1), may(beginMs - 9, beginMs)]).toEqual([false, true]);
  expect([may(endMs - 1, endMs + 9), may(endMs, endMs + 9)]).toEqual([true, false]);
  expect(may(beginMs - 9, endMs + 9)).toBe(true);
});

test('a month’s end is the next month’s first day, across a year too', () => {
  expect(periodEndMs('money-month', Date.UTC(2026, 11, 31, 23, 59))).toBe(Date.UTC(2027, 0, 1));
});

test('a slot holds a sixth, rounded up, or the one request that is larger', () => {
  const slotsOf = (limits: Partial<TenantLimits>, tokens: number) =>
    countersFor(
      { limits: tenant({ smoothing: '10s', ...limits }), account, model: MODEL },
      { nowMs: NOW_MS, amounts: { tokens, nanoUsd: 0 } },
    )
      .filter(({ period }) => period.length === 13)
      .map(({ kind, limit }) => [kind, limit]);
  expect(slotsOf({ tokensPerMinute: 61, requestsPerMinute: 5 }, 11)).toEqual([
    ['requests-slot', 1],
    ['tokens-slot', 11],
  ]);
  expect(slotsOf({ tokensPerMinute: 61 }, 12)).toEqual([['tokens-slot', 12]]);
  expect(slotsOf({ tokensPerDay: 61, nanoUsdPerMonth: 6 }, 12)).toEqual([]);
});

test('a limit in shadow is watched instead of enforced, each owner’s by itself', () => {
  const model = modelBehind(MODEL);
  const limits = tenant({
    ...{ requestsPerDay: 9, shadow: ['requestsPerDay'] },
    models: [{ model, limits: { requestsPerDay: 7, tokensPerDay: 6, shadow: ['tokensPerDay'] } }],
  });
  const inForce = { limits, account, accountLimits: { requestsPerDay: 8 }, model: MODEL };
  const charges = countersFor(inForce, { nowMs: NOW_MS, amounts });
  const bounded = charges.filter(({ limit, shadowLimit }) => (limit ?? shadowLimit) !== undefined);
  const period = '20261120';
  expect(bounded).toEqual([
    { kind: 'tokens-day', period, amount: 10, shadowLimit: 6, model: modelRefOf(model) },
    { kind: 'requests-day', period, amount: 1, shadowLimit: 9 },
    { kind: 'requests-day', period, amount: 1, limit: 8, account },
    { kind: 'requests-day', period, amount: 1, limit: 7, model: modelRefOf(model) },
  ]);
});

test('counters are read again from their letters, and not at all where one letter is of a later version', () => {
  const of = { startedAtMs: NOW_MS, account, model: MODEL };
  const limits = tenant({ ...ALL, smoothing: '10s', models: [{ model: modelBehind(MODEL), limits: ALL }] });
  const charges = countersFor(
    { limits, account, accountLimits: ALL, model: MODEL },
    { nowMs: NOW_MS, amounts },
  );
  const counters = countersOfCharges(charges, { ...of, reserved: amounts });
  const codes = counterCodes(counters);
  expect(codes).toBe('MmNnUuVvDdRrTtPpQq-MNUVDRTPQ');
  expect(parseCounterCodes(codes, of)).toEqual(counters);
  for (const later of ['MZ', 'Mz', 'M-Z']) expect(parseCounterCodes(later, of)).toBeUndefined();
});
