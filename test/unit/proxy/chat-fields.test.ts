/** Every field that openai's request type has is decided. A field without a case here does not compile. */
import type {
  ChatCompletionCreateParams,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionFunctionTool,
  ChatCompletionStreamOptions,
} from 'openai/resources/chat/completions';
import type {
  FunctionDefinition,
  ResponseFormatJSONObject,
  ResponseFormatJSONSchema,
  ResponseFormatText,
} from 'openai/resources/shared';
import { CHAT_PARAMETERS } from '../../../functions/proxy/chat-completions/parameters.ts';
import { parseChatRequest } from '../../../functions/proxy/chat-completions/request.ts';
import type { Decision } from '../../../functions/proxy/wire/decision.ts';
import { asks, describeFields, type FieldCase, honoured, said } from '../../support/chat-field-cases.ts';
import { ASK } from '../../support/proxy-fixture.ts';

const refused = (fields: object, code: string): FieldCase => ({
  body: asks(fields),
  refuses: [code, Object.keys(fields)[0] ?? ''],
});
const ignored = (fields: object): FieldCase => ({
  body: asks(fields),
  reads: {},
  ignores: Object.keys(fields).slice(0, 1),
});

const TOOL = { type: 'function', function: { name: 'f' } };
const READ_TOOL = { name: 'f', parameters: { type: 'object', properties: {} }, strict: 'not-asked' };
const FIELDS = {
  messages: honoured({ messages: [{ role: 'user', content: 'Ho' }] }, { messages: said('Ho') }),
  model: honoured({ model: 'm' }, { requestedModel: 'm' }),
  audio: refused({ audio: { voice: 'alloy', format: 'wav' } }, 'unsupported_parameter'),
  frequency_penalty: refused({ frequency_penalty: 1 }, 'unsupported_parameter'),
  function_call: refused({ function_call: { name: 'f' } }, 'unsupported_parameter'),
  functions: refused({ functions: [{ name: 'f' }] }, 'unsupported_parameter'),
  logit_bias: refused({ logit_bias: { '1': 1 } }, 'unsupported_parameter'),
  logprobs: refused({ logprobs: true }, 'unsupported_parameter'),
  max_completion_tokens: honoured({ max_completion_tokens: 7 }, { outputTokensMax: 7 }),
  max_tokens: honoured({ max_tokens: 8 }, { outputTokensMax: 8 }),
  metadata: honoured({ metadata: { a: 'b' } }, { metadata: { a: 'b' } }),
  modalities: refused({ modalities: ['text', 'audio'] }, 'unsupported_value'),
  moderation: refused({ moderation: { model: 'm' } }, 'unsupported_parameter'),
  n: refused({ n: 2 }, 'unsupported_value'),
  parallel_tool_calls: honoured(
    { parallel_tool_calls: false, tools: [TOOL] },
    { toolUse: { tools: [READ_TOOL], choice: { type: 'auto' }, parallel: 'forbidden' } },
  ),
  prediction: ignored({ prediction: { type: 'content', content: 'x' } }),
  presence_penalty: refused({ presence_penalty: -1 }, 'unsupported_parameter'),
  prompt_cache_key: ignored({ prompt_cache_key: 'k' }),
  prompt_cache_options: honoured(
    { prompt_cache_options: { mode: 'implicit', ttl: '30m' } },
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hi' },
            { type: 'cache-point', ttl: '1h' },
          ],
        },
      ],
    },
  ),
  prompt_cache_retention: ignored({ prompt_cache_retention: '24h' }),
  reasoning_effort: honoured(
    { reasoning_effort: 'xhigh' },
    { reasoning: { type: 'effort', effort: 'xhigh' } },
  ),
  response_format: honoured({ response_format: { type: 'json_object' } }, { answerFormat: { type: 'json' } }),
  safety_identifier: honoured({ safety_identifier: 's' }, { endUser: 's' }),
  seed: ignored({ seed: 1 }),
  service_tier: honoured({ service_tier: 'flex' }, { serviceTier: 'flex' }),
  stop: honoured({ stop: ['a', ''] }, { stopSequences: ['a'] }),
  store: ignored({ store: true }),
  stream: { body: asks({ stream: true }), reads: { stream: true } },
  stream_options: {
    body: asks({ stream_options: { include_usage: true }, stream: true }),
    reads: { stream: true, includeUsage: true },
  },
  temperature: honoured({ temperature: 0 }, { temperature: 0 }),
  tool_choice: honoured(
    { tool_choice: 'required', tools: [TOOL] },
    { toolUse: { tools: [READ_TOOL], choice: { type: 'required' } } },
  ),
  tools: honoured({ tools: [TOOL] }, { toolUse: { tools: [READ_TOOL], choice: { type: 'auto' } } }),
  top_logprobs: refused({ top_logprobs: 2 }, 'unsupported_parameter'),
  top_p: honoured({ top_p: 0.5 }, { topP: 0.5 }),
  user: honoured({ user: 'u' }, { endUser: 'u' }),
  verbosity: ignored({ verbosity: 'high' }),
  web_search_options: refused({ web_search_options: {} }, 'unsupported_parameter'),
} satisfies Readonly<Record<keyof ChatCompletionCreateParamsNonStreaming, FieldCase>>;

