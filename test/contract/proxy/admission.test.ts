import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { errorBody, errorHeaders, errorStatus } from '../../../shared/http/openai-error.ts';
import { dynamoStores, limitsItemOf, NOW_MS, requestAt, TABLES } from '../../support/limits-fixture.ts';
import { createMemoryDynamo, dynamoError } from '../../support/memory-dynamo.ts';
import { ASK, bodyText, CHAT_MODEL, DEADLINE_MS, proxyFixture } from '../../support/proxy-fixture.ts';

/** What ASK reserves: 128 a request, 16 a message, 2 bytes, and the tenant's default output. */
const RESERVED_TOKENS = 128 + 16 + 2 + 4096;
/** Input at the dearest input class (a cache write, 3.75 USD a million), output at 15. */
const RESERVED_NANO_USD = 146 * 3750 + 4096 * 15000;

const refusal = async (asked: Promise<unknown>): Promise<GatewayError> => {
  const error = await asked.catch((reason: unknown) => reason);
  if (error instanceof GatewayError) return error;
  throw new TypeError('It was not refused.');
};

test('limits admit before Bedrock is called, and the charge comes after the answer', async () => {
  const proxy = proxyFixture();
  const answer = await proxy.chat(ASK);
  expect(proxy.order).toEqual(['admit', 'admit:admitted', 'bedrock']);
  await bodyText(answer);
  expect(proxy.order.slice(3)).toEqual(['settle:completed']);
});

test('the reservation is the most that the request may use, and outlives the function by a minute', async () => {
  const seen: unknown[] = [];
  const proxy = proxyFixture({
    store: {
      admit: async (admission) => {
        seen.push(admission);
        return { outcome: 'admitted', committed: admission.charges.map(() => 0) };
      },
    },
  });
  await proxy.chat(ASK);
  expect(seen).toMatchObject([
    {
      tenant: proxy.principal.tenant,
      model: CHAT_MODEL,
      reserved: { tokens: RESERVED_TOKENS, nanoUsd: RESERVED_NANO_USD },
      charges: [
        { kind: 'money-month', period: '202611', amount: RESERVED_NANO_USD },
        { kind: 'tokens-month', period: '202611', amount: RESERVED_TOKENS },
        { kind: 'money-day', period: '20261120', amount: RESERVED_NANO_USD },
        { kind: 'tokens-day', period: '20261120', amount: RESERVED_TOKENS },
        { kind: 'requests-day', period: '20261120', amount: 1 },
        { kind: 'requests-minute', period: '202611202017', amount: 1 },
        { kind: 'tokens-minute', period: '202611202017', amount: RESERVED_TOKENS },
      ],
      nowMs: NOW_MS,
      expiresAtMs: DEADLINE_MS + 60_000,
    },
  ]);
});

