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

test('the usage report counts requests and text units, and the costs their money', async () => {
  const range = { start_time: Math.floor(Date.now() / 1000) - 60 };
  const usage = await stack.admin.usage.moderations({ ...range, group_by: ['model'] });
  expect(usage.data.flatMap(({ results }) => results)).toEqual([
    {
      object: 'organization.usage.moderations.result',
      num_model_requests: 1,
      input_tokens: 3,
      project_id: null,
      user_id: null,
      api_key_id: null,
      model: 'amazon.guardrail-checks',
    },
  ]);
  const costs = await stack.admin.usage.costs(range);
  expect(costs.data.flatMap(({ results }) => results)).toMatchObject([
    { amount: { value: 0.00045, currency: 'usd' }, quantity: null },
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
