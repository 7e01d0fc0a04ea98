/** What chat completions and responses share in their bodies: tools, settings and the model's own limits. */
import { type EmulatedModel, foundationModelOf } from '../models.ts';
import type { Tool, ToolChoice } from '../prompt.ts';
import { ServiceError } from '../service-error.ts';
import { type Fields, readObject, readString } from '../wire-value.ts';
import { refuseField } from './openai-error.ts';

/** Bedrock's OpenAI routes, and which of OpenAI's models each serves: gpt-oss answers chats only. */
const SERVED = { chat: /^openai\./, responses: /^openai\.gpt-\d/ } as const;

/** Throws where the route does not serve the model, or serves it by an inference profile only. */
export function checkServed({ id }: EmulatedModel, route: keyof typeof SERVED): void {
  const foundationId = foundationModelOf(id);
  if (!SERVED[route].test(foundationId)) {
    refuseField('model', `The model '${id}' isn't supported on this route.`);
  }
  if (id === foundationId && /^openai\.gpt-5\.6/.test(id)) {
    refuseField(
      'model',
      `Invocation of model ID ${id} with on-demand throughput is not supported. Retry your request with the ID or ARN ` +
        'of an inference profile that contains this model.',
    );
  }
}

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** A function as a tool; `place` is where it stands in the body. */
export function toolOf(definition: Fields, place: string): Tool {
  const name = readString(definition['name']) ?? '';
  if (!NAME.test(name)) {
    refuseField(
      `${place}.name`,
      `Invalid '${place}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
    );
  }
  return { name, schema: readObject(definition['parameters']) ?? { type: 'object', properties: {} } };
}

/** `tool_choice` of either API: the name stands in `function` or beside `type`. */
export function choiceOf(choice: unknown, tools: readonly Tool[]): ToolChoice {
  if (tools.length === 0) return 'none';
  if (choice === undefined || choice === null || choice === 'auto') return 'auto';
  if (choice === 'none') return 'none';
  if (choice === 'required') return 'any';
  const fields = readObject(choice);
  const name = readString(fields?.['name'] ?? readObject(fields?.['function'])?.['name']) ?? '';
  if (!tools.some((tool) => tool.name === name)) {
    refuseField('tool_choice', `Tool choice '${name}' not found in 'tools' parameter.`);
  }
  return { name };
}

export function checkRange(
  value: number | undefined,
  { name, min, max }: { readonly name: string; readonly min: number; readonly max: number },
): void {
  if (value === undefined || (value >= min && value <= max)) return;
  refuseField(
    name,
    `Invalid '${name}': expected a value between ${min} and ${max}, but got ${value} instead.`,
  );
}

/** Where a body does not name a model that there is. */
export function modelNotFound(id: string): never {
  throw new ServiceError('ResourceNotFoundException', `The model '${id}' does not exist.`, {
    param: 'model',
  });
}
