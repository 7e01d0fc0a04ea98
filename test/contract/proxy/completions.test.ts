/** `POST /v1/completions`: a prompt becomes one message of a user, and the answer OpenAI's legacy completion. */
import type { CompletionCreateParamsBase } from 'openai/resources/completions';
import { COMPLETION_PARAMETERS } from '../../../functions/proxy/completions/parameters.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { NOW_MS } from '../../support/limits-fixture.ts';
import {
  bodyText,
  CHAT_MODEL,
  HELLO_STREAM,
  type ProxyScript,
  proxyFixture,
  START,
  stopEvent,
  streamData,
  textEvent,
} from '../../support/proxy-fixture.ts';

const ROUTE = 'POST /v1/completions';
const ASK = { model: CHAT_MODEL, prompt: 'Once upon a time' };
const asks = (fields: object) => ({ ...ASK, ...fields });

async function complete(body: object, script: ProxyScript = {}, headers: Record<string, string> = {}) {
  const proxy = proxyFixture(script);
  const answer = await proxy.post(ROUTE, body, { headers });
  return { status: answer.status, headers: answer.headers, text: await bodyText(answer), proxy };
}

const HEAD = {
  id: expect.stringMatching(/^cmpl-[0-9A-Z]{26}$/),
  object: 'text_completion',
  created: NOW_MS / 1000,
  model: CHAT_MODEL,
};
const USAGE = {
  prompt_tokens: 11,
  completion_tokens: 2,
  total_tokens: 13,
  prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
};
const choice = (text: string, reason: string | null) => ({
  text,
  index: 0,
  logprobs: null,
  finish_reason: reason,
});

test('a prompt is answered whole', async () => {
  const { status, headers, text, proxy } = await complete(ASK);
  expect({ status, headers, body: JSON.parse(text) }).toEqual({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: { ...HEAD, choices: [choice('Hello world', 'stop')], usage: USAGE },
  });
  expect(proxy.calls.map(({ modelId, body }) => [modelId, body.messages, body.system])).toEqual([
    [CHAT_MODEL, [{ role: 'user', content: [{ text: 'Once upon a time' }] }], undefined],
  ]);
  expect((await proxy.records()).map(({ endpoint, outcome }) => [endpoint, outcome])).toEqual([
    ['chat.completions', 'completed'],
  ]);
});

test('an array of one prompt is that prompt', async () => {
  const { proxy } = await complete(asks({ prompt: ['Hi'] }));
  expect(proxy.calls[0]?.body.messages).toEqual([{ role: 'user', content: [{ text: 'Hi' }] }]);
});

test('what is honoured reaches the model, and what is not is named', async () => {
  const fields = { max_tokens: 7, temperature: 1.5, top_p: 0.5, stop: 'END', seed: 1, user: 'jane' };
  const { headers, proxy } = await complete(asks(fields));
  expect(proxy.calls[0]?.body.inferenceConfig).toEqual({
    maxTokens: 7,
    temperature: 1,
    topP: 0.5,
    stopSequences: ['END'],
  });
  expect(proxy.calls[0]?.body.requestMetadata).toHaveProperty(['bp:user']);
  expect(headers['x-ignored-params']?.split(', ').sort()).toEqual(['seed', 'temperature']);
});

test('without max_tokens it is the project’s default that is sent', async () => {
  const { proxy } = await complete(ASK, { limits: { outputTokensDefault: 99 } });
  expect(proxy.calls[0]?.body.inferenceConfig).toEqual({ maxTokens: 99 });
});

