import { ASK, CHAT_MODEL, NOVA, proxyFixture } from '../../support/proxy-fixture.ts';

type Refusal = readonly [what: string, body: unknown, code: string, param: string];

const user = (content: unknown, more: object = {}) => ({
  ...ASK,
  messages: [{ role: 'user', content, ...more }],
});
const asks = (fields: object) => ({ ...ASK, ...fields });
const parsed = (text: string): unknown => JSON.parse(text);

const TYPES: readonly Refusal[] = [
  ['no body', undefined, 'invalid_type', 'body'],
  ['a null body', null, 'invalid_type', 'body'],
  ['an array', [], 'invalid_type', 'body'],
  ['no model', { messages: ASK.messages }, 'missing_required_parameter', 'model'],
  ['an empty model', asks({ model: '' }), 'missing_required_parameter', 'model'],
  ['a number as model', asks({ model: 4 }), 'invalid_type', 'model'],
  ['no messages', { model: CHAT_MODEL }, 'missing_required_parameter', 'messages'],
  ['text as messages', asks({ messages: 'Hi' }), 'invalid_type', 'messages'],
  ['no message in messages', asks({ messages: [] }), 'invalid_value', 'messages'],
  ['text as a message', asks({ messages: ['Hi'] }), 'invalid_type', 'messages[0]'],
  ['no role', asks({ messages: [{ content: 'Hi' }] }), 'missing_required_parameter', 'messages[0].role'],
  ['no content', asks({ messages: [{ role: 'user' }] }), 'missing_required_parameter', 'messages[0].content'],
  [
    'an assistant without content',
    asks({ messages: [...ASK.messages, { role: 'assistant' }] }),
    'missing_required_parameter',
    'messages[1].content',
  ],
  ['a number as content', user(5), 'invalid_type', 'messages[0].content'],
  ['text as a part', user(['Hi']), 'invalid_type', 'messages[0].content[0]'],
  [
    'a part without type',
    user([{ text: 'Hi' }]),
    'missing_required_parameter',
    'messages[0].content[0].type',
  ],
  ['a number as text', user([{ type: 'text', text: 1 }]), 'invalid_type', 'messages[0].content[0].text'],
  ['a number as name', user('Hi', { name: 1 }), 'invalid_type', 'messages[0].name'],
  ['text as temperature', asks({ temperature: '1' }), 'invalid_type', 'temperature'],
  ['text as top_p', asks({ top_p: '1' }), 'invalid_type', 'top_p'],
  ['a decimal of tokens', asks({ max_tokens: 1.5 }), 'invalid_type', 'max_tokens'],
  ['text as stream', asks({ stream: 'true' }), 'invalid_type', 'stream'],
  ['text as stream_options', asks({ stream: true, stream_options: 'x' }), 'invalid_type', 'stream_options'],
  ['a number in stop', asks({ stop: ['a', 1] }), 'invalid_type', 'stop[1]'],
  ['a number as user', asks({ user: 1 }), 'invalid_type', 'user'],
  ['text as metadata', asks({ metadata: 'x' }), 'invalid_type', 'metadata'],
  ['a number in metadata', asks({ metadata: { a: 1 } }), 'invalid_type', 'metadata.a'],
  ['text as seed', asks({ seed: 'x' }), 'invalid_type', 'seed'],
];

const VALUES: readonly Refusal[] = [
  ['a temperature above 2', asks({ temperature: 2.1 }), 'invalid_value', 'temperature'],
  ['a negative temperature', asks({ temperature: -0.1 }), 'invalid_value', 'temperature'],
  ['a top_p above 1', asks({ top_p: 1.1 }), 'invalid_value', 'top_p'],
  ['no tokens', asks({ max_completion_tokens: 0 }), 'invalid_value', 'max_completion_tokens'],
  ['more than the model gives', asks({ max_tokens: 4097 }), 'invalid_value', 'max_tokens'],
  ['five stop sequences', asks({ stop: ['a', 'b', 'c', 'd', 'e'] }), 'invalid_value', 'stop'],
  ['stream_options without stream', asks({ stream_options: {} }), 'invalid_value', 'stream_options'],
  ['a blank user message', user(' \n'), 'invalid_value', 'messages[0].content'],
  [
    'an unknown role',
    asks({ messages: [{ role: 'cat', content: 'Hi' }] }),
    'invalid_value',
    'messages[0].role',
  ],
  [
    'an assistant that begins',
    asks({
      messages: [
        { role: 'system', content: 'x' },
        { role: 'assistant', content: 'Hi' },
      ],
    }),
    'invalid_value',
    'messages[1].role',
  ],
  [
    'only a system message',
    asks({ messages: [{ role: 'system', content: 'Hi' }] }),
    'invalid_value',
    'messages',
  ],
  [
    'seventeen tags',
    asks({ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'v'])) }),
    'invalid_value',
    'metadata',
  ],
  ['a long tag', asks({ metadata: { ['k'.repeat(65)]: 'v' } }), 'invalid_value', 'metadata'],
  ['a long tag value', asks({ metadata: { k: 'v'.repeat(513) } }), 'invalid_value', 'metadata.k'],
  [
    'a long safety_identifier',
    asks({ safety_identifier: 'x'.repeat(129) }),
    'invalid_value',
    'safety_identifier',
  ],
  ['half a surrogate pair', user('a\ud800b'), 'invalid_value', 'messages[0].content'],
  ['half a surrogate pair as user', asks({ user: '\udc00' }), 'invalid_value', 'user'],
  ['half a surrogate pair in a key', asks({ metadata: { 'a\ud800': 'v' } }), 'invalid_value', 'metadata'],
  [
    'a __proto__ key',
    parsed(`{"model":"${CHAT_MODEL}","messages":[{"role":"user","content":"Hi","__proto__":{}}]}`),
    'invalid_value',
    'messages[0].__proto__',
  ],
  [
    'a __proto__ key in front',
    parsed('{"__proto__":{"model":"x"},"messages":[]}'),
    'invalid_value',
    '__proto__',
  ],
];

