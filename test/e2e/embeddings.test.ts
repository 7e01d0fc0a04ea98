/** The official client embeds over HTTP: API Gateway, authorizer, proxy, DynamoDB and Bedrock's wire. */
import type OpenAI from 'openai';
import { APIError } from 'openai';
import { startTestStack, type TestStack } from '../support/stack.ts';

const TITAN = 'amazon.titan-embed-text-v2:0';
let stack: TestStack;
let client: OpenAI;

beforeAll(async () => {
  stack = await startTestStack();
  client = stack.client();
}, 60_000);
afterAll(() => stack?.close());

const length = (vector: readonly number[]): number => Math.hypot(...vector);

async function codeOf(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof APIError)) throw new Error(`Expected an APIError, got ${String(error)}`);
  return { status: error.status, code: error.code, param: error.param };
}

test.each([
  [TITAN, 1024],
  ['amazon.titan-embed-text-v1', 1536],
  ['amazon.titan-embed-image-v1', 1024],
  ['cohere.embed-english-v3', 1024],
  ['cohere.embed-v4:0', 1536],
  ['amazon.nova-2-multimodal-embeddings-v1:0', 3072],
])('%s embeds several texts, as base64 unless the client asks otherwise', async (model, dimensions) => {
  const input = ['one', 'two', 'one'];
  // Without encoding_format the client asks for base64 and decodes it to numbers.
  const { data, usage } = await client.embeddings.create({ model, input });
  const floats = await client.embeddings.create({ model, input, encoding_format: 'float' });
  expect(data.map(({ index, embedding }) => [index, embedding.length])).toEqual(
    [0, 1, 2].map((index) => [index, dimensions]),
  );
  expect(data[0]?.embedding).toEqual(data[2]?.embedding);
  expect(data[0]?.embedding).not.toEqual(data[1]?.embedding);
  for (const { embedding } of data) expect(length(embedding)).toBeCloseTo(1, 4);
  expect(floats.data[1]?.embedding.map(Math.fround)).toEqual(data[1]?.embedding);
  expect([usage.prompt_tokens > 0, usage.total_tokens === usage.prompt_tokens]).toEqual([true, true]);
});

test('as many dimensions as are asked for come back', async () => {
  const { data } = await client.embeddings.create({ model: TITAN, input: 'short', dimensions: 256 });
  expect(data[0]?.embedding).toHaveLength(256);
});

test('a hundred and fifty texts are one record, charged what they were counted', async () => {
  const key = await stack.newKey();
  const input = Array.from({ length: 150 }, (_, index) => `Text number ${index}.`);
  const { data, usage } = await stack
    .client({ apiKey: key.value })
    .embeddings.create({ model: 'cohere.embed-multilingual-v3', input });
  expect(data.map(({ index }) => index)).toEqual(input.map((_, index) => index));
  const records = (await stack.usageRecords()).filter((record) => key.id.endsWith(record.key));
  expect(records.map(({ endpoint, usage: used, nanoUsd }) => [endpoint, used.input, nanoUsd])).toEqual([
    ['embeddings', usage.prompt_tokens, usage.prompt_tokens * 100],
  ]);
});

test.each<[string, object, { status: number; code: string; param: string }]>([
  [
    'a chat model',
    { model: 'amazon.nova-lite-v1:0' },
    { status: 400, code: 'unsupported_value', param: 'model' },
  ],
  ['tokens', { input: [[1, 2, 3]] }, { status: 400, code: 'unsupported_value', param: 'input' }],
  [
    'a length that is not offered',
    { dimensions: 300 },
    { status: 400, code: 'invalid_value', param: 'dimensions' },
  ],
  [
    'a model nobody knows',
    { model: 'text-embedding-9' },
    { status: 404, code: 'model_not_found', param: 'model' },
  ],
])('%s is refused by name', async (_, fields, refusal) => {
  const body = { model: TITAN, input: 'x', ...fields };
  expect(await codeOf(client.post('/embeddings', { body }))).toEqual(refusal);
});

test('the list of models has those that embed', async () => {
  const ids: string[] = [];
  for await (const { id } of client.models.list()) ids.push(id);
  expect(ids).toContain(TITAN);
});

test('a key without the scope is refused', async () => {
  const key = await stack.newKey({ scopes: ['chat.completions:write'] });
  const asked = stack.client({ apiKey: key.value }).embeddings.create({ model: TITAN, input: 'x' });
  expect(await codeOf(asked)).toEqual({ status: 403, code: 'insufficient_scope', param: null });
});
