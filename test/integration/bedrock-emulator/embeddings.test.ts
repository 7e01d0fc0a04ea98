import { type BedrockRuntimeClient, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { factsOf, RUNTIME_CLIENTS } from './clients.ts';

const TITAN_V1 = 'amazon.titan-embed-text-v1';
const TITAN_V2 = 'amazon.titan-embed-text-v2:0';
const TITAN_IMAGE = 'amazon.titan-embed-image-v1';
const COHERE_V3 = 'cohere.embed-english-v3';
const COHERE_V4 = 'cohere.embed-v4:0';
const NOVA = 'amazon.nova-2-multimodal-embeddings-v1:0';

const TEXT = 'Which pears keep?';
const cohere = { texts: [TEXT], input_type: 'search_document' };
const nova = (more: object = {}, text: object = {}) => ({
  taskType: 'SINGLE_EMBEDDING',
  singleEmbeddingParams: {
    embeddingPurpose: 'GENERIC_INDEX',
    text: { truncationMode: 'END', value: TEXT, ...text },
    ...more,
  },
});
const malformed = (complaint: string) =>
  `Malformed input request: ${complaint}, please reformat your input and try again.`;

/** The number at the end of a path of keys. */
const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce(
    (inside, key) => (typeof inside === 'object' && inside !== null ? Reflect.get(inside, key) : undefined),
    value,
  );
const numbers = (value: unknown): readonly number[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'number') : [];

describe('the embedding models of the Bedrock emulator', () => {
  let emulator: BedrockEmulator;
  let client: BedrockRuntimeClient;

  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
    client = RUNTIME_CLIENTS['HTTP/1.1'](emulator.url);
  });
  afterAll(async () => {
    client.destroy();
    await emulator.close();
  });

  const invoke = async (modelId: string, body: object): Promise<unknown> => {
    const answer = await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
    return JSON.parse(answer.body.transformToString());
  };

  it.each<
    [name: string, model: string, body: object, path: readonly (string | number)[], dimensions: number]
  >([
    ['Titan v1', TITAN_V1, { inputText: TEXT }, ['embedding'], 1536],
    ['Titan G1', 'amazon.titan-embed-g1-text-02', { inputText: TEXT }, ['embedding'], 1536],
    [
      'Titan image',
      TITAN_IMAGE,
      { inputText: TEXT, embeddingConfig: { outputEmbeddingLength: 384 } },
      ['embedding'],
      384,
    ],
    ['Cohere v3', COHERE_V3, cohere, ['embeddings', 0], 1024],
    [
      'Cohere v3 by type',
      COHERE_V3,
      { ...cohere, embedding_types: ['float'] },
      ['embeddings', 'float', 0],
      1024,
    ],
    ['Cohere v4', COHERE_V4, cohere, ['embeddings', 'float', 0], 1536],
    ['a smaller Cohere v4', COHERE_V4, { ...cohere, output_dimension: 256 }, ['embeddings', 'float', 0], 256],
    ['Nova', NOVA, nova(), ['embeddings', 0, 'embedding'], 3072],
    ['a smaller Nova', NOVA, nova({ embeddingDimension: 384 }), ['embeddings', 0, 'embedding'], 384],
  ])('%s: unit length, the same for the same text', async (_name, model, body, path, dimensions) => {
    const vector = numbers(at(await invoke(model, body), ...path));
    const again = numbers(at(await invoke(model, body), ...path));
    expect([vector.length, Math.hypot(...vector), again]).toEqual([
      dimensions,
      expect.closeTo(1, 10),
      vector,
    ]);
  });

  it('embeds texts in their order', async () => {
    const embeddings = at(await invoke(COHERE_V3, { ...cohere, texts: ['pears', 'plums'] }), 'embeddings');
    const [alone] = [at(await invoke(COHERE_V3, { ...cohere, texts: ['plums'] }), 'embeddings', 0)];
    expect(at(embeddings, 1)).toEqual(alone);
    expect(at(embeddings, 0)).not.toEqual(alone);
  });

  it('gives Cohere’s other types in their widths', async () => {
    const types = ['int8', 'uint8', 'binary', 'ubinary', 'base64'];
    const embeddings = at(await invoke(COHERE_V4, { ...cohere, embedding_types: types }), 'embeddings');
    const widths = types.slice(0, 4).map((type) => numbers(at(embeddings, type, 0)).length);
    expect([widths, Buffer.from(String(at(embeddings, 'base64', 0)), 'base64').length]).toEqual([
      [1536, 1536, 192, 192],
      1536 * 4,
    ]);
  });

  it.each<[model: string, body: object, tokens: string]>([
    [TITAN_V1, { inputText: TEXT }, '5'],
    [COHERE_V3, { ...cohere, texts: [TEXT, TEXT] }, '10'],
    [COHERE_V4, cohere, '5'],
    [NOVA, nova(), '5'],
  ])('%s counts its tokens in the header', async (model, body, tokens) => {
    const response = await fetch(`${emulator.url}/model/${encodeURIComponent(model)}/invoke`, {
      method: 'POST',
      headers: { authorization: 'Bearer key' },
      body: JSON.stringify(body),
    });
    await response.body?.cancel();
    expect(response.headers.get('x-amzn-bedrock-input-token-count')).toBe(tokens);
  });

  it.each<[name: string, model: string, body: object, message: string]>([
    [
      'Titan v1 with dimensions',
      TITAN_V1,
      { inputText: TEXT, dimensions: 256 },
      malformed('#: extraneous key [dimensions] is not permitted'),
    ],
    [
      'Titan v2 with OpenAI’s input',
      TITAN_V2,
      { input: TEXT },
      malformed('#: required key [inputText] not found#: extraneous key [input] is not permitted'),
    ],
    ['Titan image without anything', TITAN_IMAGE, {}, malformed('#: required key [inputText] not found')],
    [
      'Cohere without a type of input',
      COHERE_V3,
      { texts: [TEXT] },
      malformed('#: required key [input_type] not found'),
    ],
    [
      'Cohere with 97 texts',
      COHERE_V3,
      { ...cohere, texts: Array.from({ length: 97 }, String) },
      malformed('#/texts: expected maximum item count: 96, found: 97'),
    ],
    [
      'Cohere v3 with a long text',
      COHERE_V3,
      { ...cohere, texts: ['p'.repeat(2049)] },
      malformed('#/texts/0: expected maxLength: 2048, actual: more'),
    ],
    [
      'Cohere v3 with a dimension',
      COHERE_V3,
      { ...cohere, output_dimension: 256 },
      malformed('#: extraneous key [output_dimension] is not permitted'),
    ],
    [
      'Cohere v4 with an odd dimension',
      COHERE_V4,
      { ...cohere, output_dimension: 7 },
      malformed('#/output_dimension: 7 is not a valid enum value'),
    ],
    [
      'Nova with an odd dimension',
      NOVA,
      nova({ embeddingDimension: 512 }),
      malformed('#/singleEmbeddingParams/embeddingDimension: 512 is not a valid enum value'),
    ],
    [
      'Nova with an empty text',
      NOVA,
      nova({}, { value: '' }),
      malformed('#/singleEmbeddingParams/text/value: expected minLength: 1, actual: 0'),
    ],
    [
      'Nova without a purpose',
      NOVA,
      { taskType: 'SINGLE_EMBEDDING', singleEmbeddingParams: {} },
      malformed('#: required key [embeddingPurpose] not found'),
    ],
  ])('refuse %s', async (_name, model, body, message) => {
    const failure = await invoke(model, body).then(() => undefined, factsOf);
    expect(failure).toEqual({ name: 'ValidationException', status: 400, message });
  });
});
