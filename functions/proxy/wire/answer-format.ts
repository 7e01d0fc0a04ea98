/** The form that an answer is to have. */
import type { AnswerFormat } from '../../../shared/domain/conversation.ts';
import { readSchema } from './json-schema.ts';
import { assertKeys, type JsonObject, readBoolean, readString, requireString, within } from './json-value.ts';
import { refuseMissing, refuseValue } from './refusal.ts';

/** OpenAI's rule for names of formats. */
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const KEYS: ReadonlySet<string> = new Set(['type', 'name', 'description', 'schema', 'strict']);

/** A format by JSON Schema: `{name, description, schema, strict}`, with or without its `type`. */
export function jsonSchemaFormat(value: JsonObject, param: string): AnswerFormat {
  assertKeys(value, { param, known: KEYS });
  const name = requireString(value['name'], within(param, 'name'));
  if (!NAME.test(name)) {
    refuseValue(within(param, 'name'), 'expected 1 to 64 letters, digits, underscores and hyphens.');
  }
  const description = readString(value['description'], within(param, 'description'));
  const schema = readSchema(value['schema'], within(param, 'schema'));
  if (schema === undefined) return refuseMissing(within(param, 'schema'));
  return {
    type: 'json-schema',
    name,
    ...(description !== undefined && description.trim() !== '' && { description }),
    schema,
    strict: readBoolean(value['strict'], within(param, 'strict')) === true ? 'asked' : 'not-asked',
  };
}
