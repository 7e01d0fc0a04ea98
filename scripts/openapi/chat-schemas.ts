/** Chat completions: what functions/proxy/chat-completions reads and writes. Its parser is by hand, and so is this. */
import { messageSchemas, thoughtFields } from './chat-messages.ts';
import { optionSchemas } from './chat-options.ts';
import {
  always,
  boolean,
  integer,
  listOf,
  nothing,
  number,
  object,
  objectName,
  oneOf,
  orNull,
  ref,
  type Schema,
  type Schemas,
  text,
  time,
  variants,
} from './schema.ts';

const orAbsent = (schema: Schema): Schema => orNull(schema);
/** OpenAI's parameter of which only what asks for nothing is accepted. */
const neutral = (values: readonly unknown[], what: string): Schema => ({
  enum: [...values, null],
  description: `${what} Not supported: only what asks for nothing is accepted.`,
});
const empty = (type: 'array' | 'object', what: string): Schema =>
  orNull({
    ...(type === 'array' ? { type, maxItems: 0 } : { type, maxProperties: 0 }),
    description: `${what} Not supported: only an empty one is accepted.`,
  });
const unheard = (type: string, what: string): Schema =>
  orNull({ type, description: `${what} Accepted without effect, and named in \`x-ignored-params\`.` });

const honoured: Schemas = {
  model: text('The id of a model, as GET /v1/models lists it.', { minLength: 1, maxLength: 2048 }),
  messages: listOf(
    ref('ChatMessage'),
    'The conversation, which begins with the user but for system messages.',
    {
      minItems: 1,
    },
  ),
  max_completion_tokens: orAbsent(
    integer('The most the answer may have, and what is reserved for it. Absent: the project’s default.', {
      minimum: 1,
    }),
  ),
  max_tokens: orAbsent(integer('The same by its older name; the newer one outranks it.', { minimum: 1 })),
  temperature: orAbsent({
    type: 'number',
    minimum: 0,
    maximum: 2,
    description: 'What is above 1 acts as 1, and is named in `x-ignored-params`.',
  }),
  top_p: orAbsent({ type: 'number', minimum: 0, maximum: 1, description: 'Nucleus sampling.' }),
  stop: variants(
    [text('One.'), listOf(text('One.'), 'Four at most.', { maxItems: 4 }), nothing('None.')],
    'Texts at which the answer ends.',
  ),
  stream: orAbsent(boolean('Whether the answer comes as server-sent events.')),
  stream_options: orAbsent(
    object(
      'Only with `stream`.',
      {
        include_usage: orAbsent(boolean('Whether a last chunk tells the usage.')),
        include_obfuscation: orAbsent(boolean('Accepted without effect.')),
      },
      { optional: ['include_usage', 'include_obfuscation'] },
    ),
  ),
  metadata: orAbsent({
    type: 'object',
    description: 'Up to 16 texts by name, handed to Bedrock with the request.',
    maxProperties: 16,
    propertyNames: { maxLength: 64 },
    additionalProperties: { type: 'string', maxLength: 512 },
  }),
  ...optionSchemas,
  user: orAbsent(text('Who the end user is, by any stable text; `safety_identifier` outranks it.')),
  safety_identifier: orAbsent(text('Who the end user is.', { maxLength: 128 })),
};

const notYet: Schemas = {
  audio: neutral([], 'OpenAI’s spoken answers.'),
  frequency_penalty: neutral([0], 'OpenAI’s penalty of repetition.'),
  function_call: neutral(['none', 'auto'], 'OpenAI’s older `tool_choice`.'),
  functions: empty('array', 'OpenAI’s older `tools`.'),
  logit_bias: empty('object', 'OpenAI’s bias of tokens.'),
  logprobs: neutral([false], 'OpenAI’s probabilities of tokens.'),
  modalities: orNull({
    type: 'array',
    items: { const: 'text' },
    minItems: 1,
    maxItems: 1,
    description: 'Only text.',
  }),
  moderation: neutral([], 'OpenAI’s moderation.'),
  n: neutral([1], 'How many answers: one.'),
  presence_penalty: neutral([0], 'OpenAI’s penalty of what was said.'),
  top_logprobs: neutral([0], 'OpenAI’s probabilities of tokens.'),
  web_search_options: neutral([], 'OpenAI’s web search.'),
};

