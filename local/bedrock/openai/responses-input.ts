/** The body of Bedrock's /openai/v1/responses, as far as it goes without anything stored. */
import type { Prompt } from '../prompt.ts';
import { refuse } from '../service-error.ts';
import { countBlockTokens, countTokens } from '../tokens.ts';
import { type Fields, readInteger, readList, readObject, readString } from '../wire-value.ts';
import { type OpenAiCall, schemaOf, textOf } from './chat-input.ts';
import { refuseField } from './openai-error.ts';
import { checkRange, choiceOf, toolOf } from './openai-fields.ts';

const UNSERVED = ['previous_response_id', 'conversation', 'prompt'];

/** Throws ServiceError with the field's name where the endpoint would refuse. */
export function readResponses(body: Fields, { model, guard }: OpenAiCall): Prompt {
  for (const name of UNSERVED) {
    if (body[name] !== undefined && body[name] !== null)
      refuseField(name, `Unsupported parameter: '${name}'.`);
  }
  if (body['background'] === true)
    refuseField('background', "Unsupported value: 'background' must be false.");
  const items = itemsOf(body['input']);
  checkOutputs(items);
  const tools = (readList(body['tools']) ?? []).map((item, index) => {
    const definition = readObject(item) ?? {};
    if (definition['type'] !== 'function') {
      refuseField(`tools[${index}].type`, `Unsupported tool type: '${String(definition['type'])}'.`);
    }
    return toolOf(definition, `tools[${index}]`);
  });
  const maxTokens = readInteger(body['max_output_tokens']);
  checkRange(maxTokens, { name: 'max_output_tokens', min: 1, max: model.outputTokensMax });
  const inputTokens =
    countTokens(readString(body['instructions']) ?? '') +
    [...items, ...(readList(body['tools']) ?? [])].reduce<number>((sum, item) => sum + tokensOf(item), 0);
  if (inputTokens > model.inputTokensMax) refuse('Input is too long for requested model.');
  const toolResults = lastOutputs(items);
  const textSchema = schemaOf(readObject(readObject(body['text'])?.['format']));
  const effort = readString(readObject(body['reasoning'])?.['effort']) ?? 'none';
  return {
    lastUserText: toolResults.length > 0 ? '' : textOf(items.findLast(({ role }) => role === 'user') ?? {}),
    inputTokens,
    maxTokens: maxTokens ?? model.outputTokensMax,
    stopSequences: [],
    tools,
    toolChoice: choiceOf(body['tool_choice'], tools),
    callIds: 'call_',
    toolResults,
    turns: items.length,
    thinks: effort !== 'none',
    ...(textSchema !== undefined && { textSchema }),
    ...(guard !== undefined && { guard }),
  };
}

/** A string is one message of the user. */
function itemsOf(input: unknown): readonly Fields[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  const items = readList(input) ?? refuseField('input', "Missing required parameter: 'input'.");
  if (items.length === 0) refuseField('input', "Invalid 'input': empty array.");
  return items.map((item) => readObject(item) ?? {});
}

function checkOutputs(items: readonly Fields[]): void {
  const idsOf = (type: string) =>
    items.filter((item) => item['type'] === type).map((item) => item['call_id']);
  const calls = idsOf('function_call');
  const outputs = idsOf('function_call_output');
  const orphan = outputs.find((id) => !calls.includes(id));
  if (orphan !== undefined)
    refuseField('input', `No tool call found for function call output with call_id ${orphan}.`);
  const open = calls.find((id) => !outputs.includes(id));
  if (open !== undefined) refuseField('input', `No tool output found for function call ${open}.`);
}

function lastOutputs(items: readonly Fields[]): readonly string[] {
  const last = items.findLastIndex((item) => item['type'] !== 'function_call_output');
  return items
    .slice(last + 1)
    .map(({ output }) => (typeof output === 'string' ? output : JSON.stringify(output)));
}

function tokensOf(item: unknown): number {
  const fields = readObject(item) ?? {};
  const text = textOf(fields);
  return text === '' ? countBlockTokens(item) : countTokens(text);
}
