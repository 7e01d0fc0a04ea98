/** Embeddings: what functions/proxy/embeddings reads and writes. Its parser is by hand, and so is this. */
import { INPUT_TYPES } from '../../shared/domain/embedding-model.ts';
import {
  integer,
  listOf,
  number,
  object,
  objectName,
  oneOf,
  orNull,
  ref,
  type Schemas,
  text,
  variants,
} from './schema.ts';

const input = text('The text.', { minLength: 1 });

export const embeddingSchemas: Schemas = {
  CreateEmbeddings: {
    ...object('Texts to be embedded.', {
      model: text('The id of a model that embeds, as GET /v1/models lists it.', {
        minLength: 1,
        maxLength: 2048,
      }),
      input: variants(
        [input, listOf(input, 'Texts.', { minItems: 1, maxItems: 2048 })],
        'What is embedded. Arrays of tokens are refused: send the text itself.',
      ),
      encoding_format: orNull(
        oneOf(['float', 'base64'], 'How a vector is written: numbers, or little-endian float32 as base64.'),
      ),
      dimensions: orNull(
        integer('How long the vectors are to be. Absent: as the model does by itself.', { minimum: 1 }),
      ),
      user: orNull(text('Who the end user is, by any stable text.')),
      input_type: orNull(
        oneOf(
          INPUT_TYPES,
          'Our addition. What the texts are embedded for, where the model tells it apart (Cohere, Nova); otherwise it is named in `x-ignored-params`. Absent: `search_document`.',
        ),
      ),
    }),
    required: ['model', 'input'],
  },
  EmbeddingList: object('The vectors.', {
    object: objectName('list'),
    data: listOf(ref('Embedding'), 'One for each text, in order.'),
    model: text('The model as the request named it.'),
    usage: object(
      'Tokens.',
      {
        prompt_tokens: integer('Input, as Bedrock counted it.'),
        total_tokens: integer('The same.'),
        cost: number(
          'Our addition. What it cost in USD, where `x-include-cost` or the project asked for it.',
        ),
      },
      { optional: ['cost'] },
    ),
  }),
  Embedding: object('A vector.', {
    object: objectName('embedding'),
    index: integer('Which text it is of, from 0.'),
    embedding: variants(
      [listOf(number('A number.'), 'Its numbers.'), text('Its numbers as base64.')],
      'As `encoding_format` asked.',
    ),
  }),
};
