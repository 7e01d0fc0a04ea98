import { setImmediate } from 'node:timers/promises';
import type { ConverseAnswer } from '../../../shared/domain/converse.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { NOW_MS } from '../../support/limits-fixture.ts';
import {
  ASK,
  bodyText,
  CHAT_MODEL,
  collect,
  DEADLINE_MS,
  proxyFixture,
  START,
  stopEvent,
  streamData,
  textEvent,
  usageEvent,
} from '../../support/proxy-fixture.ts';

const STREAM = { ...ASK, stream: true };
const COUNTED = {
  usage: { input: 11, output: 2, cacheRead: 0, cacheWrite: 0 },
  nanoUsd: 63_000,
  estimated: false,
};
const BOUND = {
  usage: { input: 146, output: 4096, cacheRead: 0, cacheWrite: 0 },
  nanoUsd: 146 * 3750 + 4096 * 15_000,
  estimated: true,
};
const NOTHING = { usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }, nanoUsd: 0, estimated: false };
const streamError = new GatewayError('model_stream_error', 'It broke.');

function generatorOf(answer: { readonly body: string | AsyncGenerator<string, void, void> }) {
  if (typeof answer.body === 'string') throw new TypeError('The body is text.');
  return answer.body;
}

describe('one record is written', () => {
  test.each([ASK, STREAM])('of what Bedrock counted, for a finished answer', async (body) => {
    const proxy = proxyFixture();
    await bodyText(await proxy.chat(body));
    expect(await proxy.records()).toEqual([
      {
        request: expect.any(String),
        tenant: proxy.principal.tenant,
        account: proxy.principal.account,
        key: proxy.principal.key,
        model: CHAT_MODEL,
        endpoint: 'chat.completions',
        serviceTier: 'standard',
        outcome: 'completed',
        startedAtMs: NOW_MS,
        settledAtMs: NOW_MS,
        ...COUNTED,
      },
    ]);
    expect(proxy.time.armed()).toBe(0);
  });

  test('of the whole reservation, for a finished answer that was not counted', async () => {
    const proxy = proxyFixture({ stream: [[START, textEvent('a'), stopEvent()]] });
    await bodyText(await proxy.chat(STREAM));
    expect(await proxy.records()).toMatchObject([{ outcome: 'completed', ...BOUND }]);
  });

  test.each([
    ['without a count', [START, textEvent('a')], BOUND],
    ['with a count', [START, usageEvent(11, 2)], COUNTED],
  ])('for a stream that breaks %s', async (_, events, charged) => {
    const proxy = proxyFixture({ stream: [events, streamError] });
    const data = streamData(await bodyText(await proxy.chat(STREAM)));
    expect(data.at(-1)).toEqual({
      error: { message: 'It broke.', type: 'server_error', param: null, code: 'model_stream_error' },
    });
    expect(data).not.toContain('[DONE]');
    expect(await proxy.records()).toMatchObject([{ outcome: 'failed', ...charged }]);
  });

  test('for a stream that ends without messageStop, which is an error and never a silent end', async () => {
    const proxy = proxyFixture({ stream: [[START, textEvent('a')], [usageEvent(11, 2)]] });
    const data = streamData(await bodyText(await proxy.chat(STREAM)));
    expect(data.at(-1)).toMatchObject({ error: { code: 'model_stream_error' } });
    expect(await proxy.records()).toMatchObject([{ outcome: 'failed', ...COUNTED }]);
  });

  test('for an error of our own in mid-stream, which stays opaque', async () => {
    const proxy = proxyFixture({ stream: [[START], new TypeError('secret detail')] });
    const text = await bodyText(await proxy.chat(STREAM));
    expect(text).not.toContain('secret');
    expect(streamData(text).at(-1)).toMatchObject({ error: { code: 'internal_error' } });
    expect(await proxy.records()).toMatchObject([{ outcome: 'failed', ...BOUND }]);
  });

  test.each([
    ['nothing, where Bedrock refused', 'upstream_throttled', NOTHING],
    ['the reservation, where the model may have worked', 'model_timeout', BOUND],
    ['the reservation, where the connection broke', 'upstream_connection_error', BOUND],
  ] as const)('of %s before it answered', async (_, code, charged) => {
    const refusal = new GatewayError(code, 'No.');
    for (const body of [ASK, STREAM]) {
      const proxy = proxyFixture({ refusal });
      await expect(proxy.chat(body)).rejects.toBe(refusal);
      expect(await proxy.records()).toMatchObject([{ outcome: 'failed', ...charged }]);
      expect(proxy.time.armed()).toBe(0);
    }
  });
});