const EXTENSIONS = {
  top_k: honoured({ top_k: 5 }, { topK: 5 }),
  thinking: honoured(
    { thinking: { type: 'enabled', budget_tokens: 2048 } },
    { reasoning: { type: 'budget', tokens: 2048 } },
  ),
} satisfies Readonly<Record<string, FieldCase>>;

const streams = (options: object): object => asks({ stream: true, stream_options: options });
const STREAM_OPTIONS = {
  include_usage: { body: streams({ include_usage: true }), reads: { includeUsage: true } },
  include_obfuscation: {
    body: streams({ include_obfuscation: true }),
    reads: { includeUsage: false },
    ignores: ['stream_options.include_obfuscation'],
  },
} satisfies Readonly<Record<keyof ChatCompletionStreamOptions, FieldCase>>;

const declares = (definition: object, read: object): FieldCase => {
  const declared = { name: 'f', ...definition };
  return honoured(
    { tools: [{ type: 'function', function: declared }] },
    { toolUse: { tools: [{ ...READ_TOOL, ...read }], choice: { type: 'auto' } } },
  );
};
const TOOL_FIELDS = {
  type: { body: asks({ tools: [{ type: 'custom' }] }), refuses: ['unsupported_value', 'tools[0].type'] },
  function: declares({}, {}),
} satisfies Readonly<Record<keyof ChatCompletionFunctionTool, FieldCase>>;
const DEFINITION = {
  name: declares({ name: 'a-B_1' }, { name: 'a-B_1' }),
  description: declares({ description: 'Adds.' }, { description: 'Adds.' }),
  parameters: declares(
    { parameters: { $schema: 'x', type: 'object', required: ['a'] } },
    { parameters: { type: 'object', required: ['a'] } },
  ),
  strict: declares({ strict: true }, { strict: 'asked' }),
} satisfies Readonly<Record<keyof FunctionDefinition, FieldCase>>;

const schemaFormat = (fields: object, read: object): FieldCase =>
  honoured(
    {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'n', schema: { type: 'object' }, ...fields },
      },
    },
    {
      answerFormat: {
        type: 'json-schema',
        name: 'n',
        schema: { type: 'object' },
        strict: 'not-asked',
        ...read,
      },
    },
  );
const SCHEMA_FORMAT = {
  name: schemaFormat({ name: 'm' }, { name: 'm' }),
  description: schemaFormat({ description: 'd' }, { description: 'd' }),
  schema: schemaFormat({ schema: { $schema: 'x', type: 'array' } }, { schema: { type: 'array' } }),
  strict: schemaFormat({ strict: true }, { strict: 'asked' }),
} satisfies Readonly<Record<keyof ResponseFormatJSONSchema.JSONSchema, FieldCase>>;
const FORMATS = {
  text: honoured({ response_format: { type: 'text' } }, { answerFormat: { type: 'text' } }),
  json_object: honoured({ response_format: { type: 'json_object' } }, { answerFormat: { type: 'json' } }),
  json_schema: schemaFormat({}, {}),
} satisfies Readonly<
  Record<(ResponseFormatText | ResponseFormatJSONObject | ResponseFormatJSONSchema)['type'], FieldCase>
>;

const cached = (options: object, content: readonly object[]): FieldCase =>
  honoured({ prompt_cache_options: options }, { messages: [{ role: 'user', content }] });
const CACHE_OPTIONS = {
  mode: cached({ mode: 'explicit' }, [{ type: 'text', text: 'Hi' }]),
  ttl: cached({ ttl: '30m' }, [
    { type: 'text', text: 'Hi' },
    { type: 'cache-point', ttl: '1h' },
  ]),
} satisfies Readonly<Record<keyof ChatCompletionCreateParams.PromptCacheOptions, FieldCase>>;

describeFields({
  'a request': FIELDS,
  'the extensions': EXTENSIONS,
  stream_options: STREAM_OPTIONS,
  'a tool': TOOL_FIELDS,
  'a function': DEFINITION,
  'response_format by type': FORMATS,
  json_schema: SCHEMA_FORMAT,
  prompt_cache_options: CACHE_OPTIONS,
});

const decisionOf = (one: FieldCase): Decision['decision'] => {
  if ('refuses' in one) return 'refused';
  return one.ignores === undefined ? 'honoured' : 'ignored';
};

test('the table of decisions says what is done, of these fields and no others', () => {
  const done = Object.entries({ ...FIELDS, ...EXTENSIONS }).map(([name, one]) => [name, decisionOf(one)]);
  const said = Object.entries(CHAT_PARAMETERS).map(([name, { decision }]) => [name, decision]);
  expect(Object.fromEntries(said)).toEqual(Object.fromEntries(done));
});

test.each(
  Object.keys({ ...FIELDS, ...EXTENSIONS }).filter((name) => name !== 'model' && name !== 'messages'),
)('null as %s asks for nothing', (name) => {
  expect(parseChatRequest(asks({ [name]: null }))).toEqual(parseChatRequest(ASK));
});
