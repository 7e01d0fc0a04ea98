/** What every kind of limits store makes of a refusal: whom it frees, what it tells, and which ids it knows. */
import type { AdmissionResult } from '../../../shared/domain/admission.ts';
import type { TenantRef } from '../../../shared/domain/ids.ts';
import type { TenantLimits } from '../../../shared/domain/limits.ts';
import {
  type AdmissionFacts,
  admissionOf,
  admittedWith,
  committedAt,
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

describe.each(kinds)('a refusal in $name', ({ open }) => {
  let stores: Stores;
  let tenant: TenantRef;
  beforeEach(() => {
    stores = open();
    tenant = freshTenant();
  });
  const admit = (facts: Omit<AdmissionFacts, 'tenant'>): Promise<AdmissionResult> =>
    stores.limits.admit(admissionOf({ tenant, ...facts }));

  test('finds places that dead requests hold, settles those and lets the request in', async () => {
    const limits = { inflightMax: 3 };
    for (const index of [1, 2, 3]) await admit({ index, limits });
    const beforeExpiry = await admit({ index: 4, limits, atMs: AFTER_EXPIRY_MS - 1 });
    expect(beforeExpiry).toMatchObject({ outcome: 'refused', by: 'inflight' });
    const result = await admit({ index: 5, limits, atMs: AFTER_EXPIRY_MS });
    expect(result).toMatchObject({ outcome: 'admitted' });
    const outcomes = (await recordsOf(stores, tenant)).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['orphaned', 'orphaned', 'orphaned']);
  });

  test('lets in again after a crash of many, a few at a time, without a sweep', async () => {
    const limits = { inflightMax: 10 };
    for (let index = 1; index <= 10; index += 1) await admit({ index, limits });
    const results = [];
    for (let index = 11; index <= 20; index += 1) {
      results.push((await admit({ index, limits, atMs: AFTER_EXPIRY_MS })).outcome);
    }
    expect(results).toEqual(Array.from({ length: 10 }, () => 'admitted'));
  });

  test('by a budget that is reserved tells how much of it may come back, and of a spent one nothing', async () => {
    const limits: Partial<TenantLimits> = { nanoUsdPerMonth: 2_500 };
    const spent = admissionOf({ tenant, index: 1, tokens: 10, nanoUsd: 900, limits });
    await stores.limits.admit(spent);
    await stores.limits.settle(settlementOf(spent));
    await admit({ index: 2, tokens: 20, nanoUsd: 1_100, limits });
    expect(await admit({ index: 3, tokens: 5, nanoUsd: 501, limits })).toEqual({
      outcome: 'refused',
      by: { kind: 'money-month', period: '202611', amount: 501, limit: 2_500 },
      committed: 2_000,
      returnable: 1_100,
      held: [2_000, 30, 2_000, 30, 2, 2, 30],
    });
  });

  test('by requests tells that none of them comes back', async () => {
    const limits: Partial<TenantLimits> = { requestsPerMinute: 1 };
    await admit({ index: 1, limits });
    expect(await admit({ index: 2, limits })).toMatchObject({
      by: { kind: 'requests-minute' },
      committed: 1,
      returnable: 0,
    });
  });

  test('names the limit that would refuse in any case before one that may pass in a moment', async () => {
    const limits: Partial<TenantLimits> = { nanoUsdPerMonth: 1_000, tokensPerDay: 10 };
    const spent = admissionOf({ tenant, index: 1, tokens: 10, nanoUsd: 0, limits });
    await stores.limits.admit(spent);
    await stores.limits.settle(settlementOf(spent));
    await admit({ index: 2, tokens: 0, nanoUsd: 1_000, limits });
    expect(await admit({ index: 3, tokens: 1, nanoUsd: 1, limits })).toMatchObject({
      by: { kind: 'tokens-day' },
      committed: 10,
      returnable: 0,
    });
  });

  test('of places tells what the counters held', async () => {
    const limits = { inflightMax: 1 };
    await admit({ index: 1, tokens: 10, nanoUsd: 900, limits });
    expect(await admit({ index: 2, limits })).toEqual({
      outcome: 'refused',
      by: 'inflight',
      held: [900, 10, 900, 10, 1, 1, 10],
    });
  });

  test.each<[string, Partial<AdmissionFacts>]>([
    ['other tokens', { tokens: 11 }],
    ['other money', { nanoUsd: 1 }],
    ['another model', { model: 'amazon.nova-lite-v1:0' }],
  ])('is what an id meets that has reserved %s', async (_, facts) => {
    const request = admissionOf({ tenant, index: 1 });
    await stores.limits.admit(request);
    const replayed = { ...admissionOf({ tenant, index: 1, ...facts }), request: request.request };
    expect(await stores.limits.admit(replayed)).toEqual({ outcome: 'refused', by: 'duplicate' });
    expect(await committedAt(stores, tenant)).toEqual([10, 1_000]);
  });

  test('is what an id meets that was received a moment before, or is settled', async () => {
    const admission = admissionOf({ tenant, index: 1 });
    expect(await stores.limits.admit(admission)).toEqual(
      admittedWith({ tokens: 10, nanoUsd: 1_000, requests: 1 }),
    );
    const later = admissionOf({ tenant, index: 1, atMs: NOW_MS + 20 });
    const replayed = { ...later, request: admission.request };
    expect(await stores.limits.admit(replayed)).toEqual({ outcome: 'refused', by: 'duplicate' });
    await stores.limits.settle(settlementOf(admission, { tokens: 1, nanoUsd: 1 }));
    expect(await stores.another().admit(replayed)).toEqual({ outcome: 'refused', by: 'duplicate' });
    expect(await stores.another().admit(admission)).toEqual({ outcome: 'refused', by: 'duplicate' });
    expect(await recordsOf(stores, tenant)).toHaveLength(1);
  });
});