describe('a caller that leaves', () => {
  test('while the model is silent ends the model call at once and is charged the reservation', async () => {
    const proxy = proxyFixture({ stream: [[START, textEvent('a')], 'hang'] });
    const body = generatorOf(await proxy.chat(STREAM));
    await body.next();
    const waiting = body.next();
    await body.return();
    expect(proxy.calls[0]?.signal.aborted).toBe(true);
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await proxy.records()).toMatchObject([{ outcome: 'abandoned', ...BOUND }]);
    expect(proxy.time.armed()).toBe(0);
  });

  test.each(['return', 'throw'] as const)('between two reads (%s) is settled as abandoned', async (how) => {
    const proxy = proxyFixture({ stream: [[START, textEvent('a')], 'hang'] });
    const body = generatorOf(await proxy.chat(STREAM));
    await body.next();
    await (how === 'return' ? body.return() : body.throw(new Error('premature close')));
    expect(proxy.calls[0]?.signal.aborted).toBe(true);
    expect(await proxy.records()).toMatchObject([{ outcome: 'abandoned', ...BOUND }]);
  });

  test.each([
    [ASK, COUNTED],
    [STREAM, { estimated: true }],
  ])(
    'before the body began is settled as abandoned, by the count that is known',
    async (request, charged) => {
      const proxy = proxyFixture();
      await generatorOf(await proxy.chat(request)).return();
      expect(await proxy.records()).toMatchObject([{ outcome: 'abandoned', ...charged }]);
      expect(proxy.order.filter((step) => step.startsWith('settle'))).toHaveLength(1);
      expect(proxy.time.armed()).toBe(0);
    },
  );

  test('after the last chunk has not abandoned anything', async () => {
    const proxy = proxyFixture();
    const body = generatorOf(await proxy.chat(STREAM));
    for (let text = ''; !text.includes('[DONE]'); ) text = String((await body.next()).value);
    await body.return();
    expect(await proxy.records()).toMatchObject([{ outcome: 'completed', ...COUNTED }]);
    expect(proxy.order.filter((step) => step.startsWith('settle'))).toEqual(['settle:completed']);
  });
});

describe('an answer that cannot be understood', () => {
  test('is settled before it is refused', async () => {
    const answer = { output: { message: { content: [null] } }, stopReason: 'end_turn' };
    const proxy = proxyFixture({ answer: answer as unknown as ConverseAnswer });
    await expect(proxy.chat(ASK)).rejects.toThrow();
    expect(await proxy.records()).toMatchObject([{ outcome: 'failed', estimated: true }]);
    expect(proxy.time.armed()).toBe(0);
  });
});

