/** The conversation of a request: who may speak, in which form, and how turns are joined. */
import type { CachePoint, Message, TextBlock, UserBlock } from '../../../shared/domain/conversation.ts';
import { isObject, type JsonObject, within } from '../wire/json-value.ts';
import { type CacheContext, readCachePoint } from '../wire/prompt-cache.ts';
import type { Reading } from '../wire/reading.ts';
import {
  refuseMissing,
  refuseType,
  refuseUnknown,
  refuseUnsupportedValue,
  refuseValue,
} from '../wire/refusal.ts';
import { readCallId, toolResult } from '../wire/tool-result.ts';
import { messagesOf, type Turn, tidyPoints } from '../wire/turns.ts';
import { ASSISTANT_KEYS, readAssistant } from './assistant-message.ts';
import { readContent } from './content-parts.ts';

export interface Conversation {
  /** System and developer texts in order, wherever they stood. */
  readonly system: readonly (TextBlock | CachePoint)[];
  /** Begins with the user; roles alternate. */
  readonly messages: readonly Message[];
}

/** A message of the system, or a turn of the conversation. */
type Spoken = { readonly role: 'system'; readonly content: Conversation['system'] } | Turn;

const COMMON_KEYS = ['role', 'content', 'name', 'cache_control'] as const;
const KEYS: Readonly<Record<Role, ReadonlySet<string>>> = {
  system: new Set(COMMON_KEYS),
  user: new Set(COMMON_KEYS),
  assistant: ASSISTANT_KEYS,
  tool: new Set([...COMMON_KEYS, 'tool_call_id']),
};

/** Reads `messages`; refuses by name what no model is told. */
export function readConversation(value: unknown, context: CacheContext): Conversation {
  if (value === undefined || value === null) return refuseMissing('messages');
  if (!Array.isArray(value)) return refuseType('messages', { expected: 'an array of objects', got: value });
  if (value.length === 0) return refuseValue('messages', 'empty array. Expected at least one message.');
  const spoken = value.map((item: unknown, index) =>
    readMessage(item, { ...context, param: within('messages', index) }),
  );
  const turns = spoken.filter((one): one is Turn => one.role !== 'system');
  return {
    system: tidyPoints(spoken.flatMap((one) => (one.role === 'system' ? one.content : []))),
    messages: messagesOf(turns, 'messages'),
  };
}

type Role = 'system' | 'user' | 'assistant' | 'tool';

function readMessage(item: unknown, of: CacheContext & { readonly param: string }): Spoken {
  const { param } = of;
  if (!isObject(item)) return refuseType(param, { expected: 'an object', got: item });
  const role = readRole(item['role'], within(param, 'role'));
  assertMessageKeys(item, { param, known: KEYS[role], reading: of.reading });
  const spoken = readByRole(item, { reading: of.reading, cacheTtl: of.cacheTtl, param, role });
  const point = readCachePoint(item, of);
  return point === undefined ? spoken : ending(spoken, point);
}

/** The message with a cache point at its end. */
function ending(spoken: Spoken, point: CachePoint): Spoken {
  switch (spoken.role) {
    case 'system':
      return { ...spoken, content: [...spoken.content, point] };
    case 'user':
      return { ...spoken, content: [...spoken.content, point] };
    case 'assistant':
      return { ...spoken, content: [...spoken.content, point] };
  }
}

function readByRole(
  message: JsonObject,
  of: CacheContext & { readonly param: string; readonly role: Role },
): Spoken {
  const { param, role, reading, cacheTtl } = of;
  const at = within(param, 'content');
  switch (role) {
    case 'system':
      return { role, content: readContent(message['content'], { reading, cacheTtl, param: at, role }) };
    case 'user': {
      const content = readContent(message['content'], { reading, cacheTtl, param: at, role });
      return { role, param, content: assertSpeaks(content, at) };
    }
    case 'assistant':
      return { role, param, ...readAssistant(message, of) };
    case 'tool':
      return readToolMessage(message, of);
  }
}

function assertSpeaks(content: readonly UserBlock[], param: string): readonly UserBlock[] {
  if (content.some(({ type }) => type !== 'cache-point')) return content;
  return refuseValue(param, 'a user message must have content that is not blank.');
}

/** A tool's result; what it marks for the prompt cache is the result as a whole. */
function readToolMessage(message: JsonObject, of: CacheContext & { readonly param: string }): Turn {
  const { param } = of;
  const idParam = within(param, 'tool_call_id');
  const id = readCallId(message['tool_call_id'], idParam);
  const content = readContent(message['content'], { ...of, role: 'tool', param: within(param, 'content') });
  const points = content.filter((block) => block.type === 'cache-point');
  const found = content.filter((block) => block.type !== 'cache-point');
  return {
    role: 'user',
    param,
    content: [toolResult({ id, status: 'success', content: found }), ...points.slice(-1)],
    results: [{ id, param: idParam }],
  };
}

function readRole(role: unknown, param: string): Role {
  switch (role) {
    case 'system':
    case 'developer':
      return 'system';
    case 'user':
    case 'assistant':
    case 'tool':
      return role;
    case 'function':
      return refuseUnsupportedValue(param, "messages of role 'function' are not supported. Use role 'tool'.");
    case undefined:
    case null:
      return refuseMissing(param);
    default:
      if (typeof role !== 'string') return refuseType(param, { expected: 'a string', got: role });
      return refuseValue(param, "expected one of 'system', 'developer', 'user', 'assistant' and 'tool'.");
  }
}

const saysNothing = (value: unknown): boolean =>
  value === null || (Array.isArray(value) && value.length === 0);

/** A key that says nothing (`null`, an empty list) is accepted, since clients send back what they were answered. */
function assertMessageKeys(
  message: JsonObject,
  of: { readonly param: string; readonly known: ReadonlySet<string>; readonly reading: Reading },
): void {
  for (const key of Object.keys(message)) {
    if (!of.known.has(key) && !saysNothing(message[key])) refuseUnknown(within(of.param, key));
  }
  const { name } = message;
  if (name === undefined || name === null) return;
  if (typeof name !== 'string') refuseType(within(of.param, 'name'), { expected: 'a string', got: name });
  of.reading.ignore('messages.name');
}
