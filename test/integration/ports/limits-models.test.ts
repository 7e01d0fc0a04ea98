/** Limits of a model, of a day and a month, spread over ten seconds and in shadow, in every kind of store. */
import type { AdmissionResult } from '../../../shared/domain/admission.ts';
import { accountOfKey, modelRefOf, type TenantRef } from '../../../shared/domain/ids.ts';
import type { TenantLimits } from '../../../shared/domain/limits.ts';
import {
  type AdmissionFacts,
  admissionOf,
  committedAt,
  freshTenant,
  KEY,
  NOW_MS,
  OTHER_KEY,
  type Stores,
  settlementOf,
} from '../../support/limits-fixture.ts';
import { startLimitsKinds } from '../../support/limits-kinds.ts';

const { kinds, close } = await startLimitsKinds();
afterAll(close);

const MODEL_ID = 'anthropic.claude-x';
const PROFILES = [`us.${MODEL_ID}`, `eu.${MODEL_ID}`, MODEL_ID];
const SLOT_MS = 10_000;

describe.each(kinds)('limits of models and slots in $name', ({ open }) => {
  let stores: Stores;
  let tenant: TenantRef;
  beforeEach(() => {
    stores = open();
    tenant = freshTenant();
  });

  /** Admits one after another; the answers. */
  async function admitAll(all: readonly Omit<AdmissionFacts, 'tenant' | 'index'>[], from = 1) {
    const results: AdmissionResult[] = [];
    for (const [at, facts] of all.entries()) {
      results.push(await stores.limits.admit(admissionOf({ tenant, index: from + at, ...facts })));
    }
    return results;
  }
  const outcomes = (results: readonly AdmissionResult[]) => results.map(({ outcome }) => outcome);

  test.each([
    ['tokensPerDay', 'tokens-day', '20261120', 10, { tokensPerDay: 25 }],
    ['tokensPerMonth', 'tokens-month', '202611', 10, { tokensPerMonth: 25 }],
    ['nanoUsdPerDay', 'money-day', '20261120', 1_000, { nanoUsdPerDay: 2_500 }],
  ] as const)(
    '%s holds through the minutes of its period and names itself',
    async (_, kind, period, amount, given) => {
      const times = [NOW_MS, NOW_MS + 60_000, NOW_MS + 120_000];
      const results = await admitAll(times.map((atMs) => ({ atMs, limits: given })));
      expect(outcomes(results)).toEqual(['admitted', 'admitted', 'refused']);
      const [limit] = Object.values(given);
      expect(results[2]).toMatchObject({
        outcome: 'refused',
        by: { kind, period, amount, limit },
        committed: 2 * amount,
      });
      const nextMs = period.length === 6 ? Date.UTC(2026, 11, 1) : Date.UTC(2026, 10, 21);
      const after = [nextMs - 1, nextMs].map((atMs) => ({ atMs, limits: given }));
      expect(outcomes(await admitAll(after, 10))).toEqual(['refused', 'admitted']);
    },
  );

  test('a model is limited through all of its profiles together, and no other model is', async () => {
    const limits = {
      models: [{ model: MODEL_ID, limits: { requestsPerMinute: 2, nanoUsdPerMonth: 9_000 } }],
    };
    const asked = [...PROFILES, 'us.amazon.nova-x'].map((model) => ({ model, limits }));
    const results = await admitAll(asked);
    expect(outcomes(results)).toEqual(['admitted', 'admitted', 'refused', 'admitted']);
    expect(results[2]).toMatchObject({
      outcome: 'refused',
      by: {
        kind: 'requests-minute',
        period: '202611202017',
        amount: 1,
        limit: 2,
        model: modelRefOf(MODEL_ID),
      },
      committed: 2,
    });
  });

  test('a model counts for all accounts together, and a settlement gives it back what was not used', async () => {
    const limits = { models: [{ model: MODEL_ID, limits: { tokensPerMinute: 100 } }] };
    const accountLimits = { tokensPerMinute: 60 };
    const facts = { tenant, model: PROFILES[0] ?? '', limits, accountLimits, tokens: 60 };
    const first = admissionOf({ ...facts, index: 1, key: KEY });
    expect((await stores.limits.admit(first)).outcome).toBe('admitted');
    const other = admissionOf({ ...facts, index: 2, key: OTHER_KEY });
    expect(await stores.limits.admit(other)).toMatchObject({
      by: { model: modelRefOf(MODEL_ID) },
      committed: 60,
    });
    await stores.another().settle(settlementOf(first, { tokens: 40 }));
    const again = await stores.limits.admit(admissionOf({ ...facts, index: 3, key: OTHER_KEY }));
    const held = other.charges.filter(({ kind }) => kind === 'tokens-minute');
    expect(held.map(({ account, model }) => account ?? model)).toEqual([
      undefined,
      accountOfKey(OTHER_KEY),
      modelRefOf(MODEL_ID),
    ]);
    expect(again.outcome === 'admitted' && again.committed.slice(-3)).toEqual([100, 60, 100]);
  });

  test('200 concurrent requests by two profiles reserve to the exact limit of their model', async () => {
    const limits = { inflightMax: 400, models: [{ model: MODEL_ID, limits: { tokensPerDay: 500 } }] };
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        stores.limits.admit(
          admissionOf({ tenant, index, tokens: 7, limits, model: PROFILES[index % 2] ?? '' }),
        ),
      ),
    );
    expect(outcomes(results).filter((outcome) => outcome === 'admitted')).toHaveLength(71);
  });

  test('smoothing lets in a sixth of a minute’s requests every ten seconds, exactly at the boundary', async () => {
    const limits = { smoothing: '10s', requestsPerMinute: 12 } as const;
    const startMs = Date.UTC(2026, 10, 20, 20, 17, 10);
    const times = [0, SLOT_MS - 2, SLOT_MS - 1, SLOT_MS, SLOT_MS + 1, SLOT_MS + 2];
    const results = await admitAll(times.map((passed) => ({ atMs: startMs + passed, limits })));
    expect(outcomes(results)).toEqual(['admitted', 'admitted', 'refused', 'admitted', 'admitted', 'refused']);
    expect(results[2]).toMatchObject({
      outcome: 'refused',
      by: { kind: 'requests-slot', period: '2026112020171', amount: 1, limit: 2 },
      committed: 2,
    });
  });

  test('a request larger than a slot takes an empty one, and the limit of the minute still holds', async () => {
    const limits = { smoothing: '10s', tokensPerMinute: 60 } as const;
    const startMs = Date.UTC(2026, 10, 20, 20, 17);
    const at = (slot: number, tokens: number) => ({ atMs: startMs + slot * SLOT_MS, tokens, limits });
    const results = await admitAll([
      at(0, 1),
      at(0, 25),
      at(1, 25),
      at(1, 1),
      at(2, 35),
      at(3, 34),
      at(4, 61),
    ]);
    expect(outcomes(results)).toEqual([
      ...['admitted', 'refused', 'admitted', 'refused', 'refused', 'admitted', 'refused'],
    ]);
    expect(results[1]).toMatchObject({ by: { kind: 'tokens-slot', limit: 25 }, committed: 1 });
    expect(results[4]).toMatchObject({ by: { kind: 'tokens-minute', limit: 60 }, committed: 26 });
    // Nothing larger than its minute is let in by an empty slot.
    expect(results[6]).toMatchObject({ by: { kind: 'tokens-minute', amount: 61, limit: 60 }, committed: 0 });
  });

  test('a slot gets back what its own requests did not use, however late', async () => {
    const limits = { smoothing: '10s', tokensPerMinute: 60 } as const;
    const first = admissionOf({ tenant, index: 1, tokens: 10, limits });
    await stores.limits.admit(first);
    await stores.limits.settle(settlementOf(first, { tokens: 4, settledAtMs: NOW_MS + 2 * SLOT_MS }));
    const results = await admitAll(
      [
        { tokens: 7, limits },
        { tokens: 6, limits },
      ],
      2,
    );
    expect(outcomes(results)).toEqual(['refused', 'admitted']);
  });

  test('smoothing spreads the limits of accounts and models too', async () => {
    const six = { requestsPerMinute: 6 };
    const model = PROFILES[0] ?? '';
    const ofModel = { smoothing: '10s', models: [{ model: MODEL_ID, limits: six }] } as const;
    const byModel = await admitAll([
      { model, limits: ofModel },
      { model, limits: ofModel },
    ]);
    expect(byModel[1]).toMatchObject({
      by: { kind: 'requests-slot', model: modelRefOf(MODEL_ID) },
      committed: 1,
    });
    const limits = { smoothing: '10s' } as const;
    const byAccount = await admitAll(
      [
        { limits, accountLimits: six },
        { limits, accountLimits: six },
      ],
      3,
    );
    expect(byAccount[1]).toMatchObject({ by: { kind: 'requests-slot', account: accountOfKey(KEY) } });
  });

  test('a limit in shadow refuses nobody, counts everybody, and says what it holds', async () => {
    const limits: Partial<TenantLimits> = {
      smoothing: '10s',
      ...{ tokensPerMinute: 5, requestsPerDay: 1, nanoUsdPerMonth: 500 },
      shadow: ['tokensPerMinute', 'requestsPerDay', 'nanoUsdPerMonth'],
    };
    const results = await admitAll([{ limits }, { limits }]);
    expect(results[1]).toEqual({
      outcome: 'admitted',
      // Money and tokens of the month and the day, requests of the day and the minute, tokens of minute and slot.
      committed: [2_000, 20, 2_000, 20, 2, 2, 20, 20],
    });
    const watched = admissionOf({ tenant, index: 9, limits }).charges;
    expect(watched.filter(({ limit }) => limit !== undefined)).toEqual([]);
    expect(
      watched.flatMap(({ kind, shadowLimit }) => (shadowLimit === undefined ? [] : [[kind, shadowLimit]])),
    ).toEqual([
      ['money-month', 500],
      ['requests-day', 1],
      ['tokens-minute', 5],
      ['tokens-slot', 10],
    ]);
  });

  test('a limit in shadow leaves the others in force, and acts from the request on that enforces it', async () => {
    const shaded: Partial<TenantLimits> = {
      tokensPerMinute: 5,
      requestsPerMinute: 2,
      shadow: ['tokensPerMinute'],
    };
    const results = await admitAll([{ limits: shaded }, { limits: shaded }, { limits: shaded }]);
    expect(outcomes(results)).toEqual(['admitted', 'admitted', 'refused']);
    expect(results[2]).toMatchObject({ by: { kind: 'requests-minute' }, committed: 2 });
    const enforced = { version: 2, tokensPerMinute: 29 };
    expect(await admitAll([{ limits: enforced }], 9)).toMatchObject([
      { by: { kind: 'tokens-minute' }, committed: 20 },
    ]);
    expect((await committedAt(stores, tenant))[0]).toBe(20);
  });
});
