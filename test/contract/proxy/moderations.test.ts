/** `POST /v1/moderations`: verdicts, what they cost, and what is refused. */
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import type { GuardrailCheckAnswer, GuardrailCheckCall } from '../../../shared/domain/guardrail-check.ts';
import type { LimitSet, TenantLimits } from '../../../shared/domain/limits.ts';
import type { GuardrailChecks } from '../../../shared/ports.ts';
import { bodyText, type ProxyScript, proxyFixture } from '../../support/proxy-fixture.ts';

const ROUTE = 'POST /v1/moderations';
const NONE = { VIOLENCE: 0, HATE: 0, SEXUAL: 0, MISCONDUCT: 0, INSULTS: 0 };

interface ScriptedChecks extends GuardrailChecks {
  readonly calls: readonly GuardrailCheckCall[];
}

type CheckScript = (call: GuardrailCheckCall, index: number) => GuardrailCheckAnswer;

function scriptedChecks(script: CheckScript): ScriptedChecks {
  const calls: GuardrailCheckCall[] = [];
  return {
    calls,
    async check(call) {
      calls.push(call);
      return script(call, calls.length - 1);
    },
  };
}

const harmless: CheckScript = () => ({ scores: NONE, textUnits: 1 });

/** One request and everything that is to be seen of it. */
async function moderate(
  body: object,
  of: { readonly script?: CheckScript; readonly proxy?: ProxyScript; readonly headers?: object } = {},
) {
  const guardrailChecks = scriptedChecks(of.script ?? harmless);
  const proxy = proxyFixture({ ...of.proxy, guardrailChecks });
  const answer = await proxy.post(ROUTE, body, { headers: { ...of.headers } });
  const text = await bodyText(answer);
  return { status: answer.status, headers: answer.headers, body: JSON.parse(text), guardrailChecks, proxy };
}

const OF_ALL = [
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/intent',
  'self-harm/instructions',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
];
const SCORED = ['harassment', 'hate', 'illicit', 'sexual', 'violence'];

test('a text is judged in every category of OpenAI’s, those without a source never flagged', async () => {
  const scores = { VIOLENCE: 0.8, HATE: 0.2, SEXUAL: 0, MISCONDUCT: 0.4, INSULTS: 1 };
  const { status, headers, body, guardrailChecks } = await moderate(
    { input: 'abc' },
    { script: () => ({ scores, textUnits: 1 }) },
  );
  const told: Readonly<Record<string, number>> = { violence: 0.8, hate: 0.2, illicit: 0.4, harassment: 1 };
  const flagged = ['harassment', 'illicit', 'violence'];
  expect({ status, headers, body }).toEqual({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: {
      id: expect.stringMatching(/^modr-[0-9A-Z]{26}$/),
      model: 'amazon.guardrail-checks',
      results: [
        {
          flagged: true,
          categories: Object.fromEntries(OF_ALL.map((name) => [name, flagged.includes(name)])),
          category_scores: Object.fromEntries(OF_ALL.map((name) => [name, told[name] ?? 0])),
          category_applied_input_types: Object.fromEntries(
            OF_ALL.map((name) => [name, SCORED.includes(name) ? ['text'] : []]),
          ),
        },
      ],
    },
  });
  expect(guardrailChecks.calls.map(({ texts }) => texts)).toEqual([['abc']]);
});

test.each([
  [0, false],
  [0.2, false],
  [0.4, true],
  [1, true],
])('a score of %d is flagged: %s', async (score, flagged) => {
  const scores = { ...NONE, SEXUAL: score };
  const { body } = await moderate({ input: 'abc' }, { script: () => ({ scores, textUnits: 1 }) });
  expect([body.results[0].flagged, body.results[0].categories.sexual]).toEqual([flagged, flagged]);
});

test('several texts are judged each on its own, in order, as one request', async () => {
  const script: CheckScript = ({ texts }) => ({
    scores: { ...NONE, HATE: Number(texts[0]) },
    textUnits: 1,
  });
  const input = ['0', '0.6', '0.2', '1'];
  const { body, proxy } = await moderate({ input, model: 'omni-moderation-latest' }, { script });
  expect(body.model).toBe('omni-moderation-latest');
  expect(
    body.results.map((one: { flagged: boolean; category_scores: { hate: number } }) => [
      one.flagged,
      one.category_scores.hate,
    ]),
  ).toEqual([
    [false, 0],
    [true, 0.6],
    [false, 0.2],
    [true, 1],
  ]);
  expect(proxy.order).toEqual(['admit', 'admit:admitted', 'settle:completed']);
});

test('parts of text are judged together', async () => {
  const input = [
    { type: 'text', text: 'a' },
    { type: 'text', text: 'b' },
  ];
  const { body, guardrailChecks } = await moderate({ input });
  expect([body.results.length, guardrailChecks.calls.map(({ texts }) => texts)]).toEqual([1, [['a', 'b']]]);
});

