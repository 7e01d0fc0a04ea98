import { digestKey } from '../../../shared/domain/api-key.ts';
import { DEFAULT_ROTATION, OVERLAP_MS } from '../../../shared/domain/key-delivery.ts';
import {
  CLAIM_LINK_MS,
  CLAIM_REPEAT_MS,
  claimed,
  endingAfterOverlap,
  hashClaimToken,
  holdsClaimToken,
  isClaimable,
  isRotationDue,
  isUsable,
  LIFETIME_MAX_MS,
  revoked,
  rotationDueAtMs,
  succeeded,
  successorOf,
  withClaimLink,
  withoutSuccessor,
} from '../../../shared/domain/key-lifecycle.ts';
import { type ApiKey, DAY_MS, type KeyClaim } from '../../../shared/domain/tenancy.ts';
import { credentialOf, mint } from '../../support/credential-fixture.ts';
import { NOON_MS } from '../../support/gateway-event.ts';
import { seededRandom } from '../../support/random.ts';

const BORN_MS = NOON_MS;
const DAY_76_MS = BORN_MS + 76 * DAY_MS;
const DAY_90_MS = BORN_MS + 90 * DAY_MS;
const keyOf = (change: Partial<ApiKey> = {}): ApiKey => ({
  ...credentialOf().key,
  createdAtMs: BORN_MS,
  expiresAtMs: DAY_90_MS,
  ...change,
});
const key = keyOf();
const next = mint('bpk').key;
const claim: KeyClaim = { links: [], expiresAtMs: BORN_MS + DAY_MS, count: 0 };
const pending = keyOf({ status: 'pending', claim });

