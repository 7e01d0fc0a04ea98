/** `POST /v1/embeddings`: what is answered, what Bedrock is asked for it, and what the ledger says. */
import { CATALOGUE } from '../../../shared/domain/catalogue.ts';
import { embeddingModelOf } from '../../../shared/domain/embedding-model.ts';
import type { InvokeAnswer } from '../../../shared/domain/invoke-model.ts';
import {
  COHERE,
  cohere,
  type InvokeScript,
  ROUTE,
  scriptedInvoker,
  TITAN,
  textsOf,
  titan,
  vectorFor,
} from '../../support/embedding-fixture.ts';
import { bodyText, type ProxyScript, proxyFixture } from '../../support/proxy-fixture.ts';

/** One request and everything that is to be seen of it. */
async function embed(
  body: object,
  of: { readonly script?: InvokeScript; readonly proxy?: ProxyScript; readonly headers?: object } = {},
) {
  const invoker = scriptedInvoker(of.script ?? titan);
  const proxy = proxyFixture({ ...of.proxy, invoker });
  const answer = await proxy.post(ROUTE, body, { headers: { ...of.headers } });
  const text = await bodyText(answer);
  return { status: answer.status, headers: answer.headers, body: JSON.parse(text), invoker, proxy };
}

test('a text is answered whole, with the model that was asked for', async () => {
  const { status, headers, body, invoker } = await embed({ model: TITAN, input: 'abc' });
  expect({ status, headers, body }).toEqual({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: {
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [3, 48.5] }],
      model: TITAN,
      usage: { prompt_tokens: 3, total_tokens: 3 },
    },
  });
  expect(invoker.calls.map(({ modelId, body: sent }) => [modelId, sent])).toEqual([
    [TITAN, { inputText: 'abc' }],
  ]);
});

test('its call is tagged with who caused it, the user as a digest', async () => {
  const { invoker } = await embed({ model: TITAN, input: 'abc', user: 'jane@example.org' });
  expect(invoker.calls[0]?.metadata).toEqual({
    'bp:project': expect.stringMatching(/^proj_/),
    'bp:service-account': expect.stringMatching(/^svc_/),
    'bp:api-key': expect.stringMatching(/^key_/),
    'bp:request': expect.any(String),
    'bp:user': expect.stringMatching(/^[0-9a-f]{32}$/),
  });
});

test('base64 is the little-endian float32 of the same numbers', async () => {
  const { body } = await embed({ model: TITAN, input: ['abc', 'Z'], encoding_format: 'base64' });
  const bytes = body.data.map((one: { embedding: string }) => Buffer.from(one.embedding, 'base64'));
  expect(bytes.map((one: Buffer) => one.toString('hex'))).toEqual([
    // 3 is 0x40400000, 48.5 is 0x42420000; 1 is 0x3f800000, 45 is 0x42340000.
    '0000404000004242',
    '0000803f00003442',
  ]);
});

test('what it cost is told where it was asked, and is what the ledger says', async () => {
  const { headers, body, proxy } = await embed(
    { model: TITAN, input: 'x'.repeat(1000) },
    { headers: { 'x-include-cost': 'true' } },
  );
  // 1,000 tokens at 0.02 USD a million.
  expect(headers['x-request-cost-usd']).toBe('0.000020000');
  expect(body.usage).toEqual({ prompt_tokens: 1000, total_tokens: 1000, cost: 0.00002 });
  const [record] = await proxy.records();
  expect(record).toMatchObject({
    endpoint: 'embeddings',
    model: TITAN,
    serviceTier: 'standard',
    outcome: 'completed',
    usage: { input: 1000, output: 0, cacheRead: 0, cacheWrite: 0 },
    nanoUsd: 20_000,
    estimated: false,
  });
});

describe('several texts', () => {
  test('keep their order, whichever call ends first', async () => {
    const texts = Array.from({ length: 30 }, (_, index) => 'x'.repeat(index + 1));
    const late: InvokeScript = async (call, index) => {
      for (let turn = 0; turn < 30 - index; turn += 1) await Promise.resolve();
      return titan(call, index);
    };
    const { body } = await embed({ model: TITAN, input: texts }, { script: late });
    expect(body.data).toEqual(
      texts.map((text, index) => ({ object: 'embedding', index, embedding: vectorFor(text) })),
    );
    expect(body.usage).toEqual({ prompt_tokens: 465, total_tokens: 465 });
  });

  test('go out eight at a time where a call takes one', async () => {
    let running = 0;
    let most = 0;
    const counted: InvokeScript = async (call, index) => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      return titan(call, index);
    };
    const { invoker } = await embed({ model: TITAN, input: Array(40).fill('x') }, { script: counted });
    expect([invoker.calls.length, most]).toEqual([40, 8]);
  });

  test('go out ninety-six a call where Cohere takes them, in order', async () => {
    const texts = Array.from({ length: 200 }, (_, index) => `text ${index}`);
    const { body, invoker } = await embed({ model: COHERE, input: texts }, { script: cohere });
    expect(invoker.calls.map((call) => textsOf(call).length)).toEqual([96, 96, 8]);
    expect(invoker.calls.flatMap(textsOf)).toEqual(texts);
    expect(body.data.map((one: { embedding: unknown }) => one.embedding)).toEqual(texts.map(vectorFor));
  });

  test('are one request: one reservation, one settlement, one record', async () => {
    const { proxy } = await embed({ model: TITAN, input: Array(20).fill('abcd') });
    expect(proxy.order).toEqual(['admit', 'admit:admitted', 'settle:completed']);
    expect((await proxy.records()).map(({ usage, nanoUsd }) => [usage.input, nanoUsd])).toEqual([[80, 1600]]);
  });
});

