import { goDuration, rateLimitHeaders } from '../../../functions/proxy/rate-limit-headers.ts';
import { countersFor } from '../../../shared/domain/counter.ts';
import { accountOfKey } from '../../../shared/domain/ids.ts';
import {
  DEFAULT_LIMITS,
  type LimitSet,
  requestLimitsOf,
  type TenantLimits,
} from '../../../shared/domain/limits.ts';
import { modelBehind } from '../../../shared/domain/model-access.ts';
import { KEY, MODEL, NOW_MS } from '../../support/limits-fixture.ts';

test.each([
  [0, '0ms'],
  [12, '12ms'],
  [999, '999ms'],
  [1_000, '1s'],
  [1_500, '1.5s'],
  [59_999, '59.999s'],
  [60_000, '1m0s'],
  [360_000, '6m0s'],
  [361_250, '6m1.25s'],
  [3_600_000, '1h0m0s'],
  [13_349_500, '3h42m29.5s'],
])('%d ms is %s', (durationMs, text) => {
  expect(goDuration(durationMs)).toBe(text);
});

/** The headers of a request that finds every counter at `committed`, itself included. */
function headersAt(
  committed: number,
  of: { readonly limits: Partial<TenantLimits>; readonly accountLimits?: LimitSet },
): Readonly<Record<string, string>> {
  const amounts = { tokens: 10, nanoUsd: 100 };
  const charges = countersFor(
    {
      ...{ account: accountOfKey(KEY), model: MODEL, ...of },
      limits: requestLimitsOf({ ...DEFAULT_LIMITS, ...of.limits }),
    },
    { nowMs: NOW_MS, amounts },
  );
  return rateLimitHeaders(charges, { committed: charges.map(() => committed), nowMs: NOW_MS });
}

test('requests and tokens are told each in OpenAI’s three headers', () => {
  expect(headersAt(40, { limits: { requestsPerMinute: 60, tokensPerMinute: 150_000 } })).toEqual({
    'x-ratelimit-limit-requests': '60',
    'x-ratelimit-remaining-requests': '20',
    'x-ratelimit-reset-requests': '30s',
    'x-ratelimit-limit-tokens': '150000',
    'x-ratelimit-remaining-tokens': '149960',
    'x-ratelimit-reset-tokens': '30s',
  });
});

test.each([
  [
    'the day’s, where less is left of it',
    { requestsPerMinute: 60, requestsPerDay: 50 },
    {},
    '50',
    '3h42m30s',
  ],
  ['the minute’s, where less is left of it', { requestsPerMinute: 50, requestsPerDay: 60 }, {}, '50', '30s'],
  [
    'the longer period’s of two with as much left',
    { requestsPerMinute: 50, requestsPerDay: 50 },
    {},
    '50',
    '3h42m30s',
  ],
  [
    'the account’s, where less is left of it',
    { requestsPerMinute: 60 },
    { requestsPerMinute: 50 },
    '50',
    '30s',
  ],
  ['the tenant’s, where less is left of it', { requestsPerMinute: 50 }, { requestsPerDay: 60 }, '50', '30s'],
])('of several limits on requests the tightest is told: %s', (_, limits, accountLimits, limit, reset) => {
  expect(headersAt(40, { limits, accountLimits })).toEqual({
    'x-ratelimit-limit-requests': limit,
    'x-ratelimit-remaining-requests': '10',
    'x-ratelimit-reset-requests': reset,
  });
});

test('what is left decides, not how small the limit is', () => {
  const limits = { ...DEFAULT_LIMITS, requestsPerMinute: 60, requestsPerDay: 1_000 };
  const of = { nowMs: NOW_MS, amounts: { tokens: 10, nanoUsd: 100 } };
  const charges = countersFor({ account: accountOfKey(KEY), limits, model: MODEL }, of);
  const committed = charges.map(({ kind }) => (kind === 'requests-day' ? 995 : 10));
  expect(rateLimitHeaders(charges, { committed, nowMs: NOW_MS })).toEqual({
    'x-ratelimit-limit-requests': '1000',
    'x-ratelimit-remaining-requests': '5',
    'x-ratelimit-reset-requests': '3h42m30s',
  });
});

test('no less than nothing remains, and who has no limit is told none', () => {
  expect(headersAt(40, { limits: { tokensPerMinute: 30 } })).toMatchObject({
    'x-ratelimit-remaining-tokens': '0',
  });
  expect(headersAt(40, { limits: { nanoUsdPerMonth: 50 } })).toEqual({});
});

test('tokens are told of the minute or the day, whichever has less left, and never of the month', () => {
  const limits = { tokensPerMinute: 90, tokensPerDay: 80, tokensPerMonth: 50 };
  expect(headersAt(40, { limits })).toEqual({
    'x-ratelimit-limit-tokens': '80',
    'x-ratelimit-remaining-tokens': '40',
    'x-ratelimit-reset-tokens': '3h42m30s',
  });
  expect(headersAt(40, { limits: { ...limits, tokensPerDay: 100 } })).toMatchObject({
    'x-ratelimit-limit-tokens': '90',
    'x-ratelimit-reset-tokens': '30s',
  });
  expect(headersAt(40, { limits: { tokensPerMonth: 50 } })).toEqual({});
});

test('a model’s limits are told where they are the tightest', () => {
  const models = [{ model: modelBehind(MODEL), limits: { requestsPerMinute: 45, tokensPerMinute: 44 } }];
  expect(headersAt(40, { limits: { requestsPerMinute: 50, tokensPerMinute: 50, models } })).toEqual({
    'x-ratelimit-limit-requests': '45',
    'x-ratelimit-remaining-requests': '5',
    'x-ratelimit-reset-requests': '30s',
    'x-ratelimit-limit-tokens': '44',
    'x-ratelimit-remaining-tokens': '4',
    'x-ratelimit-reset-tokens': '30s',
  });
});

test('ten seconds of smoothing are not told, though less is left of them', () => {
  const limits = { requestsPerMinute: 600, tokensPerMinute: 600, smoothing: '10s' } as const;
  expect(headersAt(99, { limits })).toEqual({
    'x-ratelimit-limit-requests': '600',
    'x-ratelimit-remaining-requests': '501',
    'x-ratelimit-reset-requests': '30s',
    'x-ratelimit-limit-tokens': '600',
    'x-ratelimit-remaining-tokens': '501',
    'x-ratelimit-reset-tokens': '30s',
  });
});

test('limits in shadow are not told', () => {
  const limits = { requestsPerMinute: 60, requestsPerDay: 50, shadow: ['requestsPerDay'] } as const;
  expect(headersAt(40, { limits })).toEqual({
    'x-ratelimit-limit-requests': '60',
    'x-ratelimit-remaining-requests': '20',
    'x-ratelimit-reset-requests': '30s',
  });
});