describe('time', () => {
  test('ten seconds before the deadline a stream whose caller does not read is settled', async () => {
    const proxy = proxyFixture({ stream: [[START, textEvent('a')], 'hang'] });
    const body = generatorOf(await proxy.chat(STREAM));
    await body.next();
    await proxy.time.pass(DEADLINE_MS - NOW_MS - 10_000);
    expect(await proxy.records()).toMatchObject([{ outcome: 'failed', estimated: true }]);
    await body.return();
    expect(await proxy.records()).toHaveLength(1);
  });

  test('spent in silence loses nothing of what comes after the comment', async () => {
    const released = Promise.withResolvers<void>();
    const proxy = proxyFixture({
      stream: [
        [START, textEvent('a')],
        released.promise,
        [textEvent('LATE')],
        [stopEvent(), usageEvent(11, 2)],
      ],
    });
    const body = generatorOf(await proxy.chat(STREAM));
    let text = String((await body.next()).value);
    const silent = body.next();
    await proxy.time.pass(15_000);
    text += String((await silent).value);
    // Bedrock speaks while nobody reads: a host whose caller is slow has suspended the generator at the comment.
    released.resolve();
    await setImmediate();
    for await (const piece of body) text += piece;
    expect(text).toContain(': ping');
    expect(text).toContain('LATE');
    expect(text).toContain('[DONE]');
  });

  test('ten seconds before the deadline a stream ends with an error and its settlement', async () => {
    const proxy = proxyFixture({ stream: [[START, textEvent('a')], 'hang'] });
    const body = generatorOf(await proxy.chat(STREAM));
    await body.next();
    const rest = collect(body);
    await proxy.time.pass(DEADLINE_MS - NOW_MS - 10_000);
    const data = streamData((await rest).join(''));
    expect(data).toMatchObject([{ error: { code: 'model_timeout' } }]);
    expect(proxy.calls[0]?.signal.aborted).toBe(true);
    expect(await proxy.records()).toMatchObject([{ outcome: 'failed', ...BOUND }]);
  });

  test('silence is bridged by a comment every 15 s, and events put the next one off', async () => {
    const gate = Promise.withResolvers<void>();
    const proxy = proxyFixture({ stream: [[START], gate.promise, [textEvent('a')], 'hang'] });
    const body = generatorOf(await proxy.chat(STREAM));
    await body.next();
    const text = body.next();
    await proxy.time.pass(14_000);
    gate.resolve();
    await text;
    const first = body.next();
    await proxy.time.pass(14_999);
    expect(await Promise.race([first, setImmediate('nothing yet')])).toBe('nothing yet');
    await proxy.time.pass(1);
    expect(await first).toEqual({ done: false, value: ': ping\n\n' });
    const second = body.next();
    await proxy.time.pass(15_000);
    expect(await second).toEqual({ done: false, value: ': ping\n\n' });
    await body.return();
  });

  test('an endless deadline does not end a call at once', async () => {
    const answer = await proxyFixture().chat(STREAM, { deadlineMs: Number.POSITIVE_INFINITY });
    expect(streamData(await bodyText(answer)).at(-1)).toBe('[DONE]');
  });
});

test('a ledger that cannot be written neither breaks the answer nor goes unsaid', async () => {
  const unavailable = new GatewayError('service_unavailable', 'No.');
  const proxy = proxyFixture({ store: { settle: () => Promise.reject(unavailable) } });
  expect(streamData(await bodyText(await proxy.chat(STREAM))).at(-1)).toBe('[DONE]');
  expect(proxy.log).toContainEqual(
    expect.objectContaining({ level: 'error', event: 'settlement-failed', cause: 'service_unavailable' }),
  );
});

test('using more than was reserved is charged', async () => {
  const proxy = proxyFixture({ stream: [[START, stopEvent(), usageEvent(5_000, 2)]] });
  await bodyText(await proxy.chat(STREAM));
  expect(await proxy.records()).toMatchObject([{ usage: { input: 5_000 }, nanoUsd: 15_030_000 }]);
});

test('a request is one line of the log, which CloudWatch counts and no text of it is in', async () => {
  const proxy = proxyFixture();
  const answer = await proxy.chat({ ...STREAM, user: 'ann' });
  proxy.time.advance(40);
  await bodyText(answer);
  expect(proxy.log).toEqual([
    expect.objectContaining({
      level: 'info',
      event: 'usage',
      tenant: proxy.principal.tenant,
      model: CHAT_MODEL,
      endpoint: 'chat.completions',
      serviceTier: 'standard',
      outcome: 'completed',
      stream: true,
      acceptedMs: 0,
      Stage: 'test',
      InputTokens: 11,
      OutputTokens: 2,
      NanoUsd: 63_000,
      DurationMs: 40,
      Failures: 0,
      ShadowRefusals: 0,
    }),
  ]);
  const line = JSON.stringify(proxy.log[0]);
  expect(line).toContain('"CloudWatchMetrics":[{"Namespace":"BedrockProxy"');
  for (const text of ['Hi', 'Hello', 'ann']) expect(line).not.toContain(`"${text}"`);
});
