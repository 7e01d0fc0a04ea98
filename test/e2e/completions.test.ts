/** The official client's legacy completions over HTTP. */
import type OpenAI from 'openai';
import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
let client: OpenAI;

beforeAll(async () => {
  stack = await startTestStack();
  client = stack.client();
}, 60_000);
afterAll(() => stack?.close());

test('a prompt is answered, whole and streamed alike', async () => {
  const prompt = '[[emulator tokens=12]] Once upon a time';
  const whole = await client.completions.create({ model, prompt });
  expect(whole).toMatchObject({ object: 'text_completion', model, usage: { completion_tokens: 12 } });
  const stream = await client.completions.create({
    model,
    prompt,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  let usage: unknown;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.text ?? '';
    usage = chunk.usage ?? usage;
  }
  expect([text, usage]).toEqual([whole.choices[0]?.text, whole.usage]);
});

test('what no chat model can do is refused by name', async () => {
  await expect(client.completions.create({ model, prompt: 'x', echo: true })).rejects.toMatchObject({
    status: 400,
    code: 'unsupported_parameter',
    param: 'echo',
  });
});
