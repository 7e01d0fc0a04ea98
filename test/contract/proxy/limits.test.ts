/** Every limit that refuses, as the caller hears of it: status, body and headers. */
import { CATALOGUE } from '../../../shared/domain/catalogue.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import type { LimitSet, TenantLimits } from '../../../shared/domain/limits.ts';
import { NOW_MS, requestAt } from '../../support/limits-fixture.ts';
import { ASK, bodyText, CHAT_MODEL, type ProxyScript, proxyFixture } from '../../support/proxy-fixture.ts';
import {
  answerAfterFirst,
  expectWait,
  rates,
  refused,
  secondAnswer,
  WAIT,
} from '../../support/refused-answers.ts';

/** What ASK reserves: 128 a request, 16 a message, 2 bytes, and the default output. */
const TOKENS = 128 + 16 + 2 + 4096;
/** Input at the dearest input class (a cache write, 3.75 USD a million), output at 15. */
const NANO_USD = 146 * 3750 + 4096 * 15000;
const REMEDY = 'Shorten the input or set max_completion_tokens below 4096, its default here';
/** CHAT_MODEL without its inference profile. */
const MODEL_BEHIND = 'anthropic.claude-3-sonnet-20240229-v1:0';

type Under = (limits: LimitSet, choices?: Partial<TenantLimits>) => ProxyScript;
const OWNERS: readonly { readonly owner: string; readonly under: Under }[] = [
  { owner: 'this project', under: (limits, choices) => ({ limits: { ...choices, ...limits } }) },
  {
    owner: 'this service account',
    under: (limits, choices) => ({ limits: { ...choices }, accountLimits: limits }),
  },
  {
    owner: `the model '${MODEL_BEHIND}' in this project`,
    under: (limits, choices) => ({ limits: { ...choices, models: [{ model: MODEL_BEHIND, limits }] } }),
  },
];

const DAY_ENDS_IN = 13_350;
const NEVER = { 'x-should-retry': 'false' };

