import { authenticate } from '../../../functions/authorizer/authenticate.ts';
import { digestKey, type ParsedKey } from '../../../shared/domain/api-key.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { CLAIM_REPEAT_MS } from '../../../shared/domain/key-lifecycle.ts';
import type { KeyClaim, KeyUse } from '../../../shared/domain/tenancy.ts';
import {
  adminKey,
  adminKeyOf,
  credentialOf,
  mint,
  type StoreScript,
  scriptedStore,
  tenantKey,
} from '../../support/credential-fixture.ts';
import { NOON_MS } from '../../support/gateway-event.ts';
import { seededRandom } from '../../support/random.ts';

const random = seededRandom('authenticate');

async function authenticated(presented: ParsedKey, script: StoreScript, nowMs = NOON_MS) {
  const { store, calls, uses } = scriptedStore(script);
  const principal = await authenticate({ credentials: store, clock: () => nowMs }, presented);
  return { principal, calls, uses };
}

/** A presented key that counts how often its text is read, which only hashing it does. */
function counted(key: ParsedKey) {
  const reads = { count: 0 };
  const presented: ParsedKey = {
    ...key,
    get text() {
      reads.count += 1;
      return key.text;
    },
  };
  return { presented, reads };
}

describe('an unknown id and a wrong secret', () => {
  const otherSecret = (of: ParsedKey) => digestKey(random, mint(of.kind));

  test.each<[string, ParsedKey, StoreScript, StoreScript]>([
    [
      'a tenant key',
      tenantKey,
      {},
      { credential: credentialOf({ key: { digest: otherSecret(tenantKey) } }) },
    ],
    ['an admin key', adminKey, {}, { adminKeys: [adminKeyOf({ digest: otherSecret(adminKey) })] }],
  ])('of %s cost the same: one read, one hash, no mark', async (_what, key, unknown, wrong) => {
    const traces = [];
    for (const script of [unknown, wrong]) {
      const { presented, reads } = counted(key);
      const { principal, calls, uses } = await authenticated(presented, script);
      traces.push({ principal, calls, uses, hashes: reads.count });
    }
    const [ofUnknown, ofWrong] = traces;
    expect(ofUnknown).toEqual({ principal: undefined, calls: [expect.any(String)], uses: [], hashes: 1 });
    expect(ofWrong).toEqual(ofUnknown);
  });

  test('leave ancestors unread: nobody without the secret makes the store work more', async () => {
    const child = adminKeyOf({ ancestors: [mint('bpa').key], digest: otherSecret(adminKey) });
    expect((await authenticated(adminKey, { adminKeys: [child] })).calls).toHaveLength(1);
  });
});

describe('the use of a key', () => {
  const HOUR_MS = 3_600_000;
  const usedAt = (lastUsedAtMs: number): KeyUse => ({ lastUsedAtMs, claim: 0 });

  test.each<[string, KeyUse | undefined, readonly KeyUse[]]>([
    ['never before', undefined, [usedAt(NOON_MS)]],
    ['an hour ago', usedAt(NOON_MS - HOUR_MS), [usedAt(NOON_MS)]],
    ['less than an hour ago', usedAt(NOON_MS - HOUR_MS + 1), []],
  ])('%s is noted once an hour', async (_when, use, expected) => {
    const { use: _, ...credential } = credentialOf();
    const stored = { ...credential, ...(use !== undefined && { use }) };
    expect((await authenticated(tenantKey, { credential: stored })).uses).toEqual(expected);
  });

  test('that cannot be noted hinders no request', async () => {
    const credential = credentialOf({ use: usedAt(0) });
    const { principal, uses } = await authenticated(tenantKey, { credential, noting: new Error('slow') });
    expect([principal?.key, uses.length]).toEqual([tenantKey.key, 1]);
  });

  describe('within the time in which it may be claimed again', () => {
    const claim: KeyClaim = {
      links: [],
      expiresAtMs: NOON_MS,
      count: 2,
      claimedAtMs: NOON_MS,
      claimedBy: 'link',
    };
    const claimedOnce = (use: KeyUse) => credentialOf({ key: { claim }, use });
    const noting = new GatewayError('service_unavailable', 'The credential store cannot answer.');
    const justUsed = { lastUsedAtMs: NOON_MS, claim: 1 };
    const lastMs = NOON_MS + CLAIM_REPEAT_MS - 1;

    test('is noted at once, with the claim whose secret was used', async () => {
      const { uses } = await authenticated(tenantKey, { credential: claimedOnce(justUsed) }, lastMs);
      expect(uses).toEqual([{ lastUsedAtMs: lastMs, claim: 2 }]);
    });

    test('is refused where it cannot be noted: a used key must not be claimable', async () => {
      const script = { credential: claimedOnce(justUsed), noting };
      await expect(authenticated(tenantKey, script, lastMs)).rejects.toBe(noting);
    });

    test('is noted no second time', async () => {
      const credential = claimedOnce({ lastUsedAtMs: NOON_MS, claim: 2 });
      expect((await authenticated(tenantKey, { credential, noting }, lastMs)).uses).toEqual([]);
    });

    test('and not a millisecond longer', async () => {
      const script = { credential: claimedOnce(justUsed), noting };
      const { principal, uses } = await authenticated(tenantKey, script, lastMs + 1);
      expect([principal?.key, uses]).toEqual([tenantKey.key, []]);
    });
  });
});
