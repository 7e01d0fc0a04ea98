/** Every limit that refuses, as the caller hears of it: status, body and headers. */
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import type { LimitSet } from '../../../shared/domain/limits.ts';
import { errorBody, errorHeaders, errorStatus } from '../../../shared/http/openai-error.ts';
import { NOW_MS, requestAt } from '../../support/limits-fixture.ts';
import { ASK, bodyText, type ProxyScript, proxyFixture } from '../../support/proxy-fixture.ts';

/** What ASK reserves: see admission.test.ts. */
const TOKENS = 128 + 16 + 2 + 4096;
const NANO_USD = 146 * 3750 + 4096 * 15000;
const OWNERS = [
  { owner: 'this project', under: (limits: LimitSet): ProxyScript => ({ limits }) },
  {
    owner: 'this service account',
    under: (limits: LimitSet): ProxyScript => ({ accountLimits: limits }),
  },
] as const;

/** The second of two requests, as it is answered. */
async function secondAnswer(script: ProxyScript) {
  const proxy = proxyFixture(script);
  await proxy.chat(ASK);
  const error = await proxy.chat(ASK).catch((reason: unknown) => reason);
  expect(proxy.calls).toHaveLength(1);
  if (!(error instanceof GatewayError)) throw new TypeError('It was not refused.');
  return { status: errorStatus(error), ...errorBody(error), headers: errorHeaders(error) };
}

const TO_END_OF_MINUTE = { 'x-should-retry': 'true', 'retry-after': '30', 'retry-after-ms': '30000' };
/** 3 h 42 min 30 s, longer than the SDK would wait. */
const TO_END_OF_DAY = { 'x-should-retry': 'false', 'retry-after': '13350', 'retry-after-ms': '13350000' };

describe.each(OWNERS)('a limit of $owner', ({ owner, under }) => {
  test.each([
    {
      name: 'requests a minute',
      limits: { requestsPerMinute: 1 },
      numbers: 'limit 1, used or reserved 1, requested 1',
      type: 'requests',
      headers: TO_END_OF_MINUTE,
    },
    {
      name: 'requests a day',
      limits: { requestsPerDay: 1 },
      numbers: 'limit 1, used or reserved 1, requested 1',
      type: 'requests',
      headers: TO_END_OF_DAY,
    },
    {
      name: 'tokens a minute',
      limits: { tokensPerMinute: TOKENS },
      numbers: `limit ${TOKENS}, used or reserved ${TOKENS}, requested ${TOKENS}`,
      type: 'tokens',
      headers: TO_END_OF_MINUTE,
    },
  ])('of $name refuses with its numbers and its end', async ({ name, limits, numbers, type, headers }) => {
    const message = `Rate limit of ${owner} reached for ${name}: ${numbers}.`;
    expect(await secondAnswer(under(limits))).toEqual({
      status: 429,
      error: { message, type, param: null, code: 'rate_limit_exceeded' },
      headers,
    });
  });

  test('of money refuses as a quota, with no retry', async () => {
    const message =
      `The budget of ${owner} for this month is spent or too small for this request: ` +
      'limit 0.100000 USD, this request may cost 0.061988 USD.';
    expect(await secondAnswer(under({ nanoUsdPerMonth: 100_000_000 }))).toEqual({
      status: 429,
      error: { message, type: 'insufficient_quota', param: null, code: 'insufficient_quota' },
      headers: { 'x-should-retry': 'false' },
    });
  });

  test('of tokens a minute that one request exceeds refuses it before anything is reserved', async () => {
    const proxy = proxyFixture(under({ tokensPerMinute: 100 }));
    await expect(proxy.chat(ASK)).rejects.toMatchObject({
      code: 'request_exceeds_limit',
      message: expect.stringContaining(`the limit of ${owner} is 100 tokens a minute`),
    });
    expect(proxy.order).toEqual([]);
  });

  test('is told on every answer, where it is one of requests or tokens', async () => {
    const proxy = proxyFixture(
      under({ requestsPerMinute: 5, requestsPerDay: 1_000, tokensPerMinute: 10_000 }),
    );
    expect((await proxy.chat(ASK)).headers).toMatchObject({
      'x-ratelimit-limit-requests': '5',
      'x-ratelimit-remaining-requests': '4',
      'x-ratelimit-reset-requests': '30s',
      'x-ratelimit-limit-tokens': '10000',
      'x-ratelimit-remaining-tokens': String(10_000 - TOKENS),
      'x-ratelimit-reset-tokens': '30s',
    });
  });
});

test('of the project’s and the account’s limits the one that refuses is named', async () => {
  const limits = { requestsPerMinute: 100, nanoUsdPerMonth: 10 * NANO_USD };
  const answer = await secondAnswer({ limits, accountLimits: { requestsPerMinute: 1 } });
  expect(answer.error.message).toMatch(/^Rate limit of this service account reached for requests a minute/);
});

test('where a minute and the month both refuse, the caller is not told to come back in a minute', async () => {
  const limits = { requestsPerMinute: 1 };
  const answer = await secondAnswer({ limits, accountLimits: { nanoUsdPerMonth: NANO_USD } });
  expect(answer).toMatchObject({
    error: { code: 'insufficient_quota' },
    headers: { 'x-should-retry': 'false' },
  });
});

test('a request stays counted whatever it used, and a new minute begins at none', async () => {
  const proxy = proxyFixture({ limits: { requestsPerMinute: 2 } });
  await bodyText(await proxy.chat(ASK));
  await bodyText(await proxy.chat(ASK));
  await expect(proxy.chat(ASK)).rejects.toMatchObject({ code: 'request_rate_exceeded' });
  proxy.time.advance(30_000);
  await proxy.chat(ASK, { requestId: requestAt(9, NOW_MS + 30_000) });
  expect(proxy.calls).toHaveLength(3);
});

test('a request that Bedrock refused stays counted', async () => {
  const refusal = new GatewayError('upstream_throttled', 'Bedrock is busy.');
  const proxy = proxyFixture({ limits: { requestsPerDay: 1 }, refusal });
  await expect(proxy.chat(ASK)).rejects.toBe(refusal);
  await expect(proxy.chat(ASK)).rejects.toMatchObject({ code: 'request_rate_exceeded' });
});
