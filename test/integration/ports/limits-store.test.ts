import type { Admission, AdmissionResult } from '../../../shared/domain/admission.ts';
import { counterName } from '../../../shared/domain/counter.ts';
import type { TenantRef } from '../../../shared/domain/ids.ts';
import type { TenantLimits } from '../../../shared/domain/limits.ts';
import { reservationOf } from '../../../shared/domain/reservation-entry.ts';
import {
  admissionOf,
  admittedWith,
  committedAt,
  freshTenant,
  LIFETIME_MS,
  MODEL,
  NOW_MS,
  recordsOf,
  type Stores,
  settlementOf,
} from '../../support/limits-fixture.ts';
import { startLimitsKinds } from '../../support/limits-kinds.ts';

const { kinds, close } = await startLimitsKinds();
afterAll(close);

const countersOf = ({ charges }: Admission): readonly string[] => charges.map(counterName);
const AFTER_EXPIRY_MS = NOW_MS + LIFETIME_MS + 1;
const isAdmitted = (result: AdmissionResult): boolean => result.outcome === 'admitted';

test('the suite runs against a real DynamoDB protocol on the machines that have one', () => {
  expect(kinds.length).toBe(process.platform === 'linux' && process.arch === 'x64' ? 4 : kinds.length);
});

describe.each(kinds)('limits in $name', ({ open }) => {
  let stores: Stores;
  let tenant: TenantRef;
  beforeEach(() => {
    stores = open();
    tenant = freshTenant();
  });

  const manyAdmissions = (count: number, limits: Partial<TenantLimits>) =>
    Array.from({ length: count }, (_, index) =>
      admissionOf({ tenant, index, tokens: 7, nanoUsd: 1_000, limits: { inflightMax: 400, ...limits } }),
    );

  test('200 concurrent requests reserve to the exact limit and never more', async () => {
    const admissions = manyAdmissions(200, { tokensPerMinute: 500 });
    const results = await Promise.all(admissions.map((admission) => stores.limits.admit(admission)));
    expect(results.filter(isAdmitted)).toHaveLength(71);
    expect(await committedAt(stores, tenant)).toEqual([497, 71_000]);
  });

  test('200 concurrent requests that settle early spend at most the limit, and the ledger adds up', async () => {
    const admissions = manyAdmissions(200, { nanoUsdPerMonth: 50_000 });
    const results = await Promise.all(
      admissions.map(async (admission) => {
        const result = await stores.limits.admit(admission);
        if (isAdmitted(result))
          await stores.limits.settle(settlementOf(admission, { tokens: 3, nanoUsd: 400 }));
        return result;
      }),
    );
    const records = await recordsOf(stores, tenant);
    const spent = records.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
    expect(records).toHaveLength(results.filter(isAdmitted).length);
    expect(records.length).toBeGreaterThanOrEqual(50);
    expect(spent).toBeLessThanOrEqual(50_000);
    expect(await committedAt(stores, tenant)).toEqual([records.length * 3, spent]);
  });

  test('the in-flight cap admits exactly as many at once, and a settlement makes room for one', async () => {
    const admissions = manyAdmissions(30, { inflightMax: 5 });
    const results = await Promise.all(admissions.map((admission) => stores.limits.admit(admission)));
    const running = admissions.filter((_, index) => results[index]?.outcome === 'admitted');
    expect(running).toHaveLength(5);
    expect(results.filter((result) => !isAdmitted(result))).toEqual(
      Array.from({ length: 25 }, () => ({
        outcome: 'refused',
        by: 'inflight',
        held: [5_000, 35, 5_000, 35, 5, 5, 35],
      })),
    );
    const [first] = running;
    if (first !== undefined) await stores.limits.settle(settlementOf(first));
    const next = [50, 51].map((index) => admissionOf({ tenant, index, limits: { inflightMax: 5 } }));
    const after = [];
    for (const admission of next) after.push((await stores.limits.admit(admission)).outcome);
    expect(after).toEqual(['admitted', 'refused']);
  });

  test('a refusal names the limit and what it holds', async () => {
    const limits = { tokensPerMinute: 1_000, nanoUsdPerMonth: 2_500 };
    await stores.limits.admit(admissionOf({ tenant, index: 1, tokens: 10, nanoUsd: 2_000, limits }));
    const byMoney = admissionOf({ tenant, index: 2, tokens: 10, nanoUsd: 501, limits });
    expect(await stores.limits.admit(byMoney)).toEqual({
      outcome: 'refused',
      by: { kind: 'money-month', period: '202611', amount: 501, limit: 2_500 },
      committed: 2_000,
      returnable: 2_000,
      held: [2_000, 10, 2_000, 10, 1, 1, 10],
    });
    const byTokens = admissionOf({ tenant, index: 3, tokens: 991, nanoUsd: 500, limits });
    expect(await stores.limits.admit(byTokens)).toEqual({
      outcome: 'refused',
      by: { kind: 'tokens-minute', period: '202611202017', amount: 991, limit: 1_000 },
      committed: 10,
      returnable: 10,
      held: [2_000, 10, 2_000, 10, 1, 1, 10],
    });
    const exact = admissionOf({ tenant, index: 4, tokens: 990, nanoUsd: 500, limits });
    expect(await stores.limits.admit(exact)).toEqual(
      admittedWith({ tokens: 1_000, nanoUsd: 2_500, requests: 2 }),
    );
  });

  test('a request larger than its limit is refused by it, on an empty counter too', async () => {
    const admission = admissionOf({ tenant, index: 1, tokens: 1_001, limits: { tokensPerMinute: 1_000 } });
    expect(await stores.limits.admit(admission)).toEqual({
      outcome: 'refused',
      by: { kind: 'tokens-minute', period: '202611202017', amount: 1_001, limit: 1_000 },
      committed: 0,
      returnable: 0,
      held: [],
    });
    expect(await committedAt(stores, tenant)).toEqual([0, 0]);
  });

  test('a counter without a limit counts and refuses nobody', async () => {
    await stores.limits.admit(admissionOf({ tenant, index: 1, tokens: 10 ** 9 }));
    const result = await stores.limits.admit(admissionOf({ tenant, index: 2, tokens: 10 ** 9 }));
    expect(result).toEqual(admittedWith({ tokens: 2 * 10 ** 9, nanoUsd: 2_000, requests: 2 }));
  });

  test('an admission sent again reserves nothing more and is admitted again', async () => {
    const limits = { tokensPerMinute: 10, inflightMax: 1 };
    const admission = admissionOf({ tenant, index: 1, tokens: 10, limits });
    const first = await stores.limits.admit(admission);
    expect(await stores.limits.admit(admission)).toEqual(first);
    expect(await stores.another().admit(admission)).toEqual(first);
    await stores.limits.settle(settlementOf(admission));
    expect(await committedAt(stores, tenant)).toEqual([10, 1_000]);
  });

  test('a settlement sent again, at once or after the entry is gone, changes nothing', async () => {
    const admission = admissionOf({ tenant, index: 1 });
    const settlement = settlementOf(admission, { tokens: 4, nanoUsd: 300 });
    await stores.limits.admit(admission);
    await stores.limits.settle(settlement);
    await stores.limits.settle(settlement);
    await stores.another().settle(settlement);
    await committedAt(stores, tenant, NOW_MS + 7_000);
    await stores.limits.settle(settlement);
    expect(await committedAt(stores, tenant)).toEqual([4, 300]);
    expect(await recordsOf(stores, tenant)).toEqual([settlement.record]);
  });

  test('a late settlement returns what it did not use to its own minute and month', async () => {
    const atMs = Date.UTC(2026, 10, 30, 23, 59, 50);
    const laterMs = atMs + 20_000;
    const admission = admissionOf({ tenant, index: 1, tokens: 100, nanoUsd: 5_000, atMs });
    await stores.limits.admit(admission);
    await stores.limits.admit(admissionOf({ tenant, index: 2, tokens: 40, nanoUsd: 700, atMs: laterMs }));
    await stores.limits.settle(settlementOf(admission, { tokens: 30, nanoUsd: 1_200, settledAtMs: laterMs }));
    expect(await committedAt(stores, tenant, atMs)).toEqual([30, 1_200]);
    expect(await committedAt(stores, tenant, laterMs)).toEqual([40, 700]);
  });

  test('counters begin anew at the next minute and month without initialisation', async () => {
    const limits = { tokensPerMinute: 10, nanoUsdPerMonth: 1_000 };
    const lastMs = Date.UTC(2026, 10, 30, 23, 59, 59, 999);
    const results = [];
    for (const [index, atMs] of [lastMs, lastMs, lastMs + 1, lastMs + 2].entries()) {
      results.push((await stores.limits.admit(admissionOf({ tenant, index, limits, atMs }))).outcome);
    }
    expect(results).toEqual(['admitted', 'refused', 'admitted', 'refused']);
  });

  test('an admission under older limits than the last admission is refused as stale', async () => {
    await stores.limits.admit(admissionOf({ tenant, index: 1, limits: { version: 3 } }));
    const stale = await stores.limits.admit(admissionOf({ tenant, index: 2, limits: { version: 2 } }));
    const newer = await stores.limits.admit(admissionOf({ tenant, index: 3, limits: { version: 4 } }));
    expect(stale).toEqual({ outcome: 'refused', by: 'stale-limits' });
    expect(newer).toEqual(admittedWith({ tokens: 20, nanoUsd: 2_000, requests: 2 }));
  });

  test('lowering a limit while calls run refuses new ones and settles the old ones', async () => {
    const running = manyAdmissions(20, { tokensPerMinute: 1_000 });
    await Promise.all(running.map((admission) => stores.limits.admit(admission)));
    const lower = { version: 2, tokensPerMinute: 100 };
    const next = admissionOf({ tenant, index: 100, limits: lower });
    expect(await stores.limits.admit(next)).toMatchObject({ outcome: 'refused', committed: 140 });
    await Promise.all(
      running.map((one) => stores.limits.settle(settlementOf(one, { tokens: 1, nanoUsd: 1 }))),
    );
    expect(await stores.limits.admit(next)).toEqual(
      admittedWith({ tokens: 30, nanoUsd: 1_020, requests: 21 }),
    );
  });

  test('a request that used more than it reserved is charged what it used', async () => {
    const admission = admissionOf({ tenant, index: 1, tokens: 10, nanoUsd: 1_000 });
    await stores.limits.admit(admission);
    await stores.limits.settle(settlementOf(admission, { tokens: 25, nanoUsd: 1_700 }));
    expect(await committedAt(stores, tenant)).toEqual([25, 1_700]);
  });

  test('a settlement without a reservation is charged once and recorded', async () => {
    const settlement = settlementOf(admissionOf({ tenant, index: 1 }), { tokens: 6, nanoUsd: 600 });
    await stores.limits.settle(settlement);
    await stores.limits.settle(settlement);
    expect(await committedAt(stores, tenant)).toEqual([6, 600]);
    expect(await recordsOf(stores, tenant)).toEqual([settlement.record]);
  });

  test('the sweep settles what a dead process reserved in full, once, and frees its place', async () => {
    const limits = { inflightMax: 1 };
    const admission = admissionOf({ tenant, index: 1, tokens: 10, nanoUsd: 1_000, limits });
    await stores.limits.admit(admission);
    expect(await stores.another().sweep(tenant, admission.expiresAtMs)).toBe(0);
    expect(await stores.another().sweep(tenant, AFTER_EXPIRY_MS)).toBe(1);
    expect(await stores.another().sweep(tenant, AFTER_EXPIRY_MS)).toBe(0);
    expect(await recordsOf(stores, tenant)).toEqual([
      {
        request: admission.request,
        tenant,
        account: admission.account,
        key: admission.key,
        model: MODEL,
        endpoint: 'chat.completions',
        serviceTier: 'standard',
        outcome: 'orphaned',
        usage: { input: 10, output: 0, cacheRead: 0, cacheWrite: 0 },
        nanoUsd: 1_000,
        estimated: true,
        startedAtMs: NOW_MS,
        settledAtMs: AFTER_EXPIRY_MS,
      },
    ]);
    expect(await stores.limits.admit(admissionOf({ tenant, index: 2, limits }))).toEqual(
      admittedWith({ tokens: 20, nanoUsd: 2_000, requests: 2 }),
    );
  });

  test('another request of the tenant settles an orphan in passing', async () => {
    await stores.limits.admit(admissionOf({ tenant, index: 1 }));
    const later = admissionOf({ tenant, index: 2, atMs: AFTER_EXPIRY_MS });
    const other = stores.another();
    await other.admit(later);
    await other.settle(settlementOf(later));
    const outcomes = (await recordsOf(stores, tenant)).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['orphaned', 'completed']);
  });

  test('a settlement that comes after its orphan was charged changes nothing', async () => {
    const admission = admissionOf({ tenant, index: 1, tokens: 10, nanoUsd: 1_000 });
    await stores.limits.admit(admission);
    await stores.another().sweep(tenant, AFTER_EXPIRY_MS);
    await stores.limits.settle(settlementOf(admission, { tokens: 1, nanoUsd: 1 }));
    expect(await committedAt(stores, tenant)).toEqual([10, 1_000]);
    expect((await recordsOf(stores, tenant)).map(({ outcome }) => outcome)).toEqual(['orphaned']);
  });

  test('a duplicate of an admission that arrives after the settlement is released, not charged', async () => {
    const admission = admissionOf({ tenant, index: 1 });
    const settlement = settlementOf(admission, { tokens: 4, nanoUsd: 300 });
    await stores.limits.admit(admission);
    await stores.limits.settle(settlement);
    await committedAt(stores, tenant, NOW_MS + 7_000);
    await stores.limits.admit(admission);
    expect(await stores.another().sweep(tenant, AFTER_EXPIRY_MS)).toBe(0);
    expect(await committedAt(stores, tenant)).toEqual([4, 300]);
    expect(await recordsOf(stores, tenant)).toEqual([settlement.record]);
  });

  test('what one tenant uses is no other tenant’s', async () => {
    const limits = { tokensPerMinute: 10 };
    await stores.limits.admit(admissionOf({ tenant, index: 1, limits }));
    const neighbour = freshTenant();
    const result = await stores.limits.admit(admissionOf({ tenant: neighbour, index: 1, limits }));
    expect(result).toEqual(admittedWith({ tokens: 10, nanoUsd: 1_000, requests: 1 }));
    await stores.limits.sweep(neighbour, AFTER_EXPIRY_MS);
    expect(await recordsOf(stores, tenant)).toEqual([]);
  });

  test('what is held is told of one instant: counters, requests under way and what they set aside', async () => {
    expect(await stores.limits.readHeld(tenant)).toEqual({
      counters: new Map(),
      reservations: [],
      inflight: 0,
    });
    const [ended, running] = manyAdmissions(2, {});
    if (ended === undefined || running === undefined) throw new Error('No admissions.');
    for (const admission of [ended, running]) await stores.limits.admit(admission);
    await stores.limits.settle(settlementOf(ended, { tokens: 3, nanoUsd: 400 }));
    const held = await stores.another().readHeld(tenant);
    expect(held.inflight).toBe(1);
    expect(held.reservations).toEqual([reservationOf(running)]);
    const counted = countersOf(running).map((name) => held.counters.get(name));
    expect(counted).toEqual([1_400, 10, 1_400, 10, 2, 2, 10]);
    expect(held.counters.size).toBe(counted.length);
  });

  test('spend is what this month has settled and reserved, and 0 before its first request', async () => {
    const nextMonthMs = Date.UTC(2026, 11, 1);
    const spent = (nanoUsd: number) => ({ nanoUsd, debtNanoUsd: 0 });
    expect(await stores.limits.readSpend(tenant, NOW_MS)).toEqual(spent(0));
    const settled = admissionOf({ tenant, index: 1, nanoUsd: 5_000 });
    await stores.limits.admit(settled);
    await stores.limits.settle(settlementOf(settled, { nanoUsd: 1_200 }));
    await stores.limits.admit(admissionOf({ tenant, index: 2, nanoUsd: 300 }));
    expect(await stores.another().readSpend(tenant, NOW_MS)).toEqual(spent(1_500));
    expect(await stores.limits.readSpend(tenant, nextMonthMs)).toEqual(spent(0));
    expect(await stores.limits.readSpend(tenant, nextMonthMs - 1)).toEqual(spent(1_500));
  });

  test('charges that do not follow from their admission are refused before anything is reserved', async () => {
    const admission = admissionOf({ tenant, index: 1 });
    const elsewhere = { ...admission, nowMs: NOW_MS + 60_000 };
    await expect(stores.limits.admit(elsewhere)).rejects.toThrow(TypeError);
    expect(await committedAt(stores, tenant)).toEqual([0, 0]);
  });
});
