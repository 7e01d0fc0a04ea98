/** How limits count: Bedrock's tokens, estimates and their debt, and what changes while requests are under way. */
import type { Admission } from '../../../shared/domain/admission.ts';
import type { TenantRef } from '../../../shared/domain/ids.ts';
import { utcSecond } from '../../../shared/domain/limits.ts';
import { totalTokens } from '../../../shared/domain/usage.ts';
import {
  type AdmissionFacts,
  admissionOf,
  committedAt,
  countersAt,
  freshTenant,
  LIFETIME_MS,
  NOW_MS,
  recordsOf,
  type Stores,
  settlementOf,
} from '../../support/limits-fixture.ts';
import { startLimitsKinds } from '../../support/limits-kinds.ts';

const { kinds, close } = await startLimitsKinds();
afterAll(close);

const AFTER_EXPIRY_MS = NOW_MS + LIFETIME_MS + 1;

describe.each(kinds)('how limits count in $name', ({ open }) => {
  let stores: Stores;
  let tenant: TenantRef;
  beforeEach(() => {
    stores = open();
    tenant = freshTenant();
  });

  const admitted = async (facts: Omit<AdmissionFacts, 'tenant'>): Promise<Admission> => {
    const admission = admissionOf({ tenant, ...facts });
    expect((await stores.limits.admit(admission)).outcome).toBe('admitted');
    return admission;
  };
  /** Tokens of the minute, the day and the month. */
  const tokensHeld = async (version = 1): Promise<readonly number[]> => {
    const held = await countersAt(stores, { tenant, atMs: NOW_MS, version });
    return ['tpm#202611202017', 'tpd#20261120', 'tpmo#202611'].map((name) => held.get(name) ?? 0);
  };

  test('counted as Bedrock does, a minute holds output by its factor and no cache reads, days every token once', async () => {
    const counting = { tokenCounting: 'bedrock' } as const;
    // 20 tokens in and 10 out, of which each counts five.
    const asked = { tokens: 30, minuteTokens: 70, outputFactor: 5, limits: counting };
    const admission = await admitted({ index: 1, ...asked });
    expect(await tokensHeld()).toEqual([70, 30, 30]);
    // 18 tokens: 10 read from the cache, 4 in, 4 out.
    await stores.limits.settle(settlementOf(admission, { tokens: 18, cacheRead: 10 }));
    expect(await tokensHeld()).toEqual([24, 18, 18]);
  });

  test('a limit a minute counted as Bedrock does admits to its exact count', async () => {
    const limits = { tokenCounting: 'bedrock', tokensPerMinute: 140 } as const;
    const asked = { tokens: 30, minuteTokens: 70, outputFactor: 5, limits };
    await admitted({ index: 1, ...asked });
    await admitted({ index: 2, ...asked });
    const third = admissionOf({ tenant, index: 3, ...asked, minuteTokens: 1 });
    expect(await stores.limits.admit(third)).toMatchObject({
      outcome: 'refused',
      by: { kind: 'tokens-minute', period: '202611202017', amount: 1, limit: 140 },
      committed: 140,
    });
  });

  test('a change of how tokens count, either way and in flight, leaves no difference behind', async () => {
    const asBedrock = await admitted({
      ...{ index: 1, tokens: 30, minuteTokens: 70, outputFactor: 5 },
      limits: { tokenCounting: 'bedrock' },
    });
    const plain = await admitted({ index: 2, tokens: 30, limits: { version: 2 } });
    const again = await admitted({
      ...{ index: 3, tokens: 30, minuteTokens: 70, outputFactor: 5 },
      limits: { version: 3, tokenCounting: 'bedrock' },
    });
    expect(await tokensHeld(3)).toEqual([170, 90, 90]);
    for (const admission of [asBedrock, plain, again]) {
      await stores.another().settle(settlementOf(admission, { tokens: 0, nanoUsd: 0 }));
    }
    expect(await tokensHeld(3)).toEqual([0, 0, 0]);
  });

  test('an orphan and a late duplicate are settled as they were counted', async () => {
    const debt = { debtNanoUsd: 200, debtTokens: 6, debtMinuteTokens: 9 };
    const asked = { tokens: 30, minuteTokens: 70, outputFactor: 5, ...debt };
    const finished = await admitted({ index: 1, ...asked });
    await stores.limits.settle(settlementOf(finished, { tokens: 4, nanoUsd: 300 }));
    await committedAt(stores, tenant, NOW_MS + 7_000);
    await stores.limits.admit(finished);
    await admitted({ index: 2, ...asked });
    expect(await stores.another().sweep(tenant, AFTER_EXPIRY_MS)).toBe(1);
    // 2 in and 2 out of the finished one, 70 and 9 of the orphan: what it reserved and its debt.
    expect(await tokensHeld()).toEqual([2 + 2 * 5 + 79, 40, 40]);
    expect(await stores.limits.readSpend(tenant, NOW_MS)).toEqual({ nanoUsd: 300 + 1_200, debtNanoUsd: 0 });
    const spent = (await recordsOf(stores, tenant)).map(({ outcome, nanoUsd, usage }) => [
      outcome,
      nanoUsd,
      totalTokens(usage),
    ]);
    expect(spent).toEqual([
      ['completed', 300, 4],
      ['orphaned', 1_200, 36],
    ]);
  });

  test('the debt of estimates is that of the requests under way, and nothing once they are settled', async () => {
    const first = await admitted({ index: 1, nanoUsd: 1_000, debtNanoUsd: 400 });
    const second = await admitted({ index: 2, nanoUsd: 1_000, debtNanoUsd: 70 });
    await admitted({ index: 3, nanoUsd: 1_000 });
    const spend = () => stores.limits.readSpend(tenant, NOW_MS);
    expect(await spend()).toEqual({ nanoUsd: 3_000, debtNanoUsd: 470 });
    await stores.limits.settle(settlementOf(first, { nanoUsd: 1_390 }));
    expect(await spend()).toEqual({ nanoUsd: 3_390, debtNanoUsd: 70 });
    await stores.another().settle(settlementOf(second, { nanoUsd: 600 }));
    await stores.another().settle(settlementOf(second, { nanoUsd: 600 }));
    expect(await spend()).toEqual({ nanoUsd: 2_990, debtNanoUsd: 0 });
  });

  test('estimates pass a limit by no more than the debt that was told of them', async () => {
    const limits = { estimation: 'balanced', nanoUsdPerMonth: 3_000 } as const;
    const running: Admission[] = [];
    for (const index of [1, 2, 3]) {
      running.push(await admitted({ index, nanoUsd: 1_000, debtNanoUsd: 250, limits }));
    }
    const refused = admissionOf({ tenant, index: 4, nanoUsd: 1, limits });
    expect((await stores.limits.admit(refused)).outcome).toBe('refused');
    const { nanoUsd, debtNanoUsd } = await stores.limits.readSpend(tenant, NOW_MS);
    for (const admission of running) await stores.limits.settle(settlementOf(admission, { nanoUsd: 1_250 }));
    expect(await stores.limits.readSpend(tenant, NOW_MS)).toEqual({
      nanoUsd: nanoUsd + debtNanoUsd,
      debtNanoUsd: 0,
    });
    expect(stores.events).toEqual([]);
  });

  test('100 requests under way settle into their own periods when limits, smoothing and models change', async () => {
    const before = { inflightMax: 400, smoothing: '10s', tokensPerMinute: 6_000 } as const;
    const running = Array.from({ length: 100 }, (_, at) =>
      admissionOf({ tenant, index: at + 1, limits: before }),
    );
    await Promise.all(running.map((admission) => stores.limits.admit(admission)));
    const laterMs = NOW_MS + 20_000;
    const after = { inflightMax: 400, version: 2, models: [{ model: 'm', limits: { tokensPerDay: 1_015 } }] };
    const other = await admitted({ index: 200, atMs: laterMs, model: 'm', limits: after });
    await Promise.all(
      running.map((admission) =>
        stores.limits.settle(settlementOf(admission, { tokens: 1, nanoUsd: 3, settledAtMs: laterMs })),
      ),
    );
    await stores.limits.settle(settlementOf(other, { tokens: 0, nanoUsd: 0 }));
    expect(await tokensHeld(2)).toEqual([100, 100, 100]);
    const limits = { ...before, version: 3 };
    const again = await stores.limits.admit(
      admissionOf({ tenant, index: 300, tokens: 0, nanoUsd: 0, limits }),
    );
    // The last is their slot: it was full.
    expect(again).toEqual({ outcome: 'admitted', committed: [300, 100, 300, 100, 103, 103, 100, 100] });
  });

  test.each([-500, 500])(
    'a clock that is %d ms wrong never makes a minute admit more than its limit',
    async (skewMs) => {
      const limits = { requestsPerMinute: 20, inflightMax: 400 };
      const endMs = Date.UTC(2026, 10, 20, 20, 18);
      // Two processes, every 20 ms around a minute's end, by their own clocks.
      const times = Array.from({ length: 100 }, (_, at) => endMs - 1_000 + 20 * at);
      const asked = times.flatMap((atMs, at) => [
        { store: stores.limits, admission: admissionOf({ tenant, index: 2 * at, atMs, limits }) },
        {
          store: stores.another(),
          admission: admissionOf({ tenant, index: 2 * at + 1, atMs: atMs + skewMs, limits }),
        },
      ]);
      const minutes = await Promise.all(
        asked.map(async ({ store, admission }) => {
          const { outcome } = await store.admit(admission);
          return outcome === 'admitted' ? utcSecond(admission.nowMs).slice(0, 12) : 'refused';
        }),
      );
      const counts = new Map(
        [...Map.groupBy(minutes, (name) => name)].map(([name, all]) => [name, all.length]),
      );
      expect(Object.fromEntries(counts)).toEqual({ '202611202017': 20, '202611202018': 20, refused: 160 });
    },
  );

  test('an admission of amounts that are no counts is refused before anything is reserved', async () => {
    for (const [index, debtNanoUsd] of [Number.NaN, -1, 0.5, 2 ** 53].entries()) {
      const admission = admissionOf({ tenant, index, debtNanoUsd });
      await expect(stores.limits.admit(admission)).rejects.toThrow(TypeError);
    }
    expect(await stores.limits.readSpend(tenant, NOW_MS)).toEqual({ nanoUsd: 0, debtNanoUsd: 0 });
  });

  test('a settlement of amounts that are no counts fails, and the request is charged in full at its expiry', async () => {
    const admission = await admitted({ index: 1, tokens: 10, nanoUsd: 1_000 });
    await expect(stores.limits.settle(settlementOf(admission, { nanoUsd: Number.NaN }))).rejects.toThrow();
    expect(await stores.another().sweep(tenant, AFTER_EXPIRY_MS)).toBe(1);
    expect(await committedAt(stores, tenant)).toEqual([10, 1_000]);
  });
});
