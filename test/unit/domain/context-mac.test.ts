import { type ContextSecret, signContext, verifyContext } from '../../../shared/domain/context-mac.ts';
import {
  GRANT_BYTES_MAX,
  GRANT_IP_RANGES_MAX,
  type Grant,
  grantFits,
  KEY_SCOPES,
} from '../../../shared/domain/grant.ts';
import { newAccountRef, newKeyRef, newTenantRef } from '../../../shared/domain/ids.ts';
import {
  DEFAULT_LIMITS,
  LIMIT_NAMES,
  type LimitSet,
  type ModelLimits,
  type RequestLimits,
  requestLimitsOf,
} from '../../../shared/domain/limits.ts';
import {
  MODEL_PERMISSIONS_BYTES_MAX,
  type ModelPermissions,
  modelPermissionsFit,
} from '../../../shared/domain/model-access.ts';
import {
  MODEL_LIMITS_BYTES_MAX,
  modelLimitsFit,
  packTenantLimits,
} from '../../../shared/domain/packed-limits.ts';
import {
  ADMIN_ANCESTORS_MAX,
  ADMIN_SCOPES,
  type KeyPrincipal,
  type Principal,
} from '../../../shared/domain/principal.ts';
import { seededRandom } from '../../support/random.ts';

const random = seededRandom('context');
const account = newAccountRef(random);
const principal: KeyPrincipal = {
  kind: 'key',
  tenant: newTenantRef(random),
  account,
  key: newKeyRef(random, account),
  scopes: ['chat.completions:write'],
  level: 'write',
  limits: DEFAULT_LIMITS,
};
const secret: ContextSecret = { currentId: 'k2', keys: { k1: random(32), k2: random(32) } };
const binding = { requestId: 'c0ffee', method: 'POST', resourcePath: '/v1/chat/completions' };
const nowMs = 1_800_000_000_000;
const context = signContext(secret, { principal, binding, nowMs });

describe('a signed identity context', () => {
  test('is believed for the request, route and time it was made for', () => {
    expect(verifyContext(secret, { context, binding, nowMs })).toEqual(principal);
  });

  test('is two flat strings, as API Gateway demands', () => {
    expect(Object.entries(context).map(([name, value]) => [name, typeof value])).toEqual([
      ['p', 'string'],
      ['m', 'string'],
    ]);
  });

  test.each([
    ['another request', { ...binding, requestId: 'other' }],
    ['another method', { ...binding, method: 'GET' }],
    ['another route', { ...binding, resourcePath: '/v1/models' }],
  ])('is refused when replayed to %s', (_what, elsewhere) => {
    expect(verifyContext(secret, { context, binding: elsewhere, nowMs })).toBeUndefined();
  });

  test.each([
    [30_000, true],
    [30_001, false],
    [-30_000, true],
    [-30_001, false],
  ])('at an age of %i ms is believed: %s', (ageMs, believed) => {
    expect(verifyContext(secret, { context, binding, nowMs: nowMs + ageMs }) !== undefined).toBe(believed);
  });

  test('is refused when its principal is exchanged', () => {
    const p = Buffer.from(JSON.stringify({ ...principal, tenant: newTenantRef(random) })).toString(
      'base64url',
    );
    expect(verifyContext(secret, { context: { ...context, p }, binding, nowMs })).toBeUndefined();
  });

  test('signed by a retiring key is believed while that key is listed, and not after', () => {
    const retiring = signContext({ ...secret, currentId: 'k1' }, { principal, binding, nowMs });
    const [k2] = [secret.keys['k2'] ?? random(32)];
    expect(verifyContext(secret, { context: retiring, binding, nowMs })).toEqual(principal);
    expect(
      verifyContext({ currentId: 'k2', keys: { k2 } }, { context: retiring, binding, nowMs }),
    ).toBeUndefined();
  });

  test.each([
    ['nothing', {}],
    ['no proof', { p: context.p }],
    ['an empty proof', { p: context.p, m: '' }],
    ['a key id off the prototype', { p: context.p, m: context.m.replace('k2', 'constructor') }],
    ['an unknown key id', { p: context.p, m: context.m.replace('k2', 'k9') }],
    ['a shortened mac', { p: context.p, m: context.m.slice(0, -1) }],
    [
      'a mac of another secret',
      signContext({ currentId: 'k2', keys: { k2: random(32) } }, { principal, binding, nowMs }),
    ],
  ])('made of %s is refused', (_what, forged) => {
    expect(verifyContext(secret, { context: forged, binding, nowMs })).toBeUndefined();
  });

  test('does not construct where the principal would exceed 4 KB', () => {
    const huge = { ...principal, models: Array.from({ length: 600 }, () => 'amazon.*') };
    expect(() => signContext(secret, { principal: huge, binding, nowMs })).toThrow(RangeError);
  });
});

