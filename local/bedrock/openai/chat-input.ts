/** The body of Bedrock's /openai/v1/chat/completions. */
import type { EmulatedModel } from '../models.ts';
import type { Guard, Prompt } from '../prompt.ts';
import { refuse } from '../service-error.ts';
import { countBlockTokens, countTokens } from '../tokens.ts';
import {
  type Fields,
  readInteger,
  readList,
  readNumber,
  readObject,
  readString,
  readStrings,
} from '../wire-value.ts';
import { refuseField } from './openai-error.ts';
import { checkRange, choiceOf, toolOf } from './openai-fields.ts';

export interface OpenAiCall {
  readonly model: EmulatedModel;
  readonly guard: Guard | undefined;
}

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'];

/** Throws ServiceError with the field's name where the endpoint would refuse. */
export function readChat(body: Fields, { model, guard }: OpenAiCall): Prompt {
  const messages = (
    readList(body['messages']) ?? refuseField('messages', "Missing required parameter: 'messages'.")
  ).map((item) => readObject(item) ?? {});
  if (messages.length === 0) refuseField('messages', "Invalid 'messages': empty array.");
  checkMessages(messages);
  const tools = (readList(body['tools']) ?? []).map((item, index) => {
    const definition = readObject(readObject(item)?.['function']);
    const place = `tools[${index}].function`;
    return toolOf(definition ?? refuseField(place, `Missing required parameter: '${place}'.`), place);
  });
  const maxTokens = readInteger(body['max_completion_tokens'] ?? body['max_tokens']);
  checkRange(maxTokens, { name: 'max_completion_tokens', min: 1, max: model.outputTokensMax });
  checkRange(readNumber(body['temperature']), { name: 'temperature', min: 0, max: 2 });
  checkRange(readNumber(body['top_p']), { name: 'top_p', min: 0, max: 1 });
  const inputTokens = messages.reduce((sum, message) => sum + tokensOf(message), countTools(body));
  if (inputTokens > model.inputTokensMax) refuse('Input is too long for requested model.');
  const toolResults = lastResults(messages);
  const textSchema = schemaOf(readObject(body['response_format']));
  return {
    // As on Converse: once tools have answered, the wishes of the message before are fulfilled.
    lastUserText:
      toolResults.length > 0 ? '' : textOf(messages.findLast(({ role }) => role === 'user') ?? {}),
    inputTokens,
    maxTokens: maxTokens ?? model.outputTokensMax,
    stopSequences: stopsOf(body['stop']),
    tools,
    toolChoice: choiceOf(body['tool_choice'], tools),
    callIds: 'call_',
    toolResults,
    turns: messages.length,
    thinks: (readString(body['reasoning_effort']) ?? 'none') !== 'none',
    ...(textSchema !== undefined && { textSchema }),
    ...(guard !== undefined && { guard }),
  };
}

function checkMessages(messages: readonly Fields[]): void {
  const open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const role = readString(message['role']) ?? '';
    if (!ROLES.includes(role)) {
      refuseField(
        `messages[${index}].role`,
        `Invalid value: '${role}'. Supported values are: ${ROLES.join(', ')}.`,
      );
    }
    if (role === 'tool') {
      const id = readString(message['tool_call_id']) ?? '';
      if (!open.delete(id)) {
        refuseField(
          `messages[${index}].role`,
          "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
        );
      }
      continue;
    }
    checkAnswered(open, index);
    for (const call of readList(message['tool_calls']) ?? [])
      open.add(readString(readObject(call)?.['id']) ?? '');
  }
  checkAnswered(open, messages.length);
}

function checkAnswered(open: ReadonlySet<string>, index: number): void {
  if (open.size === 0) return;
  refuseField(
    `messages[${index}].role`,
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The " +
      `following tool_call_ids did not have response messages: ${[...open].join(', ')}`,
  );
}

/** Content is a string, a list of parts, or nothing. */
export const textOf = ({ content }: Fields): string =>
  typeof content === 'string'
    ? content
    : (readList(content) ?? [])
        .map((part) => readString(readObject(part)?.['text']) ?? '')
        .filter((text) => text !== '')
        .join('\n');

/** What tools said after the last words of the user; empty where the user spoke last. */
function lastResults(messages: readonly Fields[]): readonly string[] {
  const lastCall = messages.findLastIndex(({ role }) => role !== 'tool');
  return messages.slice(lastCall + 1).map(textOf);
}

function tokensOf(message: Fields): number {
  const { content, tool_calls: calls } = message;
  const parts = (typeof content === 'string' ? [] : (readList(content) ?? []))
    .filter((part) => readObject(part)?.['type'] !== 'text')
    .reduce<number>((sum, part) => sum + countBlockTokens(part), 0);
  return countTokens(textOf(message)) + parts + (calls === undefined ? 0 : countBlockTokens(calls));
}

const countTools = ({ tools }: Fields): number =>
  (readList(tools) ?? []).reduce<number>((sum, item) => sum + countBlockTokens(item), 0);

const stopsOf = (stop: unknown): readonly string[] =>
  typeof stop === 'string' ? [stop] : (readStrings(stop) ?? []);

/** The schema of a response_format or of a text.format; any object for json_object. */
export function schemaOf(format: Fields | undefined): unknown {
  switch (format?.['type']) {
    case 'json_schema':
      return readObject(format['json_schema'])?.['schema'] ?? format['schema'];
    case 'json_object':
      return { type: 'object', properties: { emulator: { const: 'bedrock' } } };
    default:
      return undefined;
  }
}
