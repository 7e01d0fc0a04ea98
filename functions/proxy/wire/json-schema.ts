/** JSON Schemas of a request, of tools and of answers. */
import { type JsonObject, readObject, within } from './json-value.ts';
import { refuseValue } from './refusal.ts';

const NO_PARAMETERS: JsonObject = { type: 'object', properties: {} };

/** A schema without its `$schema`: clients always name a draft, and models of Bedrock refuse the word. */
export function readSchema(value: unknown, param: string): JsonObject | undefined {
  const schema = readObject(value, param);
  if (schema === undefined) return undefined;
  const { $schema: _draft, ...rest } = schema;
  return rest;
}

/** The schema of a tool's arguments, which are an object whatever it says; absent means that there are none. */
export function readParametersSchema(value: unknown, param: string): JsonObject {
  const schema = readSchema(value, param);
  if (schema === undefined) return NO_PARAMETERS;
  const { type = 'object' } = schema;
  if (type !== 'object') refuseValue(within(param, 'type'), "the arguments of a tool are of type 'object'.");
  return { ...schema, type };
}
