/** Moderations: what functions/proxy/moderations reads and writes. Its parser is by hand, and so is this. */
import { FLAGGED_FROM, MODERATION_CATEGORIES } from '../../shared/domain/moderation.ts';
import {
  always,
  boolean,
  listOf,
  number,
  object,
  oneOf,
  orNull,
  ref,
  type Schema,
  type Schemas,
  text,
  variants,
} from './schema.ts';

const input = text('The text.', { minLength: 1 });
const part = object('A part.', { type: always('text', 'Text alone: images are refused.'), text: input });
const ofEach = (schema: Schema, description: string): Schema =>
  object(description, Object.fromEntries(MODERATION_CATEGORIES.map((category) => [category, schema])));

export const moderationSchemas: Schemas = {
  CreateModeration: {
    ...object('Texts to be judged.', {
      input: variants(
        [
          input,
          listOf(input, 'Texts, judged one by one.', { minItems: 1, maxItems: 128 }),
          listOf(part, 'Parts, judged together.', { minItems: 1, maxItems: 10 }),
        ],
        'What is judged.',
      ),
      model: orNull(
        oneOf(
          [
            'amazon.guardrail-checks',
            'omni-moderation-latest',
            'omni-moderation-2024-09-26',
            'text-moderation-latest',
            'text-moderation-stable',
            'text-moderation-007',
          ],
          'All names mean the same: Bedrock’s guardrail checks.',
        ),
      ),
    }),
    required: ['input'],
  },
  ModerationList: object('The verdicts.', {
    id: text('`modr-…`.'),
    model: text('The model as the request named it.'),
    results: listOf(ref('Moderation'), 'One for each text, in order; one for all parts.'),
  }),
  Moderation: object(
    'A verdict. Bedrock has scores for harassment, hate, illicit, sexual and violence; the other categories are never flagged.',
    {
      flagged: boolean('Whether any category is flagged.'),
      categories: ofEach(boolean('Whether it is flagged.'), `Flagged from a score of ${FLAGGED_FROM} on.`),
      category_scores: ofEach(number('The score.', { minimum: 0, maximum: 1 }), 'From 0 to 1.'),
      category_applied_input_types: ofEach(
        listOf(always('text', 'Text.'), 'Empty where there is no score.'),
        'What each score is of.',
      ),
    },
  ),
};
