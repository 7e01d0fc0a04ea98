import { NOW_MS, requestAt } from '../../support/limits-fixture.ts';
import {
  ASK,
  bodyText,
  CHAT_MODEL,
  HELLO_ANSWER,
  proxyFixture,
  START,
  stopEvent,
  streamData,
  textEvent,
  usageEvent,
} from '../../support/proxy-fixture.ts';

const ID = `chatcmpl-${requestAt(1)}`;
const CREATED = Math.floor(NOW_MS / 1000);
const USAGE = {
  prompt_tokens: 11,
  completion_tokens: 2,
  total_tokens: 13,
  prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
};
const chunk = (delta: object, finish: string | null = null) => ({
  id: ID,
  created: CREATED,
  model: CHAT_MODEL,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
});
const OPENING = chunk({ role: 'assistant', content: '', refusal: null });

describe('a whole answer', () => {
  test('is one chat.completion with its usage', async () => {
    const answer = await proxyFixture().chat(ASK);
    expect(answer.status).toBe(200);
    expect(answer.headers).toEqual({ 'content-type': 'application/json' });
    expect(JSON.parse(await bodyText(answer))).toEqual({
      id: ID,
      object: 'chat.completion',
      created: CREATED,
      model: CHAT_MODEL,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello world', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: USAGE,
    });
  });

  test('counts what came from the prompt cache among the prompt tokens', async () => {
    const usage = { inputTokens: 5, outputTokens: 1, cacheReadInputTokens: 7, cacheWriteInputTokens: 3 };
    const answer = await proxyFixture({ answer: { ...HELLO_ANSWER, usage } }).chat(ASK);
    expect(JSON.parse(await bodyText(answer)).usage).toEqual({
      prompt_tokens: 15,
      completion_tokens: 1,
      total_tokens: 16,
      prompt_tokens_details: { cached_tokens: 7, cache_write_tokens: 3 },
    });
  });

  test.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool_calls'],
    ['content_filtered', 'content_filter'],
    ['guardrail_intervened', 'content_filter'],
    ['malformed_model_output', 'stop'],
    ['a_reason_of_tomorrow', 'stop'],
  ])('that stopped for %s finishes with %s, streamed or not', async (stopReason, finish) => {
    const whole = await proxyFixture({ answer: { ...HELLO_ANSWER, stopReason } }).chat(ASK);
    expect(JSON.parse(await bodyText(whole)).choices[0].finish_reason).toBe(finish);
    const stream = [[START, textEvent('Hi'), stopEvent(stopReason)]];
    const streamed = await proxyFixture({ stream }).chat({ ...ASK, stream: true });
    expect(streamData(await bodyText(streamed)).at(-2)).toEqual(chunk({}, finish));
  });

  test('without a finish or without a form is a 502 that is settled as failed', async () => {
    for (const [answer, code] of [
      [{ output: {}, stopReason: 'malformed_model_output' }, 'model_error'],
      [{ output: {} }, 'model_stream_error'],
    ] as const) {
      const proxy = proxyFixture({ answer: { ...answer, usage: { inputTokens: 9, outputTokens: 4 } } });
      await expect(proxy.chat(ASK)).rejects.toMatchObject({ code });
      expect(await proxy.records()).toMatchObject([
        { outcome: 'failed', usage: { input: 9, output: 4 }, estimated: false },
      ]);
    }
  });
});

describe('a streamed answer', () => {
  test('is chunks of one id, a finish and [DONE]', async () => {
    const answer = await proxyFixture().chat({ ...ASK, stream: true });
    expect(answer.status).toBe(200);
    expect(answer.headers).toEqual({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
    });
    expect(streamData(await bodyText(answer))).toEqual([
      OPENING,
      chunk({ content: 'Hello' }),
      chunk({ content: ' world' }),
      chunk({}, 'stop'),
      '[DONE]',
    ]);
  });

  test('carries null usage on each chunk and the usage before [DONE] where it is asked for', async () => {
    const answer = await proxyFixture().chat({
      ...ASK,
      stream: true,
      stream_options: { include_usage: true },
    });
    const data = streamData(await bodyText(answer));
    expect(data.slice(0, -2)).toEqual(
      [OPENING, chunk({ content: 'Hello' }), chunk({ content: ' world' }), chunk({}, 'stop')].map((item) => ({
        ...item,
        usage: null,
      })),
    );
    expect(data.slice(-2)).toEqual([{ ...chunk({}), choices: [], usage: USAGE }, '[DONE]']);
  });

  test('is sent as it is read: one text for each read', async () => {
    const answer = await proxyFixture({
      stream: [[START, textEvent('a'), textEvent('b')], [textEvent('c')], [stopEvent()]],
    }).chat({ ...ASK, stream: true });
    const texts: string[] = [];
    for await (const text of answer.body) texts.push(text);
    expect(texts.map((text) => streamData(text).length)).toEqual([3, 1, 2]);
  });

  test('accepts the events of a model in any order, and an answer without text', async () => {
    const stream = [[usageEvent(3, 0)], [stopEvent('max_tokens')], [{ kind: 'somethingNew', payload: {} }]];
    const answer = await proxyFixture({ stream }).chat({ ...ASK, stream: true });
    expect(streamData(await bodyText(answer))).toEqual([OPENING, chunk({}, 'length'), '[DONE]']);
  });
});

