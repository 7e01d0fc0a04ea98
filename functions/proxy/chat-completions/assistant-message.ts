/** An assistant's message that the caller sends back: what it thought, said and called. */
import type {
  AssistantBlock,
  ReasoningBlock,
  RedactedReasoningBlock,
  ToolCallBlock,
} from '../../../shared/domain/conversation.ts';
import { readToolName } from '../wire/function-tool.ts';
import {
  assertKeys,
  isObject,
  type JsonObject,
  readArray,
  readChoice,
  readString,
  requireObject,
  requireString,
  within,
} from '../wire/json-value.ts';
import type { CacheContext } from '../wire/prompt-cache.ts';
import type { Reading } from '../wire/reading.ts';
import { refuseMissing, refuseParameter, refuseType, refuseValue } from '../wire/refusal.ts';
import { toolArguments } from '../wire/tool-arguments.ts';
import { readCallId } from '../wire/tool-result.ts';
import type { CallId } from '../wire/turns.ts';
import { readContent } from './content-parts.ts';

/** `parsed` is what the official client makes of the content for its caller; it says nothing of its own. */
export const ASSISTANT_KEYS: ReadonlySet<string> = new Set([
  'role',
  'content',
  'name',
  'refusal',
  'tool_calls',
  'function_call',
  'audio',
  'cache_control',
  'reasoning_content',
  'reasoning_signature',
  'thinking_blocks',
  'parsed',
]);

/** The message's blocks: signed thoughts first, as they were made, then words, then calls. */
export function readAssistant(
  message: JsonObject,
  of: CacheContext & { readonly param: string },
): { readonly content: readonly AssistantBlock[]; readonly calls: readonly CallId[] } {
  const { param, reading, cacheTtl } = of;
  assertNothingStored(message, param);
  const calls = readCalls(message['tool_calls'], within(param, 'tool_calls'));
  const refusal = readString(message['refusal'], within(param, 'refusal')) ?? '';
  const { content } = message;
  // An answer without text has null, which says nothing; only one that did something else may have no content at all.
  const isSilent = content === undefined && (calls.length > 0 || refusal !== '' || isThoughtful(message));
  const words =
    content === null || isSilent
      ? []
      : readContent(content, { reading, cacheTtl, role: 'assistant', param: within(param, 'content') });
  return {
    content: [
      ...readThoughts(message, { param, reading }),
      ...words,
      ...(refusal.trim() === '' ? [] : [{ type: 'text' as const, text: refusal }]),
      ...calls.map(({ block }) => block),
    ],
    calls: calls.map(({ block: { id }, param: at }) => ({ id, param: at })),
  };
}

/** Refuses what refers to an answer that OpenAI keeps, and the older word for calls. */
function assertNothingStored({ function_call: called, audio }: JsonObject, param: string): void {
  if (audio !== undefined && audio !== null) {
    refuseParameter(within(param, 'audio'), 'No answers are stored here.');
  }
  if (called !== undefined && called !== null) {
    refuseParameter(within(param, 'function_call'), "Send the call in 'tool_calls'.");
  }
}

/** Whether it thought: an answer that a limit cut off may have done nothing else. */
const isThoughtful = ({ reasoning_content: text, thinking_blocks: blocks }: JsonObject): boolean =>
  (typeof text === 'string' && text !== '') || (Array.isArray(blocks) && blocks.length > 0);

const CALL_KEYS: ReadonlySet<string> = new Set(['id', 'type', 'function', 'index']);
const FUNCTION_KEYS: ReadonlySet<string> = new Set(['name', 'arguments', 'parsed_arguments']);

function readCalls(
  value: unknown,
  param: string,
): readonly { readonly block: ToolCallBlock; readonly param: string }[] {
  return (readArray(value, param) ?? []).map((call, index) => readCall(call, within(param, index)));
}

function readCall(call: unknown, param: string) {
  if (!isObject(call)) return refuseType(param, { expected: 'an object', got: call });
  const type = readChoice(call['type'], { param: within(param, 'type'), choices: ['function', 'custom'] });
  if (type === 'custom') {
    return refuseValue(within(param, 'type'), "custom tools are not supported here. Expected 'function'.");
  }
  assertKeys(call, { param, known: CALL_KEYS });
  const at = within(param, 'function');
  const called = requireObject(call['function'], at);
  assertKeys(called, { param: at, known: FUNCTION_KEYS });
  const id = readCallId(call['id'], within(param, 'id'));
  const name = readToolName(called['name'], within(at, 'name'));
  const text = readString(called['arguments'], within(at, 'arguments')) ?? '';
  const input = toolArguments(text, within(at, 'arguments'));
  const block: ToolCallBlock = { type: 'tool-call', id, name, input };
  return { block, param: within(param, 'id') };
}

const THOUGHT_KEYS = ['reasoning_content', 'reasoning_signature', 'thinking_blocks'] as const;

/**
 * Thoughts as our answers spell them: `thinking_blocks` in full, or `reasoning_content` with its `reasoning_signature`.
 * Models take their own signed thoughts back and no others, so what is not signed is left out, and said to be.
 */
function readThoughts(
  message: JsonObject,
  of: { readonly param: string; readonly reading: Reading },
): readonly (ReasoningBlock | RedactedReasoningBlock)[] {
  if (THOUGHT_KEYS.every((key) => message[key] === undefined)) return [];
  const { param, reading } = of;
  const text = readString(message['reasoning_content'], within(param, 'reasoning_content')) ?? '';
  const signature = readString(message['reasoning_signature'], within(param, 'reasoning_signature')) ?? '';
  const blocks = readArray(message['thinking_blocks'], within(param, 'thinking_blocks'));
  if (blocks !== undefined && blocks.length > 0) {
    return blocks.flatMap((block, index) =>
      readThought(block, { param: within(within(param, 'thinking_blocks'), index), reading }),
    );
  }
  // A model may sign a thought that it does not show.
  if (signature !== '') return [{ type: 'reasoning', text, signature }];
  if (text === '') return [];
  reading.ignore('messages.reasoning_content');
  return [];
}

function readThought(
  block: unknown,
  of: { readonly param: string; readonly reading: Reading },
): readonly (ReasoningBlock | RedactedReasoningBlock)[] {
  const { param, reading } = of;
  if (!isObject(block)) return refuseType(param, { expected: 'an object', got: block });
  const type = readChoice(block['type'], {
    param: within(param, 'type'),
    choices: ['thinking', 'redacted_thinking'],
  });
  if (type === undefined) return refuseMissing(within(param, 'type'));
  if (type === 'redacted_thinking') {
    return [{ type: 'redacted-reasoning', base64: requireString(block['data'], within(param, 'data')) }];
  }
  const text = requireString(block['thinking'], within(param, 'thinking'));
  const signature = readString(block['signature'], within(param, 'signature')) ?? '';
  if (signature !== '') return [{ type: 'reasoning', text, signature }];
  reading.ignore('messages.thinking_blocks');
  return [];
}