describe.each(OWNERS)('a limit of $owner', ({ owner, under }) => {
  test.each<{
    what: string;
    limits: LimitSet;
    choices?: Partial<TenantLimits>;
    numbers: string;
    told: Parameters<typeof rates>[0];
    seconds: number;
    ends: string;
  }>([
    {
      what: 'requests a minute',
      limits: { requestsPerMinute: 1 },
      numbers: 'limit 1 request, used or reserved 1 request, this request may need 1 request',
      told: { subject: 'requests', limit: 1, left: 0, reset: '30s' },
      seconds: 30,
      ends: '30s',
    },
    {
      what: 'requests a day',
      limits: { requestsPerDay: 1 },
      numbers: 'limit 1 request, used or reserved 1 request, this request may need 1 request',
      told: { subject: 'requests', limit: 1, left: 0, reset: '3h42m30s' },
      seconds: DAY_ENDS_IN,
      ends: '3h42m30s',
    },
    {
      what: 'tokens a minute',
      limits: { tokensPerMinute: 2 * TOKENS - 1 },
      numbers: 'limit 8483 tokens, used or reserved 4242 tokens, this request may need 4242 tokens',
      told: { subject: 'tokens', limit: 2 * TOKENS - 1, left: TOKENS - 1, reset: '30s' },
      seconds: 30,
      ends: '30s',
    },
    {
      what: 'requests in ten seconds (a sixth of the limit a minute)',
      limits: { requestsPerMinute: 6 },
      choices: { smoothing: '10s' },
      numbers: 'limit 1 request, used or reserved 1 request, this request may need 1 request',
      told: { subject: 'requests', limit: 6, left: 5, reset: '30s' },
      seconds: 10,
      ends: '10s',
    },
    {
      what: 'tokens in ten seconds (a sixth of the limit a minute)',
      limits: { tokensPerMinute: 30_000 },
      choices: { smoothing: '10s' },
      numbers: 'limit 5000 tokens, used or reserved 4242 tokens, this request may need 4242 tokens',
      told: { subject: 'tokens', limit: 30_000, left: 30_000 - TOKENS, reset: '30s' },
      seconds: 10,
      ends: '10s',
    },
  ])('on $what refuses with its numbers and its end', async (of) => {
    const message = `Rate limit of ${owner} reached for ${of.what}: ${of.numbers}. Try again in ${of.ends}.`;
    const answer = await secondAnswer(under(of.limits, of.choices));
    expect(answer).toEqual({
      status: 429,
      error: { message, type: of.told.subject, param: null, code: 'rate_limit_exceeded' },
      headers: { ...rates(of.told), ...WAIT, 'x-should-retry': String(of.seconds <= 60) },
    });
    expectWait(answer.headers, { fromMs: of.seconds * 1000, jitterMs: 300 });
  });

  const numbers = (limit: string, used: string, asked: string) =>
    `limit ${limit}, used or reserved ${used}, this request may need ${asked}`;
  const USD = ['0.100000000 USD', '0.061878000 USD', '0.061987500 USD'] as const;
  const COUNTS = ['8483 tokens', '4242 tokens', '4242 tokens'] as const;
  const TOKENS_A_DAY = rates({
    ...{ subject: 'tokens', limit: 2 * TOKENS - 1, left: TOKENS - 1, reset: '3h42m30s' },
  });
  const BUDGETS: readonly (readonly [string, LimitSet, readonly [string, string, string], object])[] = [
    ['USD a month', { nanoUsdPerMonth: 100_000_000 }, USD, {}],
    ['USD a day', { nanoUsdPerDay: 100_000_000 }, USD, {}],
    ['tokens a month', { tokensPerMonth: 2 * TOKENS - 1 }, COUNTS, {}],
    ['tokens a day', { tokensPerDay: 2 * TOKENS - 1 }, COUNTS, TOKENS_A_DAY],
  ];
  test.each(BUDGETS)(
    'on %s that is spent refuses as a quota, with no retry and no time',
    async (what, limits, amounts, told) => {
      const message = `Budget of ${owner} reached for ${what}: ${numbers(...amounts)}. ${REMEDY}, or have the budget raised.`;
      expect(await answerAfterFirst(under(limits))).toEqual({
        status: 429,
        error: { message, type: 'insufficient_quota', param: null, code: 'insufficient_quota' },
        headers: { ...told, ...NEVER },
      });
    },
  );

  test.each(BUDGETS)(
    'on %s of which the rest is reserved refuses for a moment',
    async (what, limits, [limit, , asked], told) => {
      const answer = await secondAnswer(under(limits));
      const message =
        `The rest of the budget of ${owner} for ${what} is reserved: ${numbers(limit, asked, asked)}; ` +
        `of that, requests under way have reserved ${asked}. Try again in about 1s.`;
      expect(answer).toEqual({
        status: 429,
        error: { message, type: 'tokens', param: null, code: 'rate_limit_exceeded' },
        headers: { ...told, ...WAIT, 'x-should-retry': 'true' },
      });
      expectWait(answer.headers, { fromMs: 750, jitterMs: 500 });
    },
  );

  const SPLIT = '4242 tokens (146 for its input, 4096 for its output)';
  test.each<[string, LimitSet, string, string, string]>([
    ['limit', { tokensPerMinute: 4241 }, 'tokens a minute', '4241 tokens', SPLIT],
    ['budget', { tokensPerDay: 4241 }, 'tokens a day', '4241 tokens', SPLIT],
    ['budget', { tokensPerMonth: 4241 }, 'tokens a month', '4241 tokens', SPLIT],
    ['budget', { nanoUsdPerDay: NANO_USD - 1 }, 'USD a day', '0.061987499 USD', '0.061987500 USD'],
    ['budget', { nanoUsdPerMonth: NANO_USD - 1 }, 'USD a month', '0.061987499 USD', '0.061987500 USD'],
  ])(
    '(%s) that one request exceeds, %o, refuses it before anything is reserved',
    async (is, limits, ...of) => {
      const [what, limit, need] = of;
      const proxy = proxyFixture(under(limits, { smoothing: '10s' }));
      const message =
        `Request too large for the ${is} of ${owner} on ${what}: limit ${limit}, this request may need ${need}. ` +
        `${REMEDY}.`;
      const [type, code] =
        is === 'budget' ? ['insufficient_quota', 'insufficient_quota'] : ['tokens', 'rate_limit_exceeded'];
      expect(await refused(proxy.chat(ASK))).toEqual({
        status: 429,
        error: { message, type, param: null, code },
        headers: NEVER,
      });
      expect(proxy.order).toEqual([]);
    },
  );

  test('is told on every answer, where it is one of requests or tokens, and not in shadow', async () => {
    const limits = {
      requestsPerMinute: 5,
      requestsPerDay: 1_000,
      tokensPerMinute: 10_000,
      tokensPerDay: 9_000,
    };
    const told = {
      'x-ratelimit-limit-requests': '5',
      'x-ratelimit-remaining-requests': '4',
      'x-ratelimit-reset-requests': '30s',
      'x-ratelimit-limit-tokens': '9000',
      'x-ratelimit-remaining-tokens': String(9_000 - TOKENS),
      'x-ratelimit-reset-tokens': '3h42m30s',
    };
    const type = { 'content-type': 'application/json' };
    const ask = async (script: ProxyScript) => (await proxyFixture(script).chat(ASK)).headers;
    expect(await ask(under(limits))).toEqual({ ...type, ...told });
    expect(await ask(under({ ...limits, shadow: ['tokensPerDay'] }))).toEqual({
      ...type,
      ...told,
      'x-ratelimit-limit-tokens': '10000',
      'x-ratelimit-remaining-tokens': String(10_000 - TOKENS),
      'x-ratelimit-reset-tokens': '30s',
    });
    const shadow = ['requestsPerMinute', 'requestsPerDay', 'tokensPerMinute', 'tokensPerDay'] as const;
    expect(await ask(under({ ...limits, shadow }))).toEqual(type);
    expect(await ask(under({ tokensPerMonth: 9_000, nanoUsdPerMonth: NANO_USD }))).toEqual(type);
  });
});

