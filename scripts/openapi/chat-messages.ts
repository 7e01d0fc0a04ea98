/** Messages of a chat completion and the parts they are made of. */
import {
  always,
  listOf,
  nothing,
  object,
  oneOf,
  orNull,
  ref,
  type Schema,
  type Schemas,
  text,
  variants,
} from './schema.ts';

const cacheControl = orNull(
  object(
    'Anthropic’s mark: everything up to here is to be kept in the prompt cache.',
    {
      type: always('ephemeral', 'The one kind there is.'),
      ttl: oneOf(['5m', '1h'], 'For how long; absent: the model’s default.'),
    },
    { optional: ['ttl'] },
  ),
);
const breakpoint = orNull(
  object(
    'OpenAI’s mark of the same.',
    { mode: always('explicit', 'The one there is.'), ttl: oneOf(['30m'], 'For at least so long.') },
    { optional: ['ttl'] },
  ),
);

const part = (type: string, what: string, field: Schemas): Schema =>
  object(
    what,
    {
      type: always(type, 'What the part is.'),
      ...field,
      cache_control: cacheControl,
      prompt_cache_breakpoint: breakpoint,
    },
    { optional: ['cache_control', 'prompt_cache_breakpoint'] },
  );
const url = (what: string): Schema => text(`${what}, as a data URL. Others are refused: nothing is fetched.`);
const urlOrObject = (what: string, more: Schemas = {}): Schema =>
  variants(
    [object(what, { url: url(what), ...more }, { optional: Object.keys(more) }), url(what)],
    'The URL, by itself or in an object.',
  );

const parts: Schemas = {
  text: part('text', 'Text.', { text: text('The text.') }),
  refusal: part('refusal', 'A refusal, of an assistant.', { refusal: text('The text.') }),
  image: part('image_url', 'An image, of a user or a tool.', {
    image_url: urlOrObject('A PNG, JPEG, GIF or WebP of at most 3.75 MB, 20 a request', {
      detail: oneOf(
        ['auto', 'low', 'high', 'original'],
        'Without effect: each model scales by its own rule.',
      ),
    }),
  }),
  file: part('file', 'A document, of a user or a tool; at most 5 a request.', {
    file: object(
      'Its bytes.',
      {
        file_data: text(
          'Base64 or a data URL of a PDF, Word, Excel, HTML, CSV, Markdown or text file of at most 4.5 MB.',
        ),
        filename: text(
          'Its name. Its ending tells formats apart that bytes do not; the model reads the rest.',
        ),
      },
      { optional: ['filename'] },
    ),
  }),
  audio: part('input_audio', 'A recording, of a user.', {
    input_audio: object('Its bytes.', {
      data: text('Base64.'),
      format: oneOf(['wav', 'mp3'], 'The format, which must be that of the bytes.'),
    }),
  }),
  video: part('video_url', 'A film, of a user. Not OpenAI’s.', { video_url: urlOrObject('A film') }),
};

/** A call of a tool, in a message and in an answer. */
const toolCall = object('A call that the model made.', {
  id: text('Its id, which its result names.', { minLength: 1 }),
  type: always('function', 'What is called.'),
  function: object('What is called.', {
    name: text('The tool’s name.', { pattern: '^[a-zA-Z0-9_-]{1,64}$' }),
    arguments: text('Its arguments, as JSON text.'),
  }),
});

const thinkingBlock: Schema = variants(
  [
    object('A thought that the model signed.', {
      type: always('thinking', 'What it is.'),
      thinking: text('The thought.'),
      signature: text('The model’s signature, without which it is not sent back.'),
    }),
    object('A thought that cannot be read.', {
      type: always('redacted_thinking', 'What it is.'),
      data: text('The thought, encrypted.'),
    }),
  ],
  'A thought, in Anthropic’s shape.',
);

/** What answers tell of thoughts beyond OpenAI’s fields, and what messages may send back. */
export const thoughtFields: Schemas = {
  reasoning_content: text('What the model thought. Not OpenAI’s.'),
  reasoning_signature: text('The signature of `reasoning_content`, where that is one signed thought.'),
  thinking_blocks: listOf(ref('ChatThinkingBlock'), 'All signed thoughts; they outrank `reasoning_content`.'),
};

const message: Schema = {
  type: 'object',
  description:
    'A message. A field that says nothing (null, an empty list) is accepted whatever its name. System and developer messages are handed to the model first, wherever they stand; all results of an answer’s calls follow it at once.',
  properties: {
    role: oneOf(['system', 'developer', 'user', 'assistant', 'tool'], 'Who speaks.'),
    content: variants(
      [
        text('The text.'),
        listOf(variants(Object.values(parts), 'A part.'), 'Parts, in order.'),
        nothing('Of an assistant that refused, thought or called a tool.'),
      ],
      'What is said.',
    ),
    name: orNull(text('Accepted without effect, and named in `x-ignored-params`.')),
    refusal: orNull(text('What an assistant said in refusing.')),
    tool_calls: orNull(listOf(ref('ChatToolCall'), 'The calls that an assistant made.')),
    tool_call_id: orNull(text('The call that a tool’s message is the result of.')),
    cache_control: cacheControl,
    ...Object.fromEntries(Object.entries(thoughtFields).map(([name, schema]) => [name, orNullOf(schema)])),
    parsed: { description: 'What OpenAI’s client adds to an answer; it is not read.' },
  },
  required: ['role'],
  additionalProperties: { anyOf: [{ type: 'null' }, { type: 'array', maxItems: 0 }] },
};

function orNullOf(schema: Schema): Schema {
  return orNull({ ...schema, description: `${String(schema['description'])} Of an assistant.` });
}

export const messageSchemas: Schemas = {
  ChatMessage: message,
  ChatToolCall: toolCall,
  ChatThinkingBlock: thinkingBlock,
};
export const markSchema = cacheControl;