describe('a key', () => {
  test('opens something from its first millisecond to its last', () => {
    expect([BORN_MS, DAY_90_MS - 1, DAY_90_MS].map((nowMs) => isUsable(key, nowMs))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test.each(['pending', 'revoked'] as const)('that is %s opens nothing', (status) => {
    expect(isUsable(keyOf({ status }), BORN_MS)).toBe(false);
  });

  test('is due for rotation from day 76 until it ends', () => {
    expect(rotationDueAtMs(key)).toBe(DAY_76_MS);
    expect(
      [DAY_76_MS - 1, DAY_76_MS, DAY_90_MS - 1, DAY_90_MS].map((nowMs) => isRotationDue(key, nowMs)),
    ).toEqual([false, true, true, false]);
  });

  test.each<[string, Partial<ApiKey>]>([
    ['that was told not to', { rotation: { ...DEFAULT_ROTATION, automatic: false } }],
    ['whose life is a millisecond under 28 days', { lifetimeMs: 28 * DAY_MS - 1 }],
    [
      'whose life is less than twice its overlap',
      { rotation: { ...DEFAULT_ROTATION, overlapMs: 46 * DAY_MS } },
    ],
    ['that has a successor', { successor: next }],
    ['that is revoked', { status: 'revoked' }],
    ['that waits to be claimed', { status: 'pending' }],
  ])('%s is never due', (_which, change) => {
    expect(isRotationDue(keyOf(change), DAY_76_MS)).toBe(false);
  });

  test('of 28 days rotates by itself', () => {
    const brief = keyOf({ lifetimeMs: 28 * DAY_MS, expiresAtMs: BORN_MS + 28 * DAY_MS });
    expect(rotationDueAtMs(brief)).toBe(BORN_MS + 14 * DAY_MS);
  });

  test('whose successor was revoked may have another', () => {
    const { successor, ...rest } = withoutSuccessor(keyOf({ successor: next, generation: 1 }));
    expect(successor).toBeUndefined();
    expect(rest).toEqual({ ...key, generation: 1, revision: key.revision + 1 });
  });

  test('revoked says when, and nothing else of it changes but its revision', () => {
    expect(revoked(key, DAY_76_MS)).toEqual({
      ...key,
      status: 'revoked',
      revokedAtMs: DAY_76_MS,
      revision: key.revision + 1,
    });
  });
});

describe('a predecessor', () => {
  const at = { successor: next, overlapMs: OVERLAP_MS };

  test.each([
    ['on day 76, ends on day 90', DAY_76_MS, DAY_90_MS],
    ['on day 80, still ends on day 90: rotation lengthens no life', BORN_MS + 80 * DAY_MS, DAY_90_MS],
    ['on day 10, ends after the overlap', BORN_MS + 10 * DAY_MS, BORN_MS + 24 * DAY_MS],
  ])('whose successor works %s', (_when, nowMs, expiresAtMs) => {
    const expected = { successor: next, generation: 1, expiresAtMs, revision: key.revision + 1 };
    expect(succeeded(key, { ...at, nowMs, pending: 'active' })).toEqual({ ...key, ...expected });
    expect(endingAfterOverlap(key, { nowMs, overlapMs: OVERLAP_MS })).toEqual({
      ...key,
      expiresAtMs,
      revision: key.revision + 1,
    });
  });

  test('whose successor waits to be claimed keeps its end', () => {
    const nowMs = BORN_MS + 10 * DAY_MS;
    const expected = { successor: next, generation: 1, revision: key.revision + 1 };
    expect(succeeded(key, { ...at, nowMs, pending: 'pending' })).toEqual({ ...key, ...expected });
  });
});

describe('a successor', () => {
  test('takes over the workload and how it is renewed, never a secret or a claim', () => {
    const predecessor = keyOf({
      claim,
      sealed: { jwe: 'jwe', thumbprint: 't' },
      secretVersionId: 'v',
      generation: 3,
      successor: next,
    });
    expect(successorOf(predecessor, { ref: next, nowMs: DAY_76_MS })).toEqual({
      tenant: key.tenant,
      ref: next,
      name: key.name,
      environment: key.environment,
      grant: key.grant,
      createdAtMs: DAY_76_MS,
      expiresAtMs: DAY_76_MS + key.lifetimeMs,
      lifetimeMs: key.lifetimeMs,
      rotation: key.rotation,
      line: key.line,
      generation: 0,
      predecessor: key.ref,
      revision: 1,
    });
  });

  test('lives no longer than the policy, whatever its predecessor was given', () => {
    const old = keyOf({ lifetimeMs: LIFETIME_MAX_MS + 1 });
    expect(successorOf(old, { ref: next, nowMs: BORN_MS }).expiresAtMs).toBe(BORN_MS + LIFETIME_MAX_MS);
  });
});

describe('a claim link', () => {
  const digest = digestKey(seededRandom('lifecycle'), mint('bpk'));
  const claimOnce = (of: ApiKey, nowMs: number) => claimed(of, { digest, nowMs, token: 'link' });

  test('is kept as a hash, and one that is shown ends those that were shown before', () => {
    const tokens = ['token-1', 'token-2'];
    const linked = tokens.reduce((of, token) => withClaimLink(of, { token, nowMs: BORN_MS }), pending);
    expect(linked.claim?.links).toEqual([{ hash: hashClaimToken('token-2') }]);
    expect(tokens.map((token) => holdsClaimToken(linked.claim, token))).toEqual([false, true]);
    expect(linked.revision).toBe(pending.revision + 2);
    expect(JSON.stringify(linked)).not.toContain('token-');
  });

  test('that claims is the only one left', () => {
    const told = withClaimLink(pending, { token: 'told', nowMs: BORN_MS, toldBy: 'a' });
    const both = withClaimLink(told, { token: 'shown', nowMs: BORN_MS });
    const won = claimed(both, { digest, nowMs: BORN_MS, token: 'told' });
    expect(['told', 'shown'].map((token) => holdsClaimToken(won.claim, token))).toEqual([true, false]);
  });

  test('that is told replaces its own when it is told again, and no other', () => {
    const once = { nowMs: BORN_MS, toldBy: 'a' };
    const shown = withClaimLink(pending, { token: 'shown', nowMs: BORN_MS });
    const told = withClaimLink(withClaimLink(shown, { token: 'lost', ...once }), { token: 'told', ...once });
    expect(['shown', 'lost', 'told'].map((token) => holdsClaimToken(told.claim, token))).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('is not for whoever did not claim it first', () => {
    const once = claimOnce(pending, BORN_MS);
    expect(isClaimable(once, { nowMs: BORN_MS, by: 'predecessor' })).toBe(false);
  });

  test('opens nothing where there is no claim, or no such token', () => {
    expect([holdsClaimToken(undefined, 't'), holdsClaimToken(claim, 't')]).toEqual([false, false]);
    expect(withClaimLink(key, { token: 't', nowMs: BORN_MS })).toBe(key);
    expect(claimOnce(key, BORN_MS)).toBe(key);
  });

  test('that is added after the time of the others works for a day, and they stay dead', () => {
    const nowMs = claim.expiresAtMs;
    const linked = withClaimLink(withClaimLink(pending, { token: 'dead', nowMs: BORN_MS }), {
      token: 'new',
      nowMs,
    });
    expect(linked.claim).toEqual({
      ...claim,
      links: [{ hash: hashClaimToken('new') }],
      expiresAtMs: nowMs + CLAIM_LINK_MS,
    });
    const late = withClaimLink(pending, { token: 'late', nowMs: pending.expiresAtMs - 1 });
    expect(late.claim?.expiresAtMs).toBe(pending.expiresAtMs);
  });

  test('works until it ends, and for ten minutes after the first claim', () => {
    const claimable = (of: ApiKey, ...instants: readonly number[]) =>
      instants.map((nowMs) => isClaimable(of, { nowMs, by: 'link' }));
    expect(claimable(pending, BORN_MS, claim.expiresAtMs - 1, claim.expiresAtMs)).toEqual([
      true,
      true,
      false,
    ]);
    const atMs = claim.expiresAtMs - 1;
    const once = claimOnce(pending, atMs);
    expect(claimable(once, atMs, atMs + CLAIM_REPEAT_MS - 1, atMs + CLAIM_REPEAT_MS)).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('that is claimed again replaces the secret, and its ten minutes run from the first claim', () => {
    const once = claimOnce(pending, BORN_MS);
    const other = digestKey(seededRandom('other'), mint('bpk'));
    const twice = claimed(once, { digest: other, nowMs: BORN_MS + 60_000, token: 'link' });
    expect(once).toMatchObject({ status: 'active', digest, claim: { count: 1, claimedAtMs: BORN_MS } });
    expect(twice).toMatchObject({
      status: 'active',
      digest: other,
      claim: { count: 2, claimedAtMs: BORN_MS },
    });
    expect(twice.revision).toBe(pending.revision + 2);
  });

  test.each<[string, Partial<ApiKey>, number]>([
    ['is revoked', { status: 'revoked' }, BORN_MS],
    [
      'was revoked after it was claimed',
      { status: 'revoked', claim: { ...claim, claimedAtMs: BORN_MS } },
      BORN_MS,
    ],
    ['has ended', { expiresAtMs: BORN_MS }, BORN_MS],
    ['is active without a claim', { status: 'active' }, BORN_MS],
  ])('of a key that %s works no more', (_which, change, nowMs) => {
    expect(isClaimable({ ...pending, ...change }, { nowMs, by: 'link' })).toBe(false);
  });
});