describe('what the caller is told in headers', () => {
  test('names each parameter that had no effect', async () => {
    const answer = await proxyFixture().chat({
      ...ASK,
      messages: [{ role: 'user', content: 'Hi', name: 'ann' }],
      seed: 1,
      store: true,
      verbosity: 'high',
    });
    expect(answer.headers['x-ignored-params']).toBe('seed, store, verbosity, messages.name');
  });

  test('names top_p where the model takes temperature or top_p only', async () => {
    const model = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
    const proxy = proxyFixture();
    const answer = await proxy.chat({ ...ASK, model, temperature: 0.5, top_p: 0.9 });
    expect(answer.headers['x-ignored-params']).toBe('top_p');
    expect(proxy.calls[0]?.body.inferenceConfig).toEqual({ maxTokens: 4096, temperature: 0.5 });
  });

  test("gives the tenant's limit of tokens, what is left of it and when it is full again", async () => {
    const answer = await proxyFixture({ limits: { tokensPerMinute: 10_000 } }).chat(ASK);
    expect(answer.headers).toMatchObject({
      'x-ratelimit-limit-tokens': '10000',
      'x-ratelimit-remaining-tokens': String(10_000 - 4096 - 128 - 16 - 2),
      'x-ratelimit-reset-tokens': '30s',
    });
  });
});

describe('the call of Bedrock', () => {
  test('carries the request, its limits and who caused it', async () => {
    const proxy = proxyFixture();
    await proxy.chat({
      model: CHAT_MODEL,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'One' }] },
        { role: 'user', content: 'Two' },
        { role: 'assistant', content: 'Three' },
        { role: 'developer', content: 'Be kind.' },
        { role: 'user', content: 'Four' },
      ],
      max_completion_tokens: 50,
      max_tokens: 70,
      temperature: 1.7,
      top_p: 0.4,
      stop: ['END', ''],
      user: 'ann@example.com',
      metadata: { team: 'blue|green', 'bp:project': 'forged' },
    });
    const { tenant, account, key } = proxy.principal;
    expect(proxy.calls).toMatchObject([
      {
        modelId: CHAT_MODEL,
        body: {
          system: [{ text: 'Be brief.' }, { text: 'Be kind.' }],
          messages: [
            { role: 'user', content: [{ text: 'One' }, { text: 'Two' }] },
            { role: 'assistant', content: [{ text: 'Three' }] },
            { role: 'user', content: [{ text: 'Four' }] },
          ],
          inferenceConfig: { maxTokens: 50, temperature: 1, topP: 0.4, stopSequences: ['END'] },
        },
      },
    ]);
    expect(proxy.calls[0]?.body.requestMetadata).toEqual({
      'bp:project': `proj_${tenant}`,
      'bp:service-account': `svc_${tenant}${account}`,
      'bp:api-key': `key_${tenant}${key}`,
      'bp:request': requestAt(1),
      'bp:user': expect.stringMatching(/^[0-9a-f]{32}$/),
      team: 'blue_green',
    });
  });

  test('takes as many tags of the caller as there is room for, and says so', async () => {
    const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, 'v']));
    const proxy = proxyFixture();
    const answer = await proxy.chat({ ...ASK, metadata });
    expect(Object.keys(proxy.calls[0]?.body.requestMetadata ?? {})).toHaveLength(16);
    expect(answer.headers['x-ignored-params']).toBe('metadata');
  });

  test('continues an assistant message without its trailing white space', async () => {
    const proxy = proxyFixture();
    await proxy.chat({ ...ASK, messages: [...ASK.messages, { role: 'assistant', content: 'Once \n' }] });
    expect(proxy.calls[0]?.body.messages.at(-1)).toEqual({ role: 'assistant', content: [{ text: 'Once' }] });
  });
});