test('the count of Bedrock’s header stands before the model’s own', async () => {
  const script: InvokeScript = () => ({ body: { embedding: [1], inputTextTokenCount: 5 }, inputTokens: 4 });
  const { body } = await embed({ model: TITAN, input: 'hi' }, { script });
  expect(body.usage).toEqual({ prompt_tokens: 4, total_tokens: 4 });
});

describe('each family is asked in its own words', () => {
  const one = { embedding: [0.5] };
  const floats = { embeddings: { float: [[0.5]] } };
  const nova = { embeddings: [{ embeddingType: 'TEXT', embedding: [0.5] }], inputTokenCount: 7 };
  test.each<[string, object, object, InvokeAnswer, number]>([
    [
      TITAN,
      { dimensions: 256 },
      { inputText: 'hi', dimensions: 256 },
      { body: { ...one, inputTextTokenCount: 5 }, inputTokens: undefined },
      5,
    ],
    ['amazon.titan-embed-text-v1', {}, { inputText: 'hi' }, { body: one, inputTokens: 4 }, 4],
    [
      'amazon.titan-embed-g1-text-02',
      { dimensions: 1536 },
      { inputText: 'hi' },
      { body: one, inputTokens: 4 },
      4,
    ],
    [
      'amazon.titan-embed-image-v1',
      { dimensions: 384 },
      { inputText: 'hi', embeddingConfig: { outputEmbeddingLength: 384 } },
      { body: one, inputTokens: 4 },
      4,
    ],
    [
      COHERE,
      {},
      { texts: ['hi'], input_type: 'search_document', truncate: 'NONE' },
      { body: { embeddings: [[0.5]] }, inputTokens: 3 },
      3,
    ],
    [
      'cohere.embed-multilingual-v3',
      { input_type: 'search_query', dimensions: 1024 },
      { texts: ['hi'], input_type: 'search_query', truncate: 'NONE' },
      { body: floats, inputTokens: 3 },
      3,
    ],
    [
      'cohere.embed-v4:0',
      { dimensions: 512, input_type: 'clustering' },
      { texts: ['hi'], input_type: 'clustering', embedding_types: ['float'], output_dimension: 512 },
      { body: floats, inputTokens: 3 },
      3,
    ],
    [
      'amazon.nova-2-multimodal-embeddings-v1:0',
      { dimensions: 3072, input_type: 'search_query' },
      {
        schemaVersion: 'nova-multimodal-embed-v1',
        taskType: 'SINGLE_EMBEDDING',
        singleEmbeddingParams: {
          embeddingPurpose: 'GENERIC_RETRIEVAL',
          embeddingDimension: 3072,
          text: { truncationMode: 'NONE', value: 'hi' },
        },
      },
      { body: nova, inputTokens: undefined },
      7,
    ],
  ])('%s with %j', async (model, fields, sent, answered, tokens) => {
    const asked = { model, input: 'hi', ...fields };
    const { headers, body, invoker } = await embed(asked, { script: () => answered });
    expect(invoker.calls.map((call) => call.body)).toEqual([sent]);
    expect(body).toEqual({
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
      model,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
    expect(headers).toEqual({ 'content-type': 'application/json' });
  });

  test('and every model of the catalogue that embeds has some', () => {
    const embedding = CATALOGUE.filter(({ mode }) => mode === 'embedding').map(({ id }) => id);
    expect(embedding.filter((id) => embeddingModelOf(id) === undefined)).toEqual([]);
    expect(embedding.length).toBeGreaterThanOrEqual(8);
  });

  test('an inference profile in those of the model behind it', () => {
    expect(embeddingModelOf('eu.cohere.embed-v4:0')).toEqual(embeddingModelOf('cohere.embed-v4:0'));
  });
});

test('a model that tells no uses apart says that input_type had no effect', async () => {
  const { headers } = await embed({ model: TITAN, input: 'x', input_type: 'search_query' });
  expect(headers['x-ignored-params']).toBe('input_type');
});

test('null says nothing', async () => {
  const fields = { encoding_format: null, dimensions: null, user: null, input_type: null, another: null };
  const { headers, body, invoker } = await embed({ model: TITAN, input: 'abc', ...fields });
  expect([headers['x-ignored-params'], body.data[0].embedding, invoker.calls[0]?.body]).toEqual([
    undefined,
    [3, 48.5],
    { inputText: 'abc' },
  ]);
});

test('an alias leads to a model, is echoed, and the ledger has the model', async () => {
  const { body, invoker, proxy } = await embed(
    { model: 'text-embedding-3-small', input: 'abc' },
    { proxy: { aliases: { 'text-embedding-3-small': TITAN } } },
  );
  expect([body.model, invoker.calls[0]?.modelId, (await proxy.records())[0]?.model]).toEqual([
    'text-embedding-3-small',
    TITAN,
    TITAN,
  ]);
});