describe('a request larger than its limit is told what to lower', () => {
  test.each([
    [{ max_completion_tokens: 60 }, 'lower max_completion_tokens, which is 60'],
    [{ max_tokens: 60 }, 'lower max_tokens, which is 60'],
    [{ max_tokens: 70, max_completion_tokens: 60 }, 'lower max_completion_tokens, which is 60'],
    [{ max_tokens: null }, 'set max_completion_tokens below 4096, its default here'],
  ])('by the name that it used: %o', async (fields, remedy) => {
    const proxy = proxyFixture({ limits: { tokensPerMinute: 100 } });
    const { error } = await refused(proxy.chat({ ...ASK, ...fields }));
    expect(error.message.split('. ').at(-1)).toBe(`Shorten the input or ${remedy}.`);
    expect(proxy.order).toEqual([]);
  });

  test('with the factor by which its output counts', async () => {
    const catalogue = CATALOGUE.map((model) => ({ ...model, outputFactor: 5 }));
    const limits = { tokensPerMinute: 400, tokenCounting: 'bedrock' } as const;
    const { error } = await refused(proxyFixture({ catalogue, limits }).chat({ ...ASK, max_tokens: 60 }));
    expect(error.message).toBe(
      'Request too large for the limit of this project on tokens a minute: limit 400 tokens, this request may need ' +
        '446 tokens (146 for its input, 60 for its output, each counted 5 times). ' +
        'Shorten the input or lower max_tokens, which is 60.',
    );
  });
});

describe('before limits or Bedrock are asked it is refused, with the numbers', () => {
  test.each<[object, string, string, string]>([
    [{ n: 2 }, 'n', 'unsupported_value', "Unsupported value: 'n' does not support 2 here. Supported: 1."],
    [
      { n: 1e9 },
      'n',
      'unsupported_value',
      "Unsupported value: 'n' does not support 1000000000 here. Supported: 1.",
    ],
    [{ n: 0 }, 'n', 'unsupported_value', "Unsupported value: 'n' does not support 0 here. Supported: 1."],
    [
      { max_tokens: 4097 },
      'max_tokens',
      'invalid_value',
      `Invalid 'max_tokens': expected a value <= 4096, the most that '${CHAT_MODEL}' answers, but got 4097 instead.`,
    ],
    [
      { max_completion_tokens: 2 ** 53 - 1 },
      'max_completion_tokens',
      'invalid_value',
      `Invalid 'max_completion_tokens': expected a value <= 4096, the most that '${CHAT_MODEL}' answers, but got 9007199254740991 instead.`,
    ],
    [
      { logprobs: true },
      'logprobs',
      'unsupported_parameter',
      "Unsupported parameter: 'logprobs' is not supported.",
    ],
  ])('%o', async (fields, param, code, message) => {
    const proxy = proxyFixture();
    expect(await refused(proxy.chat({ ...ASK, ...fields }))).toEqual({
      status: 400,
      error: { message, type: 'invalid_request_error', param, code },
      headers: NEVER,
    });
    expect(proxy.order).toEqual([]);
  });
});

test('of the project’s and the account’s limits the one that refuses is named', async () => {
  const limits = { requestsPerMinute: 100, nanoUsdPerMonth: 10 * NANO_USD };
  const answer = await secondAnswer({ limits, accountLimits: { requestsPerMinute: 1 } });
  expect(answer.error.message).toMatch(/^Rate limit of this service account reached for requests a minute/);
});

test('where a minute and the month both refuse, the caller is not told to come back in a minute', async () => {
  const limits = { requestsPerMinute: 1 };
  const answer = await answerAfterFirst({ limits, accountLimits: { nanoUsdPerMonth: NANO_USD } });
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
