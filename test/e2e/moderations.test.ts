/** The official client moderates over HTTP. */
import type OpenAI from 'openai';
import { startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
let client: OpenAI;

beforeAll(async () => {
  stack = await startTestStack();
  const { value } = await stack.newKey({ scopes: ['moderations:write'] });
  client = stack.client({ apiKey: value });
}, 60_000);
afterAll(() => stack?.close());

test('texts are judged, and the ledger has what they cost', async () => {
  const { model, results } = await client.moderations.create({
    input: ['Kind words.', 'He planned a massacre.', '[[score sexual=0.6 insults=0.2]]'],
  });
  expect([model, results.map(({ flagged }) => flagged)]).toEqual([
    'amazon.guardrail-checks',
    [false, true, true],
  ]);
  expect(results[1]?.category_scores.violence).toBe(0.9);
  expect([results[2]?.categories.sexual, results[2]?.categories.harassment]).toEqual([true, false]);
  const records = await stack.usageRecords();
  expect(records.map(({ endpoint, usage, nanoUsd }) => [endpoint, usage.input, nanoUsd])).toEqual([
    ['moderations', 3, 450_000],
  ]);
});

test('an image is refused by name', async () => {
  const input = [{ type: 'image_url' as const, image_url: { url: 'https://example.org/a.png' } }];
  await expect(client.moderations.create({ input })).rejects.toMatchObject({
    status: 400,
    code: 'unsupported_value',
    param: 'input[0].type',
  });
});

test('a key without the scope is told which it lacks', async () => {
  const { value } = await stack.newKey({ scopes: ['chat.completions:write', 'embeddings:write'] });
  await expect(stack.client({ apiKey: value }).moderations.create({ input: 'x' })).rejects.toMatchObject({
    status: 403,
    code: 'insufficient_scope',
    message: expect.stringContaining('moderations:write'),
  });
});
