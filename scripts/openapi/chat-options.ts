/** Tools of a chat completion, the form of its answer, and how much is thought about it. */
import { markSchema } from './chat-messages.ts';
import {
  always,
  boolean,
  integer,
  listOf,
  nothing,
  object,
  oneOf,
  orNull,
  type Schema,
  type Schemas,
  text,
  variants,
} from './schema.ts';

const name = text('1 to 64 letters, digits, underscores and hyphens.', { pattern: '^[a-zA-Z0-9_-]{1,64}$' });
const jsonSchema = (what: string): Schema => ({ type: 'object', description: what });

const tool = object(
  'A tool that the caller runs. Custom tools are refused.',
  {
    type: always('function', 'What it is.'),
    function: object(
      'The tool.',
      {
        name,
        description: orNull(text('What it does.')),
        parameters: orNull(jsonSchema('A JSON Schema of its arguments, which are an object. Absent: none.')),
        strict: orNull(boolean('Whether the model is held to the schema, where it can be.')),
      },
      { optional: ['description', 'parameters', 'strict'] },
    ),
    cache_control: markSchema,
  },
  { optional: ['cache_control'] },
);
const chosen = object('One tool.', {
  type: always('function', 'What it is.'),
  function: object('The tool.', { name }),
});
const allowed = object('Some of the tools; the model is shown no others.', {
  type: always('allowed_tools', 'What is chosen.'),
  allowed_tools: object('Which.', {
    mode: oneOf(['auto', 'required'], 'Whether one of them must be called.'),
    tools: listOf(chosen, 'The tools.', { minItems: 1 }),
  }),
});

const format = variants(
  [
    object('Text.', { type: always('text', 'The default.') }),
    object('One JSON object.', { type: always('json_object', 'Any object.') }),
    object('JSON of a schema.', {
      type: always('json_schema', 'By schema.'),
      json_schema: object(
        'The schema and its name.',
        {
          name,
          description: orNull(text('What the answer is.')),
          schema: jsonSchema('The JSON Schema.'),
          strict: orNull(boolean('Whether the model is held to the schema, where it can be.')),
        },
        { optional: ['description', 'strict'] },
      ),
    }),
    nothing('Text.'),
  ],
  'The form of the answer.',
);

const thinking = variants(
  [
    object('With a budget.', {
      type: always('enabled', 'Whether to think.'),
      budget_tokens: integer('The most tokens to think with.', { minimum: 1024 }),
    }),
    object('As the model sees fit, or not at all.', {
      type: oneOf(['adaptive', 'disabled'], 'Whether to think.'),
    }),
    nothing('As the model does by itself.'),
  ],
  'Anthropic’s word for `reasoning_effort`; one of both at most.',
);

export const optionSchemas: Schemas = {
  tools: orNull(listOf(tool, 'The tools that the model may call.')),
  tool_choice: variants(
    [oneOf(['none', 'auto', 'required'], 'Among all of them.'), chosen, allowed, nothing('Like `auto`.')],
    'Which tools the model may or must call.',
  ),
  parallel_tool_calls: orNull(boolean('Whether it may call several at once.')),
  response_format: format,
  reasoning_effort: orNull(
    oneOf(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'], 'How much to think.'),
  ),
  thinking,
  top_k: orNull(integer('Sampling among so many words. Not OpenAI’s.', { minimum: 0, maximum: 1_000_000 })),
  service_tier: orNull(
    oneOf(['auto', 'default', 'flex', 'priority', 'fast'], 'Bedrock’s tiers; `fast` is `priority`.'),
  ),
  prompt_cache_options: orNull(
    object(
      'OpenAI’s prompt cache: `implicit`, the default where this is given, keeps the prompt up to the last user message.',
      {
        mode: oneOf(['implicit', 'explicit'], 'Whether more than what is marked is kept.'),
        ttl: oneOf(['30m'], 'For at least so long, which is an hour; absent: the model’s default.'),
      },
      { optional: ['mode', 'ttl'] },
    ),
  ),
};