describe('a stream', () => {
  test('has a chunk for each text, one for the end and none for the usage unless it was asked for', async () => {
    const { headers, text } = await complete(asks({ stream: true }));
    expect(headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(streamData(text)).toEqual([
      { ...HEAD, choices: [choice('Hello', null)] },
      { ...HEAD, choices: [choice(' world', null)] },
      { ...HEAD, choices: [choice('', 'stop')] },
      '[DONE]',
    ]);
  });

  test('tells the usage last where it was asked for, with its cost where that was', async () => {
    const body = asks({ stream: true, stream_options: { include_usage: true } });
    const { text } = await complete(body, {}, { 'x-include-cost': 'true' });
    expect(streamData(text).slice(2)).toEqual([
      { ...HEAD, choices: [choice('', 'stop')], usage: null },
      { ...HEAD, choices: [], usage: { ...USAGE, cost: 0.000063 } },
      '[DONE]',
    ]);
  });

  test('that breaks says so in-band and has no end', async () => {
    const broken = new GatewayError('model_stream_error', 'It broke.');
    const { text } = await complete(asks({ stream: true }), { stream: [HELLO_STREAM[0], broken] });
    expect(streamData(text)).toEqual([
      { ...HEAD, choices: [choice('Hello', null)] },
      { error: { message: 'It broke.', type: 'server_error', param: null, code: 'model_stream_error' } },
    ]);
  });

  test('that merely ends is a failure', async () => {
    const { text } = await complete(asks({ stream: true }), { stream: [[START, textEvent('Hi')]] });
    expect(streamData(text).at(-1)).toMatchObject({ error: { code: 'model_stream_error' } });
  });
});

test.each([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['guardrail_intervened', 'content_filter'],
  ['tool_use', 'stop'],
])('%s is %s, streamed and whole', async (stopReason, reason) => {
  const answer = { output: { message: { content: [{ text: 'Hi' }] } }, stopReason };
  const whole = await complete(ASK, { answer });
  const stream = [[START, textEvent('Hi'), stopEvent(stopReason)]];
  const streamed = await complete(asks({ stream: true }), { stream });
  expect(JSON.parse(whole.text).choices).toEqual([choice('Hi', reason)]);
  expect(streamData(streamed.text).at(-2)).toMatchObject({ choices: [choice('', reason)] });
});

test('an answer without a word is an empty text', async () => {
  const { text } = await complete(ASK, {
    answer: { output: { message: { content: [] } }, stopReason: 'end_turn' },
  });
  expect(JSON.parse(text)).toEqual({ ...HEAD, choices: [choice('', 'stop')] });
});

describe('what Bedrock or a limit refuses', () => {
  test('for its length names the prompt', async () => {
    const refusal = new GatewayError('context_length_exceeded', 'Too long.', { param: 'messages' });
    await expect(proxyFixture({ refusal }).post(ROUTE, ASK)).rejects.toMatchObject({
      code: 'context_length_exceeded',
      param: 'prompt',
    });
  });

  test.each([
    [ASK, 'set max_tokens below 4096, its default here'],
    [asks({ max_tokens: 50 }), 'lower max_tokens, which is 50'],
  ])('names max_tokens as what can be lowered, and Bedrock is not asked', async (body, remedy) => {
    const proxy = proxyFixture({ limits: { tokensPerMinute: 100 } });
    await expect(proxy.post(ROUTE, body)).rejects.toMatchObject({
      code: 'request_exceeds_limit',
      message: expect.stringContaining(remedy),
    });
    expect(proxy.calls).toEqual([]);
  });
});

/** Every field of openai's request type, with a value that asks for something. What is missing does not compile. */
const FIELDS: Readonly<
  Record<keyof CompletionCreateParamsBase, 'honoured' | 'ignored' | readonly [value: unknown, code: string]>
> = {
  best_of: [2, 'unsupported_value'],
  echo: [true, 'unsupported_parameter'],
  frequency_penalty: [1, 'unsupported_parameter'],
  logit_bias: [{ '1': 1 }, 'unsupported_parameter'],
  logprobs: [0, 'unsupported_parameter'],
  max_tokens: 'honoured',
  model: 'honoured',
  n: [2, 'unsupported_value'],
  presence_penalty: [-1, 'unsupported_parameter'],
  prompt: 'honoured',
  seed: 'ignored',
  stop: 'honoured',
  stream: 'honoured',
  stream_options: 'honoured',
  suffix: ['!', 'unsupported_parameter'],
  temperature: 'honoured',
  top_p: 'honoured',
  user: 'honoured',
};

test('every field of openai’s request type is decided, and no other', () => {
  const decided = Object.entries(COMPLETION_PARAMETERS).map(([name, { decision }]) => [name, decision]);
  const expected = Object.entries(FIELDS).map(([name, of]) => [
    name,
    typeof of === 'string' ? of : 'refused',
  ]);
  expect(Object.fromEntries(decided)).toEqual(Object.fromEntries(expected));
});

const REFUSED = Object.entries(FIELDS).flatMap(([name, of]) =>
  typeof of === 'string' ? [] : [[name, asks({ [name]: of[0] }), of[1], name] as const],
);

test.each<readonly [string, unknown, string, string]>([
  ...REFUSED,
  ['no body', undefined, 'invalid_type', 'body'],
  ['no model', { prompt: 'Hi' }, 'missing_required_parameter', 'model'],
  ['no prompt', { model: CHAT_MODEL }, 'missing_required_parameter', 'prompt'],
  ['a null prompt', asks({ prompt: null }), 'missing_required_parameter', 'prompt'],
  ['a blank prompt', asks({ prompt: ' \n' }), 'invalid_value', 'prompt'],
  ['no prompts', asks({ prompt: [] }), 'invalid_value', 'prompt'],
  ['two prompts', asks({ prompt: ['a', 'b'] }), 'unsupported_value', 'prompt'],
  ['tokens', asks({ prompt: [1, 2] }), 'unsupported_value', 'prompt'],
  ['lists of tokens', asks({ prompt: [[1], [2]] }), 'unsupported_value', 'prompt'],
  ['a number as prompt', asks({ prompt: 1 }), 'unsupported_value', 'prompt'],
  ['an object as prompt', asks({ prompt: {} }), 'invalid_type', 'prompt'],
  ['half a surrogate pair', asks({ prompt: 'a\ud800' }), 'invalid_value', 'prompt'],
  ['no tokens', asks({ max_tokens: 0 }), 'invalid_value', 'max_tokens'],
  ['more tokens than the model gives', asks({ max_tokens: 5000 }), 'invalid_value', 'max_tokens'],
  ['stream_options without stream', asks({ stream_options: {} }), 'invalid_value', 'stream_options'],
  ['messages', asks({ messages: [] }), 'unsupported_parameter', 'messages'],
  ['a model that embeds', asks({ model: 'amazon.titan-embed-text-v2:0' }), 'unsupported_value', 'model'],
])('%s is refused by name, and nothing is reserved', async (_, body, code, param) => {
  const proxy = proxyFixture();
  await expect(proxy.post(ROUTE, body)).rejects.toMatchObject({ name: 'GatewayError', code, param });
  expect([proxy.order, proxy.calls]).toEqual([[], []]);
});

test.each([
  ['best_of', 1],
  ['echo', false],
  ['frequency_penalty', 0],
  ['logit_bias', {}],
  ['logprobs', null],
  ['n', 1],
  ['presence_penalty', 0],
  ['suffix', ''],
])('%s may be there where it asks for nothing', async (name, value) => {
  const { status, headers } = await complete(asks({ [name]: value }));
  expect([status, headers['x-ignored-params']]).toEqual([200, undefined]);
});
