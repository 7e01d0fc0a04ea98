import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
}, 60_000);
afterAll(() => stack?.close());

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

async function send({ method = 'POST', path = '/chat/completions', headers = {}, body }: Sent) {
  const response = await fetch(stack.baseUrl + path, {
    method,
    headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body }),
  });
  return {
    status: response.status,
    body: (await response.json()) as { error: object },
    headers: response.headers,
  };
}

const chat = (fields: object) =>
  JSON.stringify({ model, messages: [{ role: 'user', content: 'x' }], ...fields });

/** OpenAI's error: four keys, always. */
const errorWith = (code: string, param: string | null = null) => ({
  error: { message: expect.any(String), type: expect.any(String), param, code },
});

describe('bad input gets an error in OpenAI’s shape, and has no effect', () => {
  test.each<[string, Sent, number, object]>([
    ['invalid JSON', { body: '{"model":' }, 400, errorWith('invalid_json')],
    [
      'JSON nested deeper than 64',
      { body: `{"a":${'['.repeat(70)}${']'.repeat(70)}}` },
      400,
      errorWith('invalid_json'),
    ],
    ['a null body', { body: 'null' }, 400, errorWith('invalid_type', 'body')],
    ['an array for a body', { body: '[]' }, 400, errorWith('invalid_type', 'body')],
    [
      'a body of another content type',
      { body: chat({}), headers: { 'content-type': 'text/plain' } },
      415,
      errorWith('unsupported_media_type'),
    ],
    [
      'a __proto__ key',
      { body: `{"__proto__":{"stream":true},${chat({}).slice(1)}` },
      400,
      errorWith('invalid_json'),
    ],
    [
      'a lone surrogate',
      { body: chat({ messages: [{ role: 'user', content: '\ud800' }] }) },
      400,
      errorWith('invalid_value', 'messages[0].content'),
    ],
    ['no messages', { body: chat({ messages: [] }) }, 400, errorWith('invalid_value', 'messages')],
    [
      'messages of the wrong type',
      { body: chat({ messages: 'hi' }) },
      400,
      errorWith('invalid_type', 'messages'),
    ],
    [
      'content of the wrong type',
      { body: chat({ messages: [{ role: 'user', content: 7 }] }) },
      400,
      errorWith('invalid_type', 'messages[0].content'),
    ],
    [
      'a missing model',
      { body: JSON.stringify({ messages: [{ role: 'user', content: 'x' }] }) },
      400,
      errorWith('missing_required_parameter', 'model'),
    ],
    [
      'a temperature of the wrong type',
      { body: chat({ temperature: 'hot' }) },
      400,
      errorWith('invalid_type', 'temperature'),
    ],
    [
      'a temperature out of range',
      { body: chat({ temperature: 2.1 }) },
      400,
      errorWith('invalid_value', 'temperature'),
    ],
    ['n above 1', { body: chat({ n: 2 }) }, 400, errorWith('unsupported_value', 'n')],
    [
      'a tool without a name',
      { body: chat({ tools: [{ type: 'function', function: {} }] }) },
      400,
      errorWith('missing_required_parameter', 'tools[0].function.name'),
    ],
    [
      'an image without bytes',
      {
        body: chat({
          messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] }],
        }),
      },
      400,
      errorWith('invalid_value', 'messages[0].content[0].image_url.url'),
    ],
    [
      'a field nobody knows',
      { body: chat({ temprature: 1 }) },
      400,
      errorWith('unsupported_parameter', 'temprature'),
    ],
    [
      'a fractional token count',
      { body: chat({ max_completion_tokens: 1.5 }) },
      400,
      errorWith('invalid_type', 'max_completion_tokens'),
    ],
  ])('%s', async (_what, sent, status, body) => {
    const answer = await send(sent);
    expect({ status: answer.status, body: answer.body }).toEqual({ status, body });
    expect(Object.keys(answer.body.error).sort()).toEqual(['code', 'message', 'param', 'type']);
    expect(answer.headers.get('x-request-id')).toMatch(/./);
  });

  test('a body over the limit: 413', async () => {
    const body = chat({ messages: [{ role: 'user', content: 'x'.repeat(6.5 * 1024 * 1024) }] });
    const answer = await send({ body });
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 413,
      body: errorWith('request_too_large'),
    });
  });

  test.each([
    ['an unknown route', { path: '/chat/complete', method: 'POST' }],
    ['a route of OpenAI’s that this product does not have', { path: '/audio/speech', method: 'POST' }],
    ['a wrong method', { path: '/chat/completions', method: 'GET' }],
    ['a path beside the API', { path: '/../admin', method: 'GET' }],
  ])('%s: 404 unknown_url', async (_what, sent) => {
    const answer = await send(sent);
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 404,
      body: errorWith('unknown_url'),
    });
  });

  test.each([
    ['absent', ''],
    ['of another scheme', 'Basic dXNlcjpwYXNz'],
    ['garbled', 'Bearer bpk_test_%%%'],
    ['with nothing behind Bearer', 'Bearer '],
    ['of nine kilobytes', `Bearer ${'x'.repeat(9000)}`],
  ])('an Authorization header %s: one uniform 401', async (_what, authorization) => {
    const answer = await send({ body: chat({}), headers: { authorization } });
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 401,
      body: errorWith('invalid_api_key'),
    });
  });

  test('unknown id, wrong secret and malformed key get the same bytes', async () => {
    const [prefix, environment, ids, secret] = stack.apiKey.split('_');
    const unknownId = `${prefix}_${environment}_${ids?.slice(0, 19)}${ids?.endsWith('0') ? '1' : '0'}_${secret}`;
    const texts = [unknownId, stack.apiKey.replace(/.$/, '!'), 'nonsense'].map(async (key) => {
      const response = await fetch(`${stack.baseUrl}/models`, {
        headers: { authorization: `Bearer ${key}` },
      });
      return [response.status, await response.text()];
    });
    const [first, ...others] = await Promise.all(texts);
    for (const other of others) expect(other).toEqual(first);
  });

  test('and nothing of all that reached a model or the ledger', async () => {
    expect(await stack.usageRecords()).toEqual([]);
    expect(stack.stack.emulator?.generations.count).toBe(0);
  });
});
