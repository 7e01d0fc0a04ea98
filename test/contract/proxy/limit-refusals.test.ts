/** Refusals that come together, at the edge of a minute, or of a model under another name. */
import { NOW_MS, requestAt } from '../../support/limits-fixture.ts';
import { ASK, CHAT_MODEL, type ProxyScript, proxyFixture } from '../../support/proxy-fixture.ts';
import { expectWait, rates, refused, secondAnswer, WAIT } from '../../support/refused-answers.ts';

/** What ASK reserves. */
const NANO_USD = 146 * 3750 + 4096 * 15000;
/** CHAT_MODEL without its inference profile. */
const MODEL_BEHIND = 'anthropic.claude-3-sonnet-20240229-v1:0';

test('a minute that will refuse in any case is told before a budget that may have room in a moment', async () => {
  const limits = { requestsPerMinute: 1 };
  const answer = await secondAnswer({ limits, accountLimits: { nanoUsdPerMonth: NANO_USD } });
  expect(answer).toMatchObject({ error: { type: 'requests' }, headers: { 'x-should-retry': 'true' } });
  expectWait(answer.headers, { fromMs: 30_000, jitterMs: 300 });
});

test('at the beginning of a minute a caller is told to wait no longer than the SDK would', async () => {
  const proxy = proxyFixture({ limits: { requestsPerMinute: 1 } });
  proxy.time.advance(30_000);
  await proxy.chat(ASK, { requestId: requestAt(8, NOW_MS + 30_000) });
  const { headers } = await refused(proxy.chat(ASK, { requestId: requestAt(9, NOW_MS + 30_000) }));
  expect(headers).toMatchObject({ 'x-should-retry': 'true', 'retry-after-ms': '60000', 'retry-after': '60' });
});

test('callers that a minute refuses together are told to come back one by one', async () => {
  const proxy = proxyFixture({ limits: { requestsPerMinute: 1 } });
  await proxy.chat(ASK);
  const waits = new Set<string | undefined>();
  for (let count = 0; count < 20; count += 1) {
    waits.add((await refused(proxy.chat(ASK))).headers['retry-after-ms']);
  }
  expect(waits.size).toBeGreaterThan(10);
});

test('a limit of requests at once tells what is left of the others, too', async () => {
  const answer = await secondAnswer({ limits: { inflightMax: 1, requestsPerDay: 10 } });
  expect(answer.headers).toEqual({
    ...rates({ subject: 'requests', limit: 10, left: 9, reset: '3h42m30s' }),
    ...WAIT,
    'x-should-retry': 'true',
  });
});

describe('who calls a model by an alias is refused by that name', () => {
  const aliases = { 'my-model': CHAT_MODEL };
  const ask = { ...ASK, model: 'my-model' };
  const behind = { models: [{ model: MODEL_BEHIND, limits: { requestsPerMinute: 1 } }] };

  test.each<[string, ProxyScript, object]>([
    ['one that has its limit reached', { limits: behind }, ask],
    [
      'one larger than its limit',
      { limits: { models: [{ model: MODEL_BEHIND, limits: { tokensPerMinute: 1 } }] } },
      ask,
    ],
    ['one of too many tokens', {}, { ...ask, max_tokens: 4097 }],
  ])('%s', async (_, script, body) => {
    const proxy = proxyFixture({ ...script, aliases });
    if (script.limits === behind) await proxy.chat(ask);
    const { error } = await refused(proxy.chat(body));
    expect(error.message).toContain("'my-model'");
    expect(error.message).not.toContain(MODEL_BEHIND);
  });
});
