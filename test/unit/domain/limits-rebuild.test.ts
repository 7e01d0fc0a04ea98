import { accountOfKey, modelRefOf } from '../../../shared/domain/ids.ts';
import { DEFAULT_LIMITS, type TenantLimits } from '../../../shared/domain/limits.ts';
import { type RebuildSource, rebuildDifferences } from '../../../shared/domain/limits-rebuild.ts';
import { orphanRecord, reservationOf } from '../../../shared/domain/reservation-entry.ts';
import type { UsageRecord } from '../../../shared/domain/usage.ts';
import { admissionOf, freshTenant, KEY, NOW_MS, settlementOf } from '../../support/limits-fixture.ts';

const tenant = freshTenant();
const recordOf = (index: number, of: { tokens: number; nanoUsd: number; atMs?: number }): UsageRecord => {
  const atMs = of.atMs ?? NOW_MS;
  return settlementOf(admissionOf({ tenant, index, atMs }), of).record;
};
const sourceOf = (
  of: Partial<RebuildSource> & { readonly given?: Partial<TenantLimits> },
): RebuildSource => ({
  nowMs: NOW_MS,
  limits: { ...DEFAULT_LIMITS, ...of.given },
  accountLimits: new Map(),
  settled: [],
  reserved: [],
  outputFactorOf: () => 5,
  ...of,
});
const rebuiltOf = (source: RebuildSource, held: Record<string, number> = {}) =>
  Object.fromEntries(
    rebuildDifferences(source, new Map(Object.entries(held))).map(({ name, rebuilt }) => [name, rebuilt]),
  );

test('each period holds its own records, and what is under way', () => {
  const settled = [
    recordOf(1, { tokens: 4, nanoUsd: 300 }),
    recordOf(2, { tokens: 5, nanoUsd: 20, atMs: NOW_MS - 60_000 }),
    recordOf(3, { tokens: 6, nanoUsd: 1, atMs: NOW_MS - 86_400_000 }),
    recordOf(4, { tokens: 7, nanoUsd: 9, atMs: NOW_MS - 30 * 86_400_000 }),
  ];
  const reserved = [reservationOf(admissionOf({ tenant, index: 5, tokens: 10, nanoUsd: 1_000 }))];
  expect(rebuiltOf(sourceOf({ settled, reserved }))).toEqual({
    'usd#202611': 1_321,
    'tpmo#202611': 25,
    'usdd#20261120': 1_320,
    'tpd#20261120': 19,
    'rpd#20261120': 3,
    'rpm#202611202017': 2,
    'tpm#202611202017': 14,
  });
});

test('accounts and models are rebuilt where they have limits now, and nothing else of theirs is touched', () => {
  const account = accountOfKey(KEY);
  const [record] = [recordOf(1, { tokens: 4, nanoUsd: 300 })];
  const model = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
  const source = sourceOf({
    settled: [record],
    accountLimits: new Map([[account, { nanoUsdPerMonth: 9 }]]),
    given: { models: [{ model, limits: { tokensPerDay: 9 } }] },
  });
  const held = {
    ...{ 'usd#202611': 300, 'tpmo#202611': 4, 'usdd#20261120': 300, 'tpd#20261120': 4 },
    ...{ 'rpd#20261120': 1, 'rpm#202611202017': 1, 'tpm#202611202017': 4 },
    ...{ 'usd#202611#Ab12Cd': 77, [`tpd#20261120#${account}`]: 77, 'tph#2026112020': 77, 'usd#202610': 77 },
  };
  expect(rebuiltOf(source, held)).toEqual({
    [`usd#202611#${account}`]: 300,
    [`tpd#20261120#${modelRefOf(model)}`]: 4,
  });
});

test('a counter that nothing charged holds nothing', () => {
  expect(rebuiltOf(sourceOf({}), { 'usd#202611': 5, 'rpd#20261120': 0, 'tps#2026112020173': 8 })).toEqual({
    'usd#202611': 0,
  });
});

test('between the two readings of a record a counter stays, beyond them it becomes the larger', () => {
  const reservation = reservationOf(
    admissionOf({ tenant, index: 1, tokens: 10, minuteTokens: 30, nanoUsd: 7 }),
  );
  const request = admissionOf({ tenant, index: 1 }).request;
  const settled = [
    orphanRecord({ tenant, request }, reservation, NOW_MS + 1),
    recordOf(2, { tokens: 0, nanoUsd: 0 }),
  ];
  const source = sourceOf({ settled, given: { tokenCounting: 'bedrock' } });
  const exact = { 'usd#202611': 7, 'tpmo#202611': 10, 'usdd#20261120': 7, 'tpd#20261120': 10 };
  const at = (requests: number, tokens: number) =>
    rebuiltOf(source, {
      ...exact,
      ...{ 'rpd#20261120': requests, 'rpm#202611202017': requests, 'tpm#202611202017': tokens },
    });
  expect([at(1, 10), at(2, 30), at(1, 50)]).toEqual([{}, {}, {}]);
  const most = { 'rpd#20261120': 2, 'rpm#202611202017': 2, 'tpm#202611202017': 50 };
  expect([at(0, 9), at(3, 51)]).toEqual([most, most]);
});
