/** Legacy completions: what functions/proxy/completions reads and writes. Its parser is by hand, and so is this. */
import {
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

/** OpenAI's parameter of which only what asks for nothing is accepted. */
const neutral = (values: readonly unknown[], what: string): Schema => ({
  enum: [...values, null],
  description: `${what} Only what asks for nothing is accepted.`,
});

const prompt = text('The text, which must not be blank.', { minLength: 1 });

const asked: Schemas = {
  model: text('The id of a chat model, as GET /v1/models lists it.', { minLength: 1, maxLength: 2048 }),
  prompt: variants(
    [prompt, listOf(prompt, 'One text.', { minItems: 1, maxItems: 1 })],
    'What is said to the model, as one message of a user. Arrays of tokens are refused.',
  ),
  max_tokens: orNull(
    integer('The most the answer may have, and what is reserved for it. Absent: the project’s default.', {
      minimum: 1,
    }),
  ),
  temperature: orNull(
    number('What is above 1 acts as 1, and is named in `x-ignored-params`.', { minimum: 0, maximum: 2 }),
  ),
  top_p: orNull(number('Nucleus sampling.', { minimum: 0, maximum: 1 })),
  stop: variants(
    [text('One.'), listOf(text('One.'), 'Four at most.', { maxItems: 4 }), nothing('None.')],
    'Texts at which the answer ends.',
  ),
  stream: orNull(boolean('Whether the answer comes as server-sent events.')),
  stream_options: orNull(
    object(
      'Only with `stream`.',
      {
        include_usage: orNull(boolean('Whether a last chunk tells the usage.')),
        include_obfuscation: orNull(boolean('Accepted without effect.')),
      },
      { optional: ['include_usage', 'include_obfuscation'] },
    ),
  ),
  user: orNull(text('Who the end user is, by any stable text.')),
  seed: orNull(number('Accepted without effect, and named in `x-ignored-params`.')),
  best_of: neutral([1], 'How many answers to choose from.'),
  echo: neutral([false], 'Whether the prompt is repeated.'),
  frequency_penalty: neutral([0], 'OpenAI’s penalty of repetition.'),
  logit_bias: orNull({
    type: 'object',
    maxProperties: 0,
    description: 'OpenAI’s bias of tokens. Only an empty one is accepted.',
  }),
  logprobs: neutral([], 'OpenAI’s probabilities of tokens.'),
  n: neutral([1], 'How many answers.'),
  presence_penalty: neutral([0], 'OpenAI’s penalty of what was said.'),
  suffix: neutral([''], 'What follows the answer.'),
};

const answered = (description: string, reason: Schema, usage: Schema): Schema =>
  object(
    description,
    {
      id: text('`cmpl-…`.'),
      object: objectName('text_completion'),
      created: time('When'),
      model: text('The model as the request named it.'),
      choices: listOf(
        object('The answer.', {
          text: text('What is said.'),
          index: { const: 0, description: 'Always 0.' },
          logprobs: nothing('OpenAI’s; always null.'),
          finish_reason: reason,
        }),
        'One; none in a chunk that tells the usage.',
      ),
      usage,
    },
    { optional: ['usage'] },
  );

const reason = oneOf(['stop', 'length', 'content_filter'], 'Why it ended.');

export const completionSchemas: Schemas = {
  CreateCompletion: { ...object('A prompt to be answered.', asked), required: ['model', 'prompt'] },
  Completion: answered('The answer.', reason, ref('CompletionUsage')),
  CompletionChunk: answered(
    'A piece of the answer.',
    orNull(reason),
    variants(
      [ref('CompletionUsage'), nothing('In every chunk but the last.')],
      'With `include_usage`, where the model counted.',
    ),
  ),
};
