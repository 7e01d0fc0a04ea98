import fc from 'fast-check';
import { modelRefOf } from '../../../shared/domain/ids.ts';
import {
  DEFAULT_LIMITS,
  LIMIT_NAMES,
  type LimitName,
  type LimitSet,
  type ModelLimits,
  type RequestLimits,
} from '../../../shared/domain/limits.ts';
import {
  modelLimitsFit,
  packLimitSet,
  packTenantLimits,
  unpackLimitSet,
  unpackTenantLimits,
} from '../../../shared/domain/packed-limits.ts';

const count = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER));
/** Each limit absent, enforced or in shadow. */
const limitSets: fc.Arbitrary<LimitSet> = fc
  .array(fc.tuple(fc.constantFrom(...LIMIT_NAMES), count, fc.boolean()), { maxLength: LIMIT_NAMES.length })
  .map((chosen) => {
    const limits = new Map<LimitName, number>(chosen.map(([name, limit]) => [name, limit]));
    const shaded = new Set(chosen.filter(([, , isShadow]) => isShadow).map(([name]) => name));
    const shadow = LIMIT_NAMES.filter((name) => shaded.has(name));
    return { ...Object.fromEntries(limits), ...(shadow.length > 0 && { shadow }) };
  });
const ref = fc.string().map(modelRefOf);
const requestLimits: fc.Arbitrary<RequestLimits> = fc
  .record({
    own: limitSets,
    version: count,
    inflightMax: count,
    outputTokensDefault: count,
    choices: fc.record(
      {
        smoothing: fc.constant('10s' as const),
        tokenCounting: fc.constant('bedrock' as const),
        estimation: fc.constant('balanced' as const),
        models: fc.array(fc.record({ ref, limits: limitSets }), { minLength: 1, maxLength: 3 }),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
  })
  .map(({ own, choices, ...rest }) => ({ ...own, ...rest, ...choices }));

test('limits of every kind survive their packing, up to the largest number that is exact', () => {
  fc.assert(
    fc.property(requestLimits, (limits) => {
      expect(unpackTenantLimits(packTenantLimits(limits))).toEqual(limits);
    }),
  );
});

test('the text is as the description of it says', () => {
  const limits = {
    requestsPerMinute: 60,
    nanoUsdPerMonth: 10_000_000_000,
    shadow: ['nanoUsdPerMonth'],
  } as const;
  expect(packLimitSet(limits)).toBe('R1oM4ldqpds!');
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, 2 ** 53, 1e21])(
  'a limit of %p is not packed: read again it would limit otherwise, or not at all',
  (limit) => {
    expect(() => packLimitSet({ tokensPerMinute: limit })).toThrow(TypeError);
    expect(() => packTenantLimits({ ...DEFAULT_LIMITS, nanoUsdPerDay: limit })).toThrow(TypeError);
  },
);

test.each(['RNaN', 'R-5', 'R1.i', 'R', 'R1 M2', 'X1', 'r1', '!', 'R1!!', 'Rzzzzzzzzzzzz', '5'])(
  'what is not packed limits is refused, not passed over: %s',
  (packed) => {
    expect(() => unpackLimitSet(packed)).toThrow(TypeError);
  },
);

test('fourteen models may have three limits each, of the largest numbers that can be set', () => {
  const limits = { requestsPerMinute: 10 ** 9, tokensPerMinute: 10 ** 9, nanoUsdPerMonth: 10 ** 15 };
  const models = Array.from({ length: 14 }, (_, at): ModelLimits => {
    const model = `anthropic.claude-sonnet-4-5-20250929-v1:${at}`;
    return { model, limits };
  });
  expect(modelLimitsFit(models)).toBe(true);
  expect(modelLimitsFit([...models, ...models])).toBe(false);
});

test.each(['anthropic.claude-x=R5', 'Ab12Cd3', 'Ab12Cd3.R5', 'R5'])(
  'limits of what is no model are refused, not passed over: %s',
  (models) => {
    expect(() => unpackTenantLimits(['', 1, 100, 4_096, '', models])).toThrow(TypeError);
  },
);
