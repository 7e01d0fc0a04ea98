import { type ContextSecret, signContext, verifyContext } from '../../../shared/domain/context-mac.ts';
import { newAccountRef, newKeyRef, newTenantRef } from '../../../shared/domain/ids.ts';
import { DEFAULT_LIMITS } from '../../../shared/domain/limits.ts';
import type { Principal } from '../../../shared/domain/principal.ts';
import { seededRandom } from '../../support/random.ts';

const random = seededRandom('context');
const account = newAccountRef(random);
const principal: Principal = {
  kind: 'key',
  tenant: newTenantRef(random),
  account,
  key: newKeyRef(random, account),
  scopes: ['inference'],
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
    const huge = { ...principal, scopes: Array.from({ length: 600 }, () => 'inference' as const) };
    expect(() => signContext(secret, { principal: huge, binding, nowMs })).toThrow(RangeError);
  });
});