describe('the largest principal that configuration allows', () => {
  /** Lists of one grant that take its last byte, in parts that the other grant narrows and parts that narrow it. */
  function fullGrant(seed: string): Grant {
    const ipRanges = Array.from(
      { length: GRANT_IP_RANGES_MAX },
      (_, index) => `2001:db8:${seed}::${index}/128`,
    );
    const models = [''];
    const bytes = () => Buffer.byteLength(JSON.stringify({ models, ipRanges }));
    const pad = GRANT_BYTES_MAX - bytes();
    models[0] = seed.repeat(pad).slice(0, pad);
    return { scopes: KEY_SCOPES, level: 'destructive', models, ipRanges };
  }
  /** Each limit that there is, with the most digits that it can have, in shadow too. */
  const most = Number.MAX_SAFE_INTEGER;
  const accountLimits: LimitSet = {
    ...Object.fromEntries(LIMIT_NAMES.map((name) => [name, most])),
    shadow: LIMIT_NAMES,
  };
  /** Models that take the last of the bytes that there are for them: 53 references, 52 spaces and `R1o!`. */
  const limitedModels = Array.from(
    { length: 53 },
    (_, at): ModelLimits => ({
      model: `m${at}`,
      limits: at === 0 ? { requestsPerMinute: 60, shadow: ['requestsPerMinute'] } : {},
    }),
  );
  const limits: RequestLimits = {
    ...requestLimitsOf({ ...DEFAULT_LIMITS, models: limitedModels }),
    ...accountLimits,
    version: most,
    inflightMax: most,
    outputTokensDefault: most,
    smoothing: '10s',
    tokenCounting: 'bedrock',
    estimation: 'balanced',
  };

  test('fits, whatever a key and its account share', () => {
    const [key, account] = [fullGrant('a'), fullGrant('b')];
    expect([grantFits(key), grantFits(account)]).toEqual([true, true]);
    // Lists that contain each other in parts come out as long as both together.
    const joined = {
      models: [...(key.models ?? []), ...(account.models ?? [])],
      ipRanges: [...(key.ipRanges ?? []), ...(account.ipRanges ?? [])],
    };
    const unpadded = JSON.stringify({ mode: 'allow_list', models: [''] }).length;
    const models = ['m'.repeat(MODEL_PERMISSIONS_BYTES_MAX - unpadded)];
    const modelPermissions: ModelPermissions = { mode: 'allow_list', models };
    expect(modelPermissionsFit(modelPermissions)).toBe(true);
    expect(packTenantLimits(limits)[5]).toHaveLength(MODEL_LIMITS_BYTES_MAX);
    expect(modelLimitsFit(limitedModels)).toBe(true);
    const largest: Principal = {
      ...principal,
      scopes: KEY_SCOPES,
      level: 'destructive',
      ...joined,
      modelPermissions,
      limits,
      accountLimits,
      settingsVersion: most,
      showsCost: true,
      endsAtMs: 9_999_999_999_999,
    };
    expect(() => signContext(secret, { principal: largest, binding, nowMs })).not.toThrow();
  });

  test('of an administrator fits, after the longest line of ancestors', () => {
    const ancestors = Array.from({ length: ADMIN_ANCESTORS_MAX }, () => newKeyRef(random, account));
    const expiresAtMs = 9_999_999_999_999;
    const largest: Principal = {
      kind: 'admin',
      key: newKeyRef(random, account),
      scopes: ADMIN_SCOPES,
      expiresAtMs,
      ancestors,
    };
    expect(() => signContext(secret, { principal: largest, binding, nowMs })).not.toThrow();
  });
});
