/** Limits of a service account beside its tenant's, and limits on requests, in every kind of store. */
import type { Admission, AdmissionResult } from '../../../shared/domain/admission.ts';
import { accountOfKey, newKeyRef, type TenantRef } from '../../../shared/domain/ids.ts';
import type { LimitSet } from '../../../shared/domain/limits.ts';
import {
  type AdmissionFacts,
  admissionOf,
  countersAt,
  freshTenant,
  KEY,
  LIFETIME_MS,
  NOW_MS,
  OTHER_KEY,
  type Stores,
  settlementOf,
} from '../../support/limits-fixture.ts';
import { startLimitsKinds } from '../../support/limits-kinds.ts';
import { seededRandom } from '../../support/random.ts';

const { kinds, close } = await startLimitsKinds();
afterAll(close);

const ACCOUNT = accountOfKey(KEY);
const AFTER_EXPIRY_MS = NOW_MS + LIFETIME_MS + 1;
const isAdmitted = (result: AdmissionResult): boolean => result.outcome === 'admitted';

describe.each(kinds)('limits of accounts and requests in $name', ({ open }) => {
  let stores: Stores;
  let tenant: TenantRef;
  beforeEach(() => {
    stores = open();
    tenant = freshTenant();
  });

  /** What the account's counters hold: tokens, money, and requests of the day but for the one that asks. */
  async function heldByAccount(): Promise<readonly number[]> {
    const held = await countersAt(stores, { tenant, atMs: NOW_MS, key: KEY });
    const at = (name: string): number => held.get(`${name}#${ACCOUNT}`) ?? 0;
    return [at('tpm#202611202017'), at('usd#202611'), at('rpd#20261120') - 1];
  }
  const admitAll = (admissions: readonly Admission[]) =>
    Promise.all(admissions.map((admission) => stores.limits.admit(admission)));

  test.each([
    ['requestsPerMinute', { requestsPerMinute: 30 }],
    ['requestsPerDay', { requestsPerDay: 30 }],
    ['tokensPerMinute', { tokensPerMinute: 30 * 7 }],
    ['tokensPerDay', { tokensPerDay: 30 * 7 }],
    ['tokensPerMonth', { tokensPerMonth: 30 * 7 }],
    ['nanoUsdPerDay', { nanoUsdPerDay: 30 * 100 }],
    ['nanoUsdPerMonth', { nanoUsdPerMonth: 30 * 100 }],
  ] as const)(
    '100 concurrent requests reserve to the exact %s of an account and of a tenant',
    async (_, given) => {
      const hundred = (facts: Pick<AdmissionFacts, 'tenant' | 'limits' | 'accountLimits'>) =>
        Array.from({ length: 100 }, (_unused, index) =>
          admissionOf({ ...facts, index, tokens: 7, nanoUsd: 100 }),
        );
      const limits = { inflightMax: 400 };
      const ofAccount = await admitAll(hundred({ tenant, limits, accountLimits: given }));
      expect(ofAccount.filter(isAdmitted)).toHaveLength(30);
      const ofTenant = await admitAll(hundred({ tenant: freshTenant(), limits: { ...limits, ...given } }));
      expect(ofTenant.filter(isAdmitted)).toHaveLength(30);
    },
  );

  test('a refusal names the limit that refused and the account that has it', async () => {
    const accountLimits: LimitSet = { requestsPerDay: 1 };
    const limits = { requestsPerDay: 2 };
    await stores.limits.admit(admissionOf({ tenant, index: 1, limits, accountLimits }));
    expect(await stores.limits.admit(admissionOf({ tenant, index: 2, limits, accountLimits }))).toMatchObject(
      {
        outcome: 'refused',
        by: { kind: 'requests-day', period: '20261120', account: ACCOUNT, amount: 1, limit: 1 },
        committed: 1,
      },
    );
    await stores.limits.admit(admissionOf({ tenant, index: 3, limits }));
    expect(await stores.limits.admit(admissionOf({ tenant, index: 4, limits, accountLimits }))).toMatchObject(
      {
        outcome: 'refused',
        by: { kind: 'requests-day', period: '20261120', amount: 1, limit: 2 },
        committed: 2,
      },
    );
  });

  test('what is refused by an account’s limit reserves nothing of the tenant’s', async () => {
    const accountLimits = { tokensPerMinute: 10 };
    await stores.limits.admit(admissionOf({ tenant, index: 1, accountLimits }));
    await stores.limits.admit(admissionOf({ tenant, index: 2, accountLimits }));
    const held = await countersAt(stores, { tenant, atMs: NOW_MS });
    expect(Object.fromEntries(held)).toEqual({
      'usd#202611': 1_000,
      'tpmo#202611': 10,
      'usdd#20261120': 1_000,
      'tpd#20261120': 10,
      'rpd#20261120': 2,
      'rpm#202611202017': 2,
      'tpm#202611202017': 10,
    });
  });

  test('one account’s limit is no other account’s, and all keys of an account share it', async () => {
    const accountLimits = { requestsPerMinute: 1 };
    const sibling = newKeyRef(seededRandom('sibling'), ACCOUNT);
    const outcomes = [];
    for (const [index, key] of [KEY, sibling, OTHER_KEY, OTHER_KEY].entries()) {
      outcomes.push((await stores.limits.admit(admissionOf({ tenant, index, key, accountLimits }))).outcome);
    }
    expect(outcomes).toEqual(['admitted', 'refused', 'admitted', 'refused']);
  });

  test('a settlement gives an account back tokens and money, never its request', async () => {
    const accountLimits = { tokensPerMinute: 100, nanoUsdPerMonth: 10_000, requestsPerDay: 10 };
    const used = admissionOf({ tenant, index: 1, tokens: 50, nanoUsd: 5_000, accountLimits });
    const failed = admissionOf({ tenant, index: 2, tokens: 50, nanoUsd: 5_000, accountLimits });
    for (const admission of [used, failed]) await stores.limits.admit(admission);
    expect(await heldByAccount()).toEqual([100, 10_000, 2]);
    await stores.limits.settle(settlementOf(used, { tokens: 8, nanoUsd: 900 }));
    await stores.another().settle(settlementOf(failed, { tokens: 0, nanoUsd: 0 }));
    const [tokens, nanoUsd] = await heldByAccount();
    expect([tokens, nanoUsd]).toEqual([8, 900]);
    // Two requests and the two that asked.
    const held = await countersAt(stores, { tenant, atMs: NOW_MS, key: KEY });
    expect([held.get('rpd#20261120'), held.get(`rpd#20261120#${ACCOUNT}`)]).toEqual([5, 5]);
  });

  test('a settlement knows its counters from the entry, whatever the limits are by then', async () => {
    const admission = admissionOf({ tenant, index: 1, tokens: 50, accountLimits: { tokensPerMinute: 100 } });
    await stores.limits.admit(admission);
    const charges = admission.charges.filter(({ account }) => account === undefined);
    await stores.another().settle(settlementOf({ ...admission, charges }, { tokens: 8 }));
    expect((await heldByAccount())[0]).toBe(8);
  });

  test('an orphan is charged to its account in full, and its request stays counted', async () => {
    const accountLimits = { tokensPerMinute: 100, nanoUsdPerMonth: 10_000, requestsPerDay: 10 };
    await stores.limits.admit(admissionOf({ tenant, index: 1, accountLimits }));
    expect(await stores.another().sweep(tenant, AFTER_EXPIRY_MS)).toBe(1);
    expect(await heldByAccount()).toEqual([10, 1_000, 1]);
  });

  test('a day’s limit holds through its minutes and begins anew at midnight UTC', async () => {
    const limits = { requestsPerDay: 2 };
    const lastMs = Date.UTC(2026, 11, 31, 23, 59, 59, 999);
    const times = [lastMs - 3_600_000, lastMs, lastMs, lastMs + 1, lastMs + 60_000, lastMs + 60_001];
    const outcomes = [];
    for (const [index, atMs] of times.entries()) {
      outcomes.push((await stores.limits.admit(admissionOf({ tenant, index, limits, atMs }))).outcome);
    }
    expect(outcomes).toEqual(['admitted', 'admitted', 'refused', 'admitted', 'admitted', 'refused']);
  });

  test('a limit that is set today counts the requests of today', async () => {
    for (const index of [1, 2]) await stores.limits.admit(admissionOf({ tenant, index }));
    const limits = { version: 2, requestsPerDay: 2 };
    expect(await stores.limits.admit(admissionOf({ tenant, index: 3, limits }))).toMatchObject({
      by: { kind: 'requests-day' },
      committed: 2,
    });
  });

  test('a charge to an account that the key does not belong to is refused before anything is reserved', async () => {
    const admission = admissionOf({ tenant, index: 1, accountLimits: { requestsPerMinute: 1 } });
    await expect(stores.limits.admit({ ...admission, key: OTHER_KEY })).rejects.toThrow(TypeError);
    expect((await countersAt(stores, { tenant, atMs: NOW_MS })).get('rpd#20261120')).toBe(1);
  });
});