/** What no model could be asked; every field of the request type is in the unit tests of fields. */
const UNSUPPORTED: readonly Refusal[] = [
  ['functions', asks({ functions: [{ name: 'f' }] }), 'unsupported_parameter', 'functions'],
  ['scale', asks({ service_tier: 'scale' }), 'unsupported_value', 'service_tier'],
  ['a parameter nobody knows', asks({ temprature: 1 }), 'unsupported_parameter', 'temprature'],
  ['a name of every object', asks({ constructor: 1 }), 'unsupported_parameter', 'constructor'],
  [
    'a stream option nobody knows',
    asks({ stream: true, stream_options: { x: 1 } }),
    'unsupported_parameter',
    'stream_options.x',
  ],
  [
    'a last assistant message where the model continues none',
    asks({ model: NOVA, messages: [...ASK.messages, { role: 'assistant', content: 'x' }] }),
    'unsupported_value',
    'messages',
  ],
  [
    'stop where the model takes none',
    asks({ model: 'openai.gpt-oss-20b-1:0', stop: 'x' }),
    'unsupported_value',
    'stop',
  ],
  [
    'a system message where the model takes none',
    asks({
      model: 'amazon.titan-text-lite-v1',
      messages: [{ role: 'system', content: 'x' }, ...ASK.messages],
    }),
    'unsupported_value',
    'messages',
  ],
];

describe.each([
  ['of another type', TYPES],
  ['out of bounds', VALUES],
  ['not supported', UNSUPPORTED],
])('a request %s is refused with its field and without effect', (_, refusals) => {
  test.each(refusals)('%s', async (_what, body, code, param) => {
    const proxy = proxyFixture();
    await expect(proxy.chat(body)).rejects.toMatchObject({ name: 'GatewayError', code, param });
    expect(proxy.order).toEqual([]);
  });
});

test('a parameter that asks for nothing is accepted and not named', async () => {
  const nothing = {
    audio: null,
    frequency_penalty: 0,
    function_call: 'none',
    functions: [],
    logit_bias: {},
    logprobs: false,
    modalities: ['text'],
    moderation: null,
    n: 1,
    parallel_tool_calls: true,
    presence_penalty: 0,
    prompt_cache_options: null,
    reasoning_effort: null,
    response_format: { type: 'text' },
    service_tier: 'auto',
    store: false,
    tool_choice: 'auto',
    tools: [],
    top_logprobs: null,
    verbosity: 'medium',
    web_search_options: null,
    metadata: {},
    stop: null,
    stream_options: null,
    user: null,
  };
  const answer = await proxyFixture().chat(asks(nothing));
  expect(answer.status).toBe(200);
  expect(answer.headers['x-ignored-params']).toBeUndefined();
});

test('an answer that is sent back as history is accepted', async () => {
  const history = [
    ...ASK.messages,
    { role: 'assistant', content: 'x', refusal: null, annotations: [], tool_calls: [] },
    { role: 'assistant', content: null, refusal: 'No.' },
    { role: 'assistant', content: '' },
    { role: 'assistant', content: null, refusal: null },
    { role: 'user', content: 'Why?' },
  ];
  const proxy = proxyFixture();
  await proxy.chat(asks({ messages: history }));
  expect(proxy.calls[0]?.body.messages[1]).toEqual({
    role: 'assistant',
    content: [{ text: 'x' }, { text: 'No.' }],
  });
});

test('a header that asks for a guardrail is refused, since it would not protect', async () => {
  const headers = { 'x-amzn-bedrock-guardrailidentifier': 'abc' };
  await expect(proxyFixture().chat(ASK, { headers })).rejects.toMatchObject({
    code: 'unsupported_parameter',
    param: 'x-amzn-bedrock-guardrailidentifier',
  });
});

test('types are named as OpenAI names them, and what is echoed is bounded', async () => {
  await expect(proxyFixture().chat(user(5))).rejects.toMatchObject({
    message:
      "Invalid type for 'messages[0].content': expected a string or an array of content parts, but got an integer instead.",
  });
  const long = await proxyFixture()
    .chat(asks({ ['😀'.repeat(9_999)]: 1 }))
    .catch((error: Error) => error);
  expect(long).toMatchObject({ code: 'unsupported_parameter' });
  expect((long as Error).message.length).toBeLessThanOrEqual(400);
  expect((long as Error).message.isWellFormed()).toBe(true);
});
