import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { CLAUDE, GPT_OSS } from './clients.ts';

const AUTHORIZATION = 'AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261120/us-east-1/bedrock/aws4_request';
const OPUS_5 = 'us.anthropic.claude-opus-5';
const MISTRAL_7B = 'mistral.mistral-7b-instruct-v0:2';
const TITAN_EMBED = 'amazon.titan-embed-text-v2:0';

const user = (text: string) => ({ role: 'user', content: [{ text }] });
const assistant = (text: string) => ({ role: 'assistant', content: [{ text }] });
const withConfig = (inferenceConfig: object) => ({ messages: [user('pears')], inferenceConfig });
const oneError = (rest: string) => `1 validation error detected: ${rest}`;

/** Bodies of Converse, the model they go to, and the ValidationException they get. */
const INVALID: readonly [name: string, body: object, message: string, model?: string][] = [
  [
    'a conversation without messages',
    { messages: [] },
    'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
  ],
  [
    'a conversation that the assistant opens',
    { messages: [assistant('pears')] },
    'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
  ],
  [
    'two user messages in a row',
    { messages: [user('pears'), user('plums')] },
    'A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.',
  ],
  ['an empty text', { messages: [user('')] }, 'messages: text content blocks must be non-empty'],
  [
    'a text of white space',
    { messages: [user(' \n')] },
    'messages: text content blocks must contain non-whitespace text',
  ],
  [
    'a message without content',
    { messages: [{ role: 'user', content: [] }] },
    'The content field in the Message object at messages.0 is empty. Add a ContentBlock object to the content field and try again.',
  ],
  [
    'a content block of an unknown kind',
    { messages: [{ role: 'user', content: [{ txt: 'pears' }] }] },
    'The ContentBlock object at messages.0.content.0 must set one of the following keys: audio, cachePoint, citationsContent, document, guardContent, image, reasoningContent, searchResult, text, toolAddition, toolRemoval, toolResult, toolUse, video.',
  ],
  [
    'an unknown role',
    { messages: [{ role: 'tool', content: [{ text: 'pears' }] }] },
    oneError(
      "Value 'tool' at 'messages.1.member.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant, system]",
    ),
  ],
  [
    'an empty system text',
    { messages: [user('pears')], system: [{ text: '' }] },
    oneError(
      "Value at 'system.1.member.text' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ),
  ],
  [
    'maxTokens 0',
    withConfig({ maxTokens: 0 }),
    oneError(
      "Value '0' at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ),
  ],
  [
    'maxTokens beyond the model',
    withConfig({ maxTokens: 64001 }),
    'The maximum tokens you requested exceeds the model limit of 64000. Try again with a maximum tokens value that is lower than 64000.',
  ],
  [
    'a temperature above 1',
    withConfig({ temperature: 1.1 }),
    oneError(
      "Value '1.1' at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value less than or equal to 1",
    ),
  ],
  [
    'two values out of range',
    withConfig({ temperature: -1, topP: 2 }),
    "2 validation errors detected: Value '-1' at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value greater than or equal to 0; Value '2' at 'inferenceConfig.topP' failed to satisfy constraint: Member must have value less than or equal to 1",
  ],
  [
    'an empty stop sequence',
    withConfig({ stopSequences: [''] }),
    oneError(
      "Value at 'inferenceConfig.stopSequences.1.member' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ),
  ],
  [
    'empty requestMetadata',
    { messages: [user('pears')], requestMetadata: {} },
    oneError(
      "Value at 'requestMetadata' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ),
  ],
  [
    'seventeen entries of requestMetadata',
    {
      messages: [user('pears')],
      requestMetadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'v'])),
    },
    oneError(
      "Value at 'requestMetadata' failed to satisfy constraint: Member must have length less than or equal to 16",
    ),
  ],
  [
    'a long value in requestMetadata',
    { messages: [user('pears')], requestMetadata: { key: 'v'.repeat(257) } },
    oneError(
      "Value at 'requestMetadata.key.value' failed to satisfy constraint: Member must have length less than or equal to 256",
    ),
  ],
  [
    'a character that requestMetadata does not take',
    { messages: [user('pears')], requestMetadata: { key: 'grüße' } },
    oneError(
      String.raw`Value at 'requestMetadata.key.value' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9\s:_@$#=/+,\-.]*$`,
    ),
  ],
  [
    'temperature with top_p where the model takes one of them',
    withConfig({ temperature: 0.5, topP: 0.5 }),
    '`temperature` and `top_p` cannot both be specified for this model. Please use only one.',
  ],
  [
    'a temperature where the model takes none',
    withConfig({ temperature: 0.5 }),
    '`temperature` is deprecated for this model.',
    OPUS_5,
  ],
  [
    'stop sequences where the model takes none',
    withConfig({ stopSequences: ['x'] }),
    "This model doesn't support the stopSequences field. Remove stopSequences and try again.",
    GPT_OSS,
  ],
  [
    'a system message where the model takes none',
    { messages: [user('pears')], system: [{ text: 'Be brief.' }] },
    "This model doesn't support system messages. Try again without system messages or use a model that supports system messages.",
    MISTRAL_7B,
  ],
  [
    'an answer begun where the model continues none',
    { messages: [user('pears'), assistant('are')] },
    'This model does not support assistant message prefill. The conversation must end with a user message.',
    GPT_OSS,
  ],
  [
    'an answer begun that ends in white space',
    { messages: [user('pears'), assistant('are ')] },
    'messages: final assistant content cannot end with trailing whitespace',
  ],
  [
    'an input longer than the context',
    { messages: [user('pears'.repeat(30_000))] },
    'Input is too long for requested model.',
    MISTRAL_7B,
  ],
  [
    'a model that embeds',
    { messages: [user('pears')] },
    "The model amazon.titan-embed-text-v2:0 doesn't support Converse. Try again with another model.",
    TITAN_EMBED,
  ],
  [
    'an unknown model',
    { messages: [user('pears')] },
    'The provided model identifier is invalid.',
    'acme.none-v1:0',
  ],
];

/** Bodies whose JSON types are wrong, and what the SerializationException says. */
const MISTYPED: readonly [name: string, body: string, message: string][] = [
  ['no JSON', '{"messages":', 'Could not parse request body into json'],
  ['an empty body', '', 'Could not parse request body into json'],
  ['a list', '[]', 'START_ARRAY can not be converted to an Object'],
  ['null', 'null', 'NULL_VALUE can not be converted to an Object'],
  ['messages as a string', '{"messages":"pears"}', 'STRING_VALUE can not be converted to a List'],
  [
    'a text as a number',
    '{"messages":[{"role":"user","content":[{"text":1}]}]}',
    'NUMBER_VALUE can not be converted to a String',
  ],
  [
    'maxTokens as a fraction',
    '{"messages":[],"inferenceConfig":{"maxTokens":1.5}}',
    'NUMBER_VALUE can not be converted to an Integer',
  ],
  [
    'a temperature as a truth value',
    '{"messages":[],"inferenceConfig":{"temperature":true}}',
    'TRUE_VALUE can not be converted to a Float',
  ],
];

describe('the Bedrock emulator refuses', () => {
  let emulator: BedrockEmulator;

  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
  });
  afterAll(() => emulator.close());

  interface Call {
    readonly path?: string;
    readonly body: string;
    readonly authorization?: string | null;
    readonly method?: string;
  }

  async function refusalOf({ path, body, authorization = AUTHORIZATION, method = 'POST' }: Call) {
    const response = await fetch(`${emulator.url}${path ?? pathOf(CLAUDE)}`, {
      method,
      ...(method === 'POST' && { body }),
      headers: authorization === null ? {} : { authorization },
    });
    return {
      status: response.status,
      type: response.headers.get('x-amzn-errortype'),
      hasRequestId: response.headers.has('x-amzn-requestid'),
      body: await response.json(),
    };
  }
  const pathOf = (model: string, action = 'converse') => `/model/${encodeURIComponent(model)}/${action}`;
  const refusal = (status: number, type: string, message: string) => ({
    status,
    type: `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
    hasRequestId: true,
    body: { message },
  });
  const ANY_BODY = JSON.stringify({ messages: [user('pears')] });

  it.each(INVALID)('%s', async (_name, body, message, model = CLAUDE) => {
    const call = { path: pathOf(model), body: JSON.stringify(body) };
    expect(await refusalOf(call)).toEqual(refusal(400, 'ValidationException', message));
  });

  it('a stream by the same rules, before its first frame', async () => {
    const call = { path: pathOf(CLAUDE, 'converse-stream'), body: JSON.stringify({ messages: [user('')] }) };
    expect(await refusalOf(call)).toEqual(
      refusal(400, 'ValidationException', 'messages: text content blocks must be non-empty'),
    );
  });

  it.each(MISTYPED)('%s', async (_name, body, message) => {
    expect(await refusalOf({ body })).toEqual(refusal(400, 'SerializationException', message));
  });

  it.each([null, 'Basic YTpi', 'Bearer '])('the authorization %s', async (authorization) => {
    expect(await refusalOf({ body: ANY_BODY, authorization })).toEqual(
      refusal(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token'),
    );
  });

  it.each([
    ['POST', pathOf(CLAUDE)],
    ['GET', '/foundation-models'],
  ])('a signature for another service, by %s', async (method, path) => {
    const authorization = AUTHORIZATION.replace('/bedrock/', '/bedrock-runtime/');
    expect(await refusalOf({ body: ANY_BODY, path, method, authorization })).toEqual(
      refusal(
        403,
        'InvalidSignatureException',
        "Credential should be scoped to correct service: 'bedrock', got '20261120/us-east-1/bedrock-runtime/aws4_request'.",
      ),
    );
  });

  it('a body over 25 MB', async () => {
    const call = { body: JSON.stringify({ messages: [user('p'.repeat(25_000_000))] }) };
    expect(await refusalOf(call)).toEqual(
      refusal(413, 'RequestEntityTooLargeException', 'The body exceeds 25000000 bytes.'),
    );
  });

  it.each([
    ['POST', '/model/x/dream'],
    ['POST', '/'],
    ['PUT', '/model/x/converse'],
    ['GET', '/model/x/converse'],
    ['GET', '/elsewhere'],
  ])('%s %s, which is no operation', async (method, path) => {
    expect(await refusalOf({ method, path, body: ANY_BODY })).toEqual(
      refusal(404, 'UnknownOperationException', 'The Bedrock emulator has no such operation.'),
    );
  });

  it.each(['%E0%A4%A', '%00', 'arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Fnone'])(
    'the model id %s',
    async (id) => {
      expect(await refusalOf({ path: `/model/${id}/converse`, body: ANY_BODY })).toEqual(
        refusal(400, 'ValidationException', 'The provided model identifier is invalid.'),
      );
    },
  );

  it('nothing about a bearer key, a model by ARN, or explicit nulls', async () => {
    const arn = 'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-5';
    const response = await fetch(`${emulator.url}${pathOf(arn)}`, {
      method: 'POST',
      headers: { authorization: 'Bearer bedrock-api-key-example' },
      body: JSON.stringify({ messages: [user('[[emulator say=yes]]')], inferenceConfig: null, system: null }),
    });
    expect([response.status, await response.json()]).toEqual([
      200,
      expect.objectContaining({ output: { message: { content: [{ text: 'yes' }], role: 'assistant' } } }),
    ]);
  });

  it('no model that was added to its list', async () => {
    const added = await startBedrockEmulator({
      tokenDelayMs: 0,
      models: [
        { id: 'acme.test-v1:0', provider: 'acme', mode: 'chat', inputTokensMax: 10, outputTokensMax: 10 },
      ],
    });
    const response = await fetch(`${added.url}${pathOf('acme.test-v1:0')}`, {
      method: 'POST',
      headers: { authorization: AUTHORIZATION },
      body: ANY_BODY,
    });
    await response.body?.cancel();
    await added.close();
    expect(response.status).toBe(200);
  });
});
