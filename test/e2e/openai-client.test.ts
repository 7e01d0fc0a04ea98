import type OpenAI from 'openai';
import {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from 'openai';
import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
let client: OpenAI;

beforeAll(async () => {
  stack = await startTestStack();
  client = stack.client();
}, 60_000);
afterAll(() => stack?.close());

const ask = (content: string) => ({ model, messages: [{ role: 'user' as const, content }] });

/** The error that a promise rejects with; fails where it resolves. */
async function errorOf(promise: Promise<unknown>): Promise<APIError> {
  const settled = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (settled instanceof APIError) return settled;
  throw new Error(`Expected an APIError, got ${String(settled)}`);
}

describe('the official client, buffered', () => {
  test('gets a completion with usage and the model it asked for', async () => {
    const completion = await client.chat.completions.create(ask('[[emulator tokens=12]] Say something.'));
    expect(completion).toMatchObject({
      object: 'chat.completion',
      model,
      choices: [
        { index: 0, finish_reason: 'stop', logprobs: null, message: { role: 'assistant', refusal: null } },
      ],
      usage: { completion_tokens: 12 },
    });
    expect(completion.choices[0]?.message.content).toMatch(/emulator/i);
    expect(completion.usage?.total_tokens).toBe((completion.usage?.prompt_tokens ?? 0) + 12);
    expect(completion._request_id).toMatch(/^req_/);
  });

  test('is told when max_completion_tokens cut the answer short', async () => {
    const completion = await client.chat.completions.create({
      ...ask('[[emulator tokens=50]] Go on.'),
      max_completion_tokens: 5,
    });
    expect([completion.choices[0]?.finish_reason, completion.usage?.completion_tokens]).toEqual([
      'length',
      5,
    ]);
  });

  test('carries a conversation of several turns and a system message', async () => {
    const completion = await client.chat.completions.create({
      model,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hi' },
        { role: 'user', content: [{ type: 'text', text: 'What about rivers?' }] },
      ],
      temperature: 0.5,
      stop: ['\n\n'],
      user: 'someone',
      metadata: { ticket: '42' },
    });
    expect(completion.choices[0]?.message.content?.length).toBeGreaterThan(0);
  });

  test('sees the limits of its tenant in the headers', async () => {
    const { response } = await client.chat.completions.create(ask('Hello')).withResponse();
    const headers = Object.fromEntries(
      ['x-ratelimit-limit-tokens', 'x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'].map((name) => [
        name,
        response.headers.get(name),
      ]),
    );
    expect(headers).toEqual({
      'x-ratelimit-limit-tokens': String(stack.tokensPerMinute),
      'x-ratelimit-remaining-tokens': expect.stringMatching(/^\d+$/),
      'x-ratelimit-reset-tokens': expect.stringMatching(/^(\d+m)?\d+(\.\d+)?(s|ms)$/),
    });
  });
});

describe('the official client, streamed', () => {
  test('gets every chunk under one id, and usage at the end', async () => {
    const stream = await client.chat.completions.create({
      ...ask('[[emulator tokens=20]] Stream.'),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '', refusal: null });
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 20 } });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
  });

  test('reads the same text streamed as buffered', async () => {
    const question = ask('[[emulator tokens=30]] Compare me.');
    const whole = await client.chat.completions.create(question);
    const streamed = await client.chat.completions.stream(question).finalChatCompletion();
    expect(streamed.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
  });

  test.each(['exception-mid-stream', 'torn-frame', 'no-message-stop', 'reset'])(
    'raises an error when Bedrock fails in mid-stream by %s: never a silent end',
    async (fault) => {
      const stream = await client.chat.completions.create({
        ...ask(`[[emulator tokens=20 fault=${fault}]] Fail.`),
        stream: true,
      });
      let text = '';
      const error = await errorOf(
        (async () => {
          for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? '';
        })(),
      );
      expect(error.status).toBeUndefined();
      expect(error.type).toBe('server_error');
      expect(text).not.toBe('');
    },
  );
});

