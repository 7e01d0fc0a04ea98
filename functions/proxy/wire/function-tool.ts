/** Tools that a request declares and that its caller runs. */
import type { Tool } from '../../../shared/domain/conversation.ts';
import { readParametersSchema } from './json-schema.ts';
import { readBoolean, readString, requireString, within } from './json-value.ts';
import { refuseValue } from './refusal.ts';

/** OpenAI's rule for names of functions, and Bedrock's (service model of bedrock-runtime, ToolName). */
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** A tool's fields as an endpoint found them. */
export interface FunctionFields {
  readonly name: unknown;
  readonly description: unknown;
  readonly parameters: unknown;
  readonly strict: unknown;
}

/** `schemaKey`: how the endpoint calls the schema of the arguments. */
export function functionTool(
  fields: FunctionFields,
  of: { readonly param: string; readonly schemaKey: string },
): Tool {
  const { param, schemaKey } = of;
  const description = readString(fields.description, within(param, 'description'));
  return {
    name: readToolName(fields.name, within(param, 'name')),
    // Bedrock refuses a description that is blank.
    ...(description !== undefined && description.trim() !== '' && { description }),
    parameters: readParametersSchema(fields.parameters, within(param, schemaKey)),
    strict: readBoolean(fields.strict, within(param, 'strict')) === true ? 'asked' : 'not-asked',
  };
}

export function readToolName(value: unknown, param: string): string {
  const name = requireString(value, param);
  if (NAME.test(name)) return name;
  return refuseValue(param, 'expected 1 to 64 letters, digits, underscores and hyphens.');
}

/** Refuses the second tool of a name: the model could not say which it calls. `paramOf`: where the name stands. */
export function assertDistinctTools(tools: readonly Tool[], paramOf: (index: number) => string): void {
  const names = new Set<string>();
  for (const [index, { name }] of tools.entries()) {
    if (names.has(name)) refuseValue(paramOf(index), 'another tool has the same name.');
    names.add(name);
  }
}
