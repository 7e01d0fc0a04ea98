/** Tools, thoughts, files, formats and the prompt cache, by the official client through the whole stack. */
import OpenAI from 'openai';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { dataUrl, PDF, PNG } from '../support/media-samples.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

const model = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
let stack: TestStack;
let client: OpenAI;

beforeAll(async () => {
  stack = await startTestStack();
  client = stack.client();
}, 60_000);
afterAll(() => stack?.close());

const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const user = (content: string): ChatCompletionMessageParam => ({ role: 'user', content });

test('the helper of the official client goes through a loop of two tools at once, streamed', async () => {
  const seen: string[] = [];
  const weather = {
    ...WEATHER.function,
    description: 'The weather of a city.',
    parse: JSON.parse,
    function: ({ city }: { readonly city: string }) => {
      seen.push(city);
      return `Sunny in ${city}`;
    },
  };
  const runner = client.chat.completions.runTools({
    model,
    stream: true,
    messages: [
      user('[[emulator tools=weather,weather args=\'[{"city":"Oslo"},{"city":"Århus"}]\']] Weather?'),
    ],
    tools: [{ type: 'function', function: weather }],
  });
  const said = await runner.finalContent();
  expect(seen).toEqual(['Oslo', 'Århus']);
  expect(said).toMatch(/Sunny in Oslo.*Sunny in Århus/s);
});

test('thoughts that come before a call go back with its result, signed as they came', async () => {
  const asked = [user('[[emulator tool=weather think="Where?"]] Weather?')];
  const fields = {
    model,
    reasoning_effort: 'low' as const,
    tools: [WEATHER],
    max_completion_tokens: 4096,
  };
  const stream = client.chat.completions.stream({ ...fields, messages: asked });
  const { choices } = await stream.finalChatCompletion();
  const message = choices[0]?.message;
  expect(message).toMatchObject({
    thinking_blocks: [{ type: 'thinking', thinking: 'Where?', signature: expect.any(String) }],
  });
  const results = (message?.tool_calls ?? []).map(
    ({ id }): ChatCompletionMessageParam => ({ role: 'tool', tool_call_id: id, content: 'Sunny' }),
  );
  expect(results).toHaveLength(1);
  const messages = [...asked, ...(message === undefined ? [] : [message]), ...results];
  const { data, response } = await client.chat.completions.create({ ...fields, messages }).withResponse();
  expect(data.choices[0]?.message.content).toContain('Sunny');
  expect(response.headers.get('x-ignored-params')).toBeNull();
});

test.each(['json_schema', 'json_object'] as const)('an answer in %s is JSON', async (type) => {
  const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };
  const { choices } = await client.chat.completions.create({
    model,
    messages: [user(type === 'json_object' ? `[[emulator say='Here: {"a":1} Done.']]` : 'Go.')],
    response_format: type === 'json_object' ? { type } : { type, json_schema: { name: 'a', schema } },
  });
  expect(JSON.parse(choices[0]?.message.content ?? '')).toEqual({ a: expect.any(Number) });
  expect(choices[0]?.finish_reason).toBe('stop');
});

test('images and documents are read, and a URL is refused by its name', async () => {
  const image = (url: string) => ({ type: 'image_url' as const, image_url: { url } });
  const file = { type: 'file' as const, file: { filename: 'a.pdf', file_data: dataUrl(PDF) } };
  const ask = (url: string) =>
    client.chat.completions.create({
      model,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, image(url), file] }],
    });
  expect((await ask(dataUrl(PNG))).choices[0]?.finish_reason).toBe('stop');
  const refused = await ask('https://example.com/a.png').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(OpenAI.BadRequestError);
  expect(refused).toMatchObject({
    code: 'unsupported_value',
    param: 'messages[0].content[1].image_url.url',
  });
});

test('what is marked for the prompt cache is written once and read then', async () => {
  const system = {
    type: 'text' as const,
    text: 'Be brief. '.repeat(2_000),
    cache_control: { type: 'ephemeral' },
  };
  const ask = () =>
    client.chat.completions.create({
      model,
      messages: [{ role: 'system', content: [system] }, user('Hi')],
    });
  const [first, second] = [await ask(), await ask()];
  const written = first.usage?.prompt_tokens_details?.cache_write_tokens ?? 0;
  expect(written).toBeGreaterThan(1024);
  expect(second.usage?.prompt_tokens_details).toEqual({ cached_tokens: written, cache_write_tokens: 0 });
});
