/** What `POST /v1/embeddings` refuses by name, before anything is reserved and before Bedrock is asked. */
import { COHERE, ROUTE, scriptedInvoker, TITAN, titan } from '../../support/embedding-fixture.ts';
import { CHAT_MODEL, proxyFixture } from '../../support/proxy-fixture.ts';

type Refusal = readonly [what: string, body: unknown, code: string, param: string];

const ASK = { model: TITAN, input: 'Hi' };
const asks = (fields: object) => ({ ...ASK, ...fields });
const texts = (count: number) => Array.from({ length: count }, () => 'x');

const REFUSALS: readonly Refusal[] = [
  ['no body', undefined, 'invalid_type', 'body'],
  ['an array', [], 'invalid_type', 'body'],
  ['no model', { input: 'Hi' }, 'missing_required_parameter', 'model'],
  ['an empty model', asks({ model: '' }), 'missing_required_parameter', 'model'],
  ['a number as model', asks({ model: 4 }), 'invalid_type', 'model'],
  ['a long model', asks({ model: 'x'.repeat(2049) }), 'invalid_value', 'model'],
  ['a model that nobody knows', asks({ model: 'text-embedding-9' }), 'model_not_found', 'model'],
  ['a chat model', asks({ model: CHAT_MODEL }), 'unsupported_value', 'model'],
  ['a model that makes images', asks({ model: 'amazon.nova-canvas-v1:0' }), 'unsupported_value', 'model'],
  ['no input', { model: TITAN }, 'missing_required_parameter', 'input'],
  ['a null input', asks({ input: null }), 'missing_required_parameter', 'input'],
  ['a number as input', asks({ input: 4 }), 'invalid_type', 'input'],
  ['an object as input', asks({ input: {} }), 'invalid_type', 'input'],
  ['an empty text', asks({ input: '' }), 'invalid_value', 'input'],
  ['no texts', asks({ input: [] }), 'invalid_value', 'input'],
  ['an empty text among others', asks({ input: ['a', ''] }), 'invalid_value', 'input[1]'],
  ['a null among texts', asks({ input: ['a', null] }), 'invalid_type', 'input[1]'],
  ['one text too many', asks({ input: texts(2049) }), 'invalid_value', 'input'],
  ['tokens', asks({ input: [1, 2, 3] }), 'unsupported_value', 'input'],
  ['lists of tokens', asks({ input: [[1, 2], [3]] }), 'unsupported_value', 'input'],
  ['half a surrogate pair', asks({ input: ['a', 'b\ud800'] }), 'invalid_value', 'input[1]'],
  ['an unknown encoding', asks({ encoding_format: 'int8' }), 'invalid_value', 'encoding_format'],
  ['a number as encoding', asks({ encoding_format: 1 }), 'invalid_type', 'encoding_format'],
  ['no dimensions', asks({ dimensions: 0 }), 'invalid_value', 'dimensions'],
  ['half a dimension', asks({ dimensions: 256.5 }), 'invalid_type', 'dimensions'],
  ['dimensions that are not offered', asks({ dimensions: 300 }), 'invalid_value', 'dimensions'],
  ['a number as user', asks({ user: 1 }), 'invalid_type', 'user'],
  ['an unknown use', asks({ input_type: 'image' }), 'invalid_value', 'input_type'],
  ['a number as use', asks({ input_type: 1 }), 'invalid_type', 'input_type'],
  ['a parameter that nobody knows', asks({ dimension: 256 }), 'unsupported_parameter', 'dimension'],
  [
    'a text that Cohere’s third version does not take',
    { model: COHERE, input: ['short', 'x'.repeat(2049)] },
    'invalid_value',
    'input[1]',
  ],
];

test.each(REFUSALS)('%s is refused by name, and nothing is reserved', async (_, body, code, param) => {
  const invoker = scriptedInvoker(titan);
  const proxy = proxyFixture({ invoker });
  await expect(proxy.post(ROUTE, body)).rejects.toMatchObject({ name: 'GatewayError', code, param });
  expect([proxy.order, invoker.calls]).toEqual([[], []]);
});

test.each([
  ['tokens', asks({ input: [1] }), 'send the text itself'],
  ['tokens of LangChain', asks({ input: [[1]] }), 'check_embedding_ctx_length=False'],
  ['dimensions', asks({ dimensions: 300 }), `'${TITAN}' offers 256, 512, 1024, but got 300 instead`],
  ['a chat model', asks({ model: CHAT_MODEL }), 'call it by POST /v1/chat/completions'],
])('the refusal of %s names the remedy', async (_, body, remedy) => {
  const proxy = proxyFixture({ invoker: scriptedInvoker(titan) });
  await expect(proxy.post(ROUTE, body)).rejects.toMatchObject({ message: expect.stringContaining(remedy) });
});

test('a model that the key may not call is not found', async () => {
  const proxy = proxyFixture({ invoker: scriptedInvoker(titan), caller: { models: [COHERE] } });
  await expect(proxy.post(ROUTE, ASK)).rejects.toMatchObject({ code: 'model_not_found' });
  expect(proxy.order).toEqual([]);
});

test('a guardrail by header, which is not applied here, is refused', async () => {
  const proxy = proxyFixture({ invoker: scriptedInvoker(titan) });
  const headers = { 'x-amzn-bedrock-guardrailidentifier': 'abc' };
  await expect(proxy.post(ROUTE, ASK, { headers })).rejects.toMatchObject({
    code: 'unsupported_parameter',
    param: 'x-amzn-bedrock-guardrailidentifier',
  });
});
