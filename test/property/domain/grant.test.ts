import fc from 'fast-check';
import {
  exceeding,
  type Grant,
  KEY_SCOPES,
  narrowGrant,
  PERMISSION_LEVELS,
  scopesInForce,
} from '../../../shared/domain/grant.ts';
import { inIpRanges } from '../../../shared/domain/ip-range.ts';

const anyPattern = fc
  .tuple(fc.stringMatching(/^[ab]{0,3}$/), fc.constantFrom('', '*'))
  .map(([beginning, star]) => beginning + star);
const anyRange = fc.constantFrom(
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.3',
  '192.168.0.0/16',
  '2001:db8::/32',
  '2001:db8:1::/48',
);
const anyGrant: fc.Arbitrary<Grant> = fc
  .record({
    scopes: fc.subarray([...KEY_SCOPES]),
    level: fc.constantFrom(...PERMISSION_LEVELS),
    models: fc.option(fc.array(anyPattern, { maxLength: 4 }), { nil: undefined }),
    ipRanges: fc.option(fc.array(anyRange, { maxLength: 3 }), { nil: undefined }),
  })
  .map(({ models, ipRanges, ...rest }) => ({
    ...rest,
    ...(models !== undefined && { models }),
    ...(ipRanges !== undefined && { ipRanges }),
  }));
const anyUse = fc.record({
  scope: fc.constantFrom(...KEY_SCOPES),
  level: fc.constantFrom(...PERMISSION_LEVELS),
  model: fc.stringMatching(/^[ab]{0,4}$/),
  address: fc.constantFrom(
    '10.1.2.3',
    '10.9.9.9',
    '192.168.1.1',
    '8.8.8.8',
    '2001:db8:1::1',
    '2001:db8:2::1',
  ),
});
type Use = typeof anyUse extends fc.Arbitrary<infer Of> ? Of : never;

/** What a grant says of one use, part by part: together they would seldom all say yes. */
const judged = (grant: Grant, use: Use) => ({
  scope: scopesInForce(grant).includes(use.scope),
  level: PERMISSION_LEVELS.indexOf(use.level) <= PERMISSION_LEVELS.indexOf(grant.level),
  model:
    grant.models?.some((pattern) =>
      pattern.endsWith('*') ? use.model.startsWith(pattern.slice(0, -1)) : use.model === pattern,
    ) ?? true,
  address: grant.ipRanges === undefined || inIpRanges(use.address, grant.ipRanges),
});

/** The parts as they are judged, and as they are named to whoever asks for too much. */
const PARTS = [
  ['scope', 'scopes'],
  ['level', 'level'],
  ['model', 'models'],
  ['address', 'allowed_ips'],
] as const;

describe('two grants', () => {
  test('narrowed allow exactly what both allow', () => {
    fc.assert(
      fc.property(anyGrant, anyGrant, anyUse, (one, other, use) => {
        const [ofOne, ofOther] = [judged(one, use), judged(other, use)];
        expect(judged(narrowGrant(one, other), use)).toEqual({
          // A level that only reads takes force from the scopes of both.
          scope: ofOne.scope && ofOther.scope,
          level: ofOne.level && ofOther.level,
          model: ofOne.model && ofOther.model,
          address: ofOne.address && ofOther.address,
        });
      }),
      { numRuns: 2000 },
    );
  });

  test('narrowed lie within both, in either order', () => {
    fc.assert(
      fc.property(anyGrant, anyGrant, (one, other) => {
        const narrow = narrowGrant(one, other);
        expect([exceeding(narrow, one), exceeding(narrow, other)]).toEqual([[], []]);
        expect(exceeding(narrow, narrowGrant(other, one))).toEqual([]);
      }),
    );
  });

  test('of which one lies within the other allow nothing that the other does not', () => {
    fc.assert(
      fc.property(anyGrant, anyGrant, anyUse, (inner, outer, use) => {
        const beyond = exceeding(inner, outer);
        const [ofInner, ofOuter] = [judged(inner, use), judged(outer, use)];
        const escapes = PARTS.filter(([part]) => ofInner[part] && !ofOuter[part]).map(([, name]) => name);
        // A scope has force by its level, so who exceeds the level may exceed the scopes too.
        const named = beyond.includes('level') ? [...beyond, 'scopes'] : beyond;
        expect(escapes.filter((name) => !named.includes(name))).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  test('narrowed are never longer than both lists together', () => {
    fc.assert(
      fc.property(anyGrant, anyGrant, (one, other) => {
        const { models = [], ipRanges = [] } = narrowGrant(one, other);
        expect(models.length).toBeLessThanOrEqual((one.models?.length ?? 0) + (other.models?.length ?? 0));
        expect(ipRanges.length).toBeLessThanOrEqual(
          (one.ipRanges?.length ?? 0) + (other.ipRanges?.length ?? 0),
        );
      }),
    );
  });
});