describe('each error class of the official client has its cause', () => {
  test('401 AuthenticationError: a wrong key', async () => {
    const wrong = stack.client({ apiKey: stack.apiKey.replace(/.$/, (last) => (last === '0' ? '1' : '0')) });
    const error = await errorOf(wrong.chat.completions.create(ask('Hello')));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect([error.status, error.code, error.type]).toEqual([401, 'invalid_api_key', 'invalid_request_error']);
  });

  test('403 PermissionDeniedError: a key without the scope', async () => {
    const { value } = await stack.newKey({ scopes: ['models:read'] });
    const error = await errorOf(stack.client({ apiKey: value }).chat.completions.create(ask('Hello')));
    expect(error).toBeInstanceOf(PermissionDeniedError);
    expect([error.status, error.code]).toEqual([403, 'insufficient_scope']);
  });

  test('403 PermissionDeniedError: an admin key on the inference plane', async () => {
    const error = await errorOf(
      stack.client({ apiKey: stack.adminKey }).chat.completions.create(ask('Hello')),
    );
    expect(error).toBeInstanceOf(PermissionDeniedError);
  });

  test('404 NotFoundError: an unknown model, with close ones named', async () => {
    const error = await errorOf(
      client.chat.completions.create({ ...ask('Hello'), model: 'amazon.nova-light-v1:0' }),
    );
    expect(error).toBeInstanceOf(NotFoundError);
    expect([error.status, error.code, error.param]).toEqual([404, 'model_not_found', 'model']);
    expect(error.message).toContain('amazon.nova-lite-v1:0');
  });

  test('400 BadRequestError: a body that breaks the rules, naming the field', async () => {
    const error = await errorOf(client.chat.completions.create({ ...ask('Hello'), temperature: 3 }));
    expect(error).toBeInstanceOf(BadRequestError);
    expect([error.status, error.param]).toEqual([400, 'temperature']);
  });

  test('429 RateLimitError: Bedrock throttles, and the client waits as retry-after-ms says', async () => {
    const seen: { atMs: number; retryAfterMs: number }[] = [];
    const watching = stack.client({
      maxRetries: 1,
      fetch: async (url, init) => {
        const atMs = Date.now();
        const response = await fetch(url, init);
        seen.push({ atMs, retryAfterMs: Number(response.headers.get('retry-after-ms')) });
        return response;
      },
    });
    const error = await errorOf(watching.chat.completions.create(ask('[[emulator fault=throttle]]')));
    expect(error).toBeInstanceOf(RateLimitError);
    expect([error.status, error.code]).toEqual([429, 'rate_limit_exceeded']);
    const [first, second] = seen;
    // Longer than the half second that the client waits by itself, and the client waited for all of it.
    expect(first?.retryAfterMs).toBeGreaterThanOrEqual(1000);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(first?.retryAfterMs ?? 0);
  });

  test('503 InternalServerError: Bedrock is unavailable', async () => {
    const error = await errorOf(client.chat.completions.create(ask('[[emulator fault=unavailable]]')));
    expect(error).toBeInstanceOf(InternalServerError);
    expect([error.status, error.type]).toEqual([503, 'server_error']);
  });

  test.each([
    ['quota', 429],
    ['timeout', 504],
    ['internal', 500],
    ['not-ready', 503],
    ['exception-first-frame', 429],
  ])(
    'a %s of Bedrock before the first byte keeps its status %i, also when streaming',
    async (fault, status) => {
      const streamed = client.chat.completions.create({
        ...ask(`[[emulator fault=${fault}]]`),
        stream: true,
      });
      expect((await errorOf(streamed)).status).toBe(status);
    },
  );
});

describe('limits', () => {
  test('a budget that a request exceeds is given up at once, with what to lower', async () => {
    const limits = { usd_per_day: 0.000001 };
    const project = await stack.admin.projects.create({ name: 'tiny-budget', limits } as { name: string });
    const { api_key } = await stack.admin.projects.serviceAccounts.create(project.id, { name: 'tiny' });
    let calls = 0;
    const counting: typeof fetch = (input, init) => {
      calls += 1;
      return stack.fetch(input, init);
    };
    const patient = stack.client({ apiKey: api_key?.value ?? '', maxRetries: 2, fetch: counting });
    const error = await errorOf(patient.chat.completions.create({ ...ask('Hello'), max_tokens: 100 }));
    expect(error).toBeInstanceOf(RateLimitError);
    expect([error.status, error.type, error.code, error.param]).toEqual([
      429,
      'insufficient_quota',
      'insufficient_quota',
      null,
    ]);
    expect(error.message).toMatch(
      /Request too large for the budget of this project on USD a day: limit 0\.000001000 USD, this request may need 0\.\d{9} USD\. Shorten the input or lower max_tokens, which is 100\.$/,
    );
    expect(error.headers?.get('x-should-retry')).toBe('false');
    expect(calls).toBe(1);
  });
});

describe('models', () => {
  test('lists what the key may use and retrieves one of them, slashes and all', async () => {
    const listed = [];
    for await (const entry of client.models.list()) listed.push(entry);
    expect(listed).toContainEqual(
      expect.objectContaining({ id: model, object: 'model', owned_by: 'amazon' }),
    );
    expect(await client.models.retrieve(model)).toEqual(listed.find((entry) => entry.id === model));
    const error = await errorOf(client.models.retrieve('arn:aws:bedrock:us-east-1:1:inference-profile/none'));
    expect([error.status, error.code]).toEqual([404, 'model_not_found']);
  });

  test('are only those that the key may call, in the list and in use', async () => {
    const { value } = await stack.newKey({ models: ['amazon.nova-micro-v1:0', 'meta.*'] });
    const limited = stack.client({ apiKey: value });
    const ids = (await limited.models.list()).data.map(({ id }) => id);
    expect(ids).toContain('amazon.nova-micro-v1:0');
    expect(ids.every((id) => id === 'amazon.nova-micro-v1:0' || id.startsWith('meta.'))).toBe(true);
    for (const refused of [limited.models.retrieve(model), limited.chat.completions.create(ask('Hello'))]) {
      expect((await errorOf(refused)).code).toBe('model_not_found');
    }
  });

  test('are served under /openai/v1 as well', async () => {
    const alias = stack.client({ baseURL: stack.baseUrl.replace(/\/v1$/, '/openai/v1') });
    expect((await alias.models.retrieve(model)).id).toBe(model);
    expect((await alias.chat.completions.create(ask('Hello'))).model).toBe(model);
  });

  test('answer to x-api-key too', async () => {
    const response = await fetch(`${stack.baseUrl}/models/${model}`, {
      headers: { 'x-api-key': stack.apiKey },
    });
    expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ id: model })]);
  });
});
