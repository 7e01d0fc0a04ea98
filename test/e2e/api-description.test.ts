import { readApiDocument } from '../support/api-document.ts';
import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';

const api = readApiDocument();
let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
}, 180_000);
afterAll(() => stack?.close());

test('GET /openapi.json is open to anyone, and what is checked in', async () => {
  const response = await stack.fetch(new URL('/openapi.json', stack.baseUrl));
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'public, max-age=300']);
  expect(await response.json()).toEqual(api.document);
});

test('GET /health is as described', async () => {
  expect((await stack.fetch(new URL('/health', stack.baseUrl))).status).toBe(200);
});

test('the routes under /openai/v1 are those of /v1', async () => {
  const response = await stack.fetch(stack.baseUrl.replace(/\/v1$/, '/openai/v1/models'), {
    headers: { 'x-api-key': stack.apiKey },
  });
  expect(response.status).toBe(200);
});

test.each([{}, { stream_options: { include_usage: true } }])(
  'each event of a streamed answer is as described, with %j',
  async (options) => {
    const response = await stack.fetch(`${stack.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Hi' }], ...options }),
    });
    const events = (await response.text()).split('\n\n').filter((event) => event.startsWith('data: '));
    expect(events.pop()).toBe('data: [DONE]');
    expect(events.length).toBeGreaterThan(2);
    for (const event of events) {
      const chunk: unknown = JSON.parse(event.slice('data: '.length));
      expect(api.faultOf({ $ref: '#/components/schemas/ChatCompletionChunk' }, chunk)).toBeUndefined();
    }
  },
);