describe('what it costs', () => {
  test('is the text units that Bedrock counted, told where asked and put down in the ledger', async () => {
    const script: CheckScript = () => ({ scores: NONE, textUnits: 2 });
    const { headers, proxy } = await moderate(
      { input: ['x'.repeat(1001), 'y'.repeat(1999)] },
      { script, headers: { 'x-include-cost': 'true' } },
    );
    // Four units at 0.15 USD for a thousand.
    expect(headers['x-request-cost-usd']).toBe('0.000600000');
    expect((await proxy.records())[0]).toMatchObject({
      endpoint: 'moderations',
      model: 'amazon.guardrail-checks',
      serviceTier: 'standard',
      outcome: 'completed',
      usage: { input: 4, output: 0, cacheRead: 0, cacheWrite: 0 },
      nanoUsd: 600_000,
      estimated: false,
    });
  });

  test('is the most it can be where Bedrock did not count', async () => {
    const script: CheckScript = () => ({ scores: NONE, textUnits: undefined });
    const { proxy } = await moderate({ input: ['x'.repeat(1001), 'y'] }, { script });
    expect((await proxy.records())[0]).toMatchObject({
      usage: { input: 3 },
      nanoUsd: 450_000,
      estimated: true,
    });
  });

  test.each<[string, LimitSet & Partial<TenantLimits>, string]>([
    ['money a month', { nanoUsdPerMonth: 299_999 }, 'insufficient_quota'],
    ['tokens a minute, of which a unit is one', { tokensPerMinute: 1 }, 'request_exceeds_limit'],
    [
      'tokens as Bedrock counts them',
      { tokensPerMinute: 1, tokenCounting: 'bedrock' },
      'request_exceeds_limit',
    ],
  ])('is held to a limit on %s, and Bedrock is not asked', async (_, limits, code) => {
    const guardrailChecks = scriptedChecks(harmless);
    const proxy = proxyFixture({ guardrailChecks, limits });
    await expect(proxy.post(ROUTE, { input: 'x'.repeat(1001) })).rejects.toMatchObject({ code });
    expect(guardrailChecks.calls).toEqual([]);
  });

  test('fits where a limit leaves as much', async () => {
    const limits = { nanoUsdPerMonth: 300_000, tokensPerMinute: 2 };
    expect((await moderate({ input: 'x'.repeat(2000) }, { proxy: { limits } })).status).toBe(200);
  });

  test('is counted as a request', async () => {
    const { proxy } = await moderate({ input: 'a' }, { proxy: { limits: { requestsPerDay: 1 } } });
    await expect(proxy.post(ROUTE, { input: 'a' })).rejects.toMatchObject({ code: 'request_rate_exceeded' });
  });
});

test.each(Object.keys(NONE))(
  'a score that is missing (%s) is a failure, not a zero, and charged',
  async (category) => {
    const scores = Object.fromEntries(Object.entries(NONE).filter(([name]) => name !== category));
    const guardrailChecks = scriptedChecks(() => ({ scores, textUnits: 1 }));
    const proxy = proxyFixture({ guardrailChecks });
    await expect(proxy.post(ROUTE, { input: 'abc' })).rejects.toMatchObject({ code: 'model_error' });
    expect((await proxy.records()).map(({ outcome, nanoUsd }) => [outcome, nanoUsd])).toEqual([
      ['failed', 150_000],
    ]);
  },
);

test('what Bedrock refuses is passed on and costs nothing', async () => {
  const refusal = new GatewayError('upstream_throttled', 'Later.');
  const proxy = proxyFixture({
    guardrailChecks: scriptedChecks(() => {
      throw refusal;
    }),
  });
  await expect(proxy.post(ROUTE, { input: 'abc' })).rejects.toBe(refusal);
  expect((await proxy.records()).map(({ outcome, nanoUsd }) => [outcome, nanoUsd])).toEqual([['failed', 0]]);
});

const text = (value: string) => ({ type: 'text', text: value });
const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,' } };

test.each<[string, unknown, string, string]>([
  ['no body', undefined, 'invalid_type', 'body'],
  ['no input', {}, 'missing_required_parameter', 'input'],
  ['a number as input', { input: 1 }, 'invalid_type', 'input'],
  ['an empty text', { input: '' }, 'invalid_value', 'input'],
  ['no texts', { input: [] }, 'invalid_value', 'input'],
  ['an empty text among others', { input: ['a', ''] }, 'invalid_value', 'input[1]'],
  ['a part among texts', { input: ['a', text('b')] }, 'invalid_type', 'input[1]'],
  ['a text among parts', { input: [text('b'), 'a'] }, 'invalid_type', 'input[1]'],
  ['an image', { input: [text('a'), image] }, 'unsupported_value', 'input[1].type'],
  ['a part of no type', { input: [{ text: 'a' }] }, 'missing_required_parameter', 'input[0].type'],
  ['a part of another type', { input: [{ type: 'audio' }] }, 'invalid_value', 'input[0].type'],
  ['a part without text', { input: [{ type: 'text' }] }, 'missing_required_parameter', 'input[0].text'],
  ['a part with an empty text', { input: [text('')] }, 'invalid_value', 'input[0].text'],
  ['a part with more than text', { input: [{ ...text('a'), x: 1 }] }, 'unsupported_parameter', 'input[0].x'],
  ['eleven parts', { input: Array(11).fill(text('a')) }, 'invalid_value', 'input'],
  ['a hundred and twenty-nine texts', { input: Array(129).fill('a') }, 'invalid_value', 'input'],
  ['half a surrogate pair', { input: 'a\ud800' }, 'invalid_value', 'input'],
  ['another model', { input: 'a', model: 'amazon.nova-lite-v1:0' }, 'model_not_found', 'model'],
  ['a number as model', { input: 'a', model: 1 }, 'invalid_type', 'model'],
  ['a parameter that nobody knows', { input: 'a', user: 'x' }, 'unsupported_parameter', 'user'],
])('%s is refused by name, and nothing is reserved', async (_, body, code, param) => {
  const guardrailChecks = scriptedChecks(harmless);
  const proxy = proxyFixture({ guardrailChecks });
  await expect(proxy.post(ROUTE, body)).rejects.toMatchObject({ name: 'GatewayError', code, param });
  expect([proxy.order, guardrailChecks.calls]).toEqual([[], []]);
});