const ignored: Schemas = {
  prediction: unheard('object', 'OpenAI’s predicted output.'),
  prompt_cache_key: unheard('string', 'OpenAI’s prompt cache.'),
  prompt_cache_retention: unheard('string', 'OpenAI’s prompt cache.'),
  seed: unheard('number', 'OpenAI promises best effort only.'),
  store: unheard('boolean', 'Nothing is stored here.'),
  verbosity: unheard('string', 'OpenAI’s length of answers.'),
};

const REASONS = ['stop', 'length', 'content_filter', 'tool_calls'];
const logprobs = nothing('OpenAI’s; always null.');

const head = (name: string): Schemas => ({
  id: text('`chatcmpl-…`.'),
  object: objectName(name),
  created: time('When'),
  model: text('The model as the request named it.'),
});

const serviceTier = oneOf(['default', 'flex', 'priority'], 'The tier that Bedrock says it was served in.');

const toolCallDelta = object(
  'A piece of a call: its name first, then its arguments.',
  {
    index: integer('Which call of the answer, from 0.', { minimum: 0 }),
    id: text('In its first piece.'),
    type: always('function', 'In its first piece.'),
    function: object(
      'What is called.',
      { name: text('In its first piece.'), arguments: text('The next piece of its arguments.') },
      { optional: ['name'] },
    ),
  },
  { optional: ['id', 'type'] },
);

const delta = object(
  'What is new.',
  {
    role: always('assistant', 'In the first chunk.'),
    content: text('A piece of the answer.'),
    refusal: nothing('OpenAI’s; always null.'),
    tool_calls: listOf(toolCallDelta, 'A piece of a call.'),
    ...thoughtFields,
  },
  { optional: ['role', 'content', 'refusal', 'tool_calls', ...Object.keys(thoughtFields)] },
);

export const chatSchemas: Schemas = {
  ...messageSchemas,
  CreateChatCompletion: {
    ...object('A conversation to be answered.', { ...honoured, ...notYet, ...ignored }),
    required: ['model', 'messages'],
  },
  CompletionUsage: object(
    'Tokens.',
    {
      prompt_tokens: integer('Input, those of the cache included.'),
      completion_tokens: integer('Output.'),
      total_tokens: integer('Both.'),
      prompt_tokens_details: object('Of the input.', {
        cached_tokens: integer('Read from a prompt cache.'),
        cache_write_tokens: integer('Written to one.'),
      }),
      cost: number('Our addition. What it cost in USD, where `x-include-cost` or the project asked for it.'),
    },
    { optional: ['cost'] },
  ),
  ChatCompletion: object(
    'The answer.',
    {
      ...head('chat.completion'),
      service_tier: serviceTier,
      choices: listOf(
        object('The answer.', {
          index: { const: 0, description: 'Always 0.' },
          message: object(
            'What is said.',
            {
              role: always('assistant', 'Always `assistant`.'),
              content: orNull(text('The text; null where there is none.')),
              refusal: nothing('OpenAI’s; always null.'),
              tool_calls: listOf(ref('ChatToolCall'), 'The calls that the model made.'),
              ...thoughtFields,
            },
            { optional: ['tool_calls', ...Object.keys(thoughtFields)] },
          ),
          logprobs,
          finish_reason: oneOf(REASONS, 'Why it ended.'),
        }),
        'One.',
      ),
      usage: ref('CompletionUsage'),
    },
    { optional: ['usage', 'service_tier'] },
  ),
  ChatCompletionChunk: object(
    'A piece of a streamed answer.',
    {
      ...head('chat.completion.chunk'),
      service_tier: serviceTier,
      choices: listOf(
        object('A piece.', {
          index: { const: 0, description: 'Always 0.' },
          delta,
          logprobs,
          finish_reason: orNull(oneOf(REASONS, 'Why it ended, in the last piece.')),
        }),
        'One; none in the chunk that tells the usage.',
      ),
      usage: {
        anyOf: [ref('CompletionUsage'), { type: 'null' }],
        description: 'Where `include_usage` asked for it: null but in the last chunk.',
      },
    },
    { optional: ['usage', 'service_tier'] },
  ),
};