describe('a limit that refuses', () => {
  test('of requests at once asks to come back in about a second', async () => {
    const proxy = proxyFixture({ limits: { inflightMax: 1 } });
    await proxy.chat(ASK);
    const error = await refusal(proxy.chat(ASK));
    const message = 'Too many requests at once: this project may have 1 under way.';
    expect([errorStatus(error), errorBody(error)]).toEqual([
      429,
      { error: { message, type: 'requests', param: null, code: 'rate_limit_exceeded' } },
    ]);
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(750);
    expect(error.retryAfterMs).toBeLessThanOrEqual(1250);
    expect(errorHeaders(error)).toEqual({
      'x-should-retry': 'true',
      'retry-after-ms': String(error.retryAfterMs),
      'retry-after': expect.stringMatching(/^[12]$/),
    });
    expect(proxy.calls).toHaveLength(1);
  });

  test('because the limits changed meanwhile asks for another try', async () => {
    const proxy = proxyFixture({
      store: { admit: async () => ({ outcome: 'refused', by: 'stale-limits' }) },
    });
    const error = await refusal(proxy.chat(ASK));
    const message = 'Limits changed while this request was checked. Retry it.';
    expect([errorStatus(error), errorBody(error), errorHeaders(error)]).toEqual([
      503,
      { error: { message, type: 'server_error', param: null, code: 'service_unavailable' } },
      { 'x-should-retry': 'true', 'retry-after-ms': '100', 'retry-after': '1' },
    ]);
    expect(proxy.calls).toEqual([]);
  });

  test('because its store does not answer lets nothing through', async () => {
    const unavailable = new GatewayError('service_unavailable', 'The limits cannot be reached.');
    const proxy = proxyFixture({ store: { admit: () => Promise.reject(unavailable) } });
    expect(await refusal(proxy.chat(ASK))).toBe(unavailable);
    expect(proxy.calls).toEqual([]);
  });

  test('because its id was received before answers a conflict, and calls no model', async () => {
    const proxy = proxyFixture();
    await bodyText(await proxy.chat(ASK, { requestId: requestAt(1) }));
    proxy.time.advance(20);
    const error = await refusal(proxy.chat(ASK, { requestId: requestAt(1) }));
    const message = 'A request with this id was received before. Send it anew.';
    expect([errorStatus(error), errorBody(error), errorHeaders(error)]).toEqual([
      409,
      { error: { message, type: 'invalid_request_error', param: null, code: 'conflict' } },
      { 'x-should-retry': 'false' },
    ]);
    expect(proxy.calls).toHaveLength(1);
  });
});

test.each([
  ['were lost after they reserved, stay counted but', true],
  ['never came, nor did they reserve', false],
])('requests whose admissions %s bind nothing', async (_, acts) => {
  const dynamo = createMemoryDynamo();
  const lossy = dynamoStores({
    ...dynamo,
    updateItem: async (input) => {
      if (acts) await dynamo.updateItem(input);
      throw dynamoError('NetworkError', 'The answer was lost.');
    },
  });
  const { limits, events } = dynamoStores(dynamo);
  const admissions = [lossy.limits, lossy.limits, lossy.limits];
  const proxy = proxyFixture({
    store: {
      admit: (admission) => (admissions.pop() ?? limits).admit(admission),
      settle: limits.settle,
    },
    limits: { inflightMax: 3 },
  });
  for (let count = 0; count < 3; count += 1) {
    expect(await refusal(proxy.chat(ASK))).toMatchObject({ code: 'service_unavailable' });
  }
  const item = await limitsItemOf(dynamo, { tenant: proxy.principal.tenant, table: TABLES.limitsTable });
  expect([item['inflight'], item['tpm#202611202017'], item['rpm#202611202017']]).toEqual(
    acts ? [{ N: '0' }, { N: '0' }, { N: '3' }] : [undefined, undefined, undefined],
  );
  await bodyText(await proxy.chat(ASK));
  expect(proxy.calls).toHaveLength(1);
  expect(events).toEqual([]);
});

test('a model that does not exist is not found, with up to five close ids', async () => {
  const error = await refusal(proxyFixture().chat({ ...ASK, model: 'us.anthropic.claude-sonnet-4-5' }));
  expect(error).toMatchObject({ code: 'model_not_found', param: 'model' });
  const close = /Close to it: (.*)\.$/.exec(error.message)?.[1]?.split(', ') ?? [];
  expect(close).toHaveLength(5);
  expect(close).toContain('us.anthropic.claude-sonnet-4-6');
});

test('a model that is nothing like ours is not found, without ids', async () => {
  const error = await refusal(proxyFixture().chat({ ...ASK, model: 'gpt-4o' }));
  expect(error.message).toBe("The model 'gpt-4o' does not exist or you do not have access to it.");
});

test('a tenant whose default exceeds what the model gives gets what the model gives', async () => {
  const proxy = proxyFixture({ limits: { outputTokensDefault: 100_000 } });
  await proxy.chat(ASK);
  expect(proxy.calls[0]?.body.inferenceConfig.maxTokens).toBe(4096);
});
