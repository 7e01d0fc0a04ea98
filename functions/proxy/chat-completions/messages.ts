/** The conversation of a request, in text: who may speak, in which form, and how turns are joined. */
import type { Message, TextBlock } from '../../../shared/domain/conversation.ts';
import { isObject, type JsonObject, within } from '../wire/json-value.ts';
import {
  refuseMissing,
  refuseParameter,
  refuseType,
  refuseUnknown,
  refuseUnsupportedValue,
  refuseValue,
} from '../wire/refusal.ts';

export interface Conversation {
  /** System and developer texts in order, wherever they stood. */
  readonly system: readonly TextBlock[];
  /** Begins with the user; roles alternate. */
  readonly messages: readonly Message[];
  /** Whether a message carried a `name`, which no model of Bedrock is told. */
  readonly named: boolean;
}

interface Turn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly texts: readonly string[];
  readonly param: string;
}

const CONTENT = 'a string or an array of content parts';

/** Keys of a message beyond role and content that are read, or that say nothing about its text. */
const MESSAGE_KEYS: ReadonlySet<string> = new Set(['role', 'content', 'name', 'refusal']);
/** Keys that OpenAI defines and that are not supported yet. */
const MESSAGE_KEYS_LATER: ReadonlySet<string> = new Set([
  'tool_calls',
  'tool_call_id',
  'function_call',
  'audio',
  'cache_control',
]);

/** Reads `messages`; refuses by name what is not text. Blank texts are left out: Bedrock refuses them. */
export function readConversation(value: unknown): Conversation {
  if (value === undefined || value === null) return refuseMissing('messages');
  if (!Array.isArray(value)) return refuseType('messages', { expected: 'an array of objects', got: value });
  if (value.length === 0) return refuseValue('messages', 'empty array. Expected at least one message.');
  const turns = value.map((item: unknown, index) => readTurn(item, within('messages', index)));
  const spoken = turns.filter((turn) => turn.role !== 'system' && turn.texts.length > 0);
  assertUserBegins(spoken);
  return {
    system: turns.filter((turn) => turn.role === 'system').flatMap((turn) => turn.texts.map(textBlock)),
    messages: joinTurns(spoken),
    named: value.some((item) => isObject(item) && item['name'] !== undefined && item['name'] !== null),
  };
}

function assertUserBegins(spoken: readonly Turn[]): void {
  const [first] = spoken;
  if (first === undefined) refuseValue('messages', 'expected at least one user message with text.');
  else if (first.role !== 'user') {
    refuseValue(within(first.param, 'role'), 'a conversation must begin with a user message.');
  }
}

/** Consecutive messages of one role become one: Bedrock takes roles that alternate only. */
const textBlock = (text: string): TextBlock => ({ type: 'text', text });

function joinTurns(spoken: readonly Turn[]): readonly Message[] {
  const joined: { role: 'user' | 'assistant'; content: TextBlock[] }[] = [];
  for (const { role, texts } of spoken) {
    const last = joined.at(-1);
    const content = texts.map(textBlock);
    if (last?.role === role) last.content.push(...content);
    else joined.push({ role: role === 'assistant' ? role : 'user', content });
  }
  return joined;
}

function readTurn(item: unknown, param: string): Turn {
  if (!isObject(item)) return refuseType(param, { expected: 'an object', got: item });
  const role = readRole(item['role'], within(param, 'role'));
  assertKnownKeys(item, param);
  const texts = readTexts(item, { role, param }).filter((text) => text.trim() !== '');
  if (role === 'user' && texts.length === 0) {
    refuseValue(within(param, 'content'), 'a user message must have text that is not blank.');
  }
  return { role, texts, param };
}

function readRole(role: unknown, param: string): Turn['role'] {
  switch (role) {
    case 'system':
    case 'developer':
      return 'system';
    case 'user':
    case 'assistant':
      return role;
    case 'tool':
    case 'function':
      return refuseUnsupportedValue(param, `messages of role '${role}' are not supported.`);
    case undefined:
      return refuseMissing(param);
    default:
      if (typeof role !== 'string') return refuseType(param, { expected: 'a string', got: role });
      return refuseValue(param, "expected one of 'system', 'developer', 'user' and 'assistant'.");
  }
}

/** A key that says nothing (`null`, an empty list) is accepted, since clients send back what they were answered. */
function assertKnownKeys(message: JsonObject, param: string): void {
  for (const [key, value] of Object.entries(message)) {
    if (MESSAGE_KEYS.has(key) || value === null || (Array.isArray(value) && value.length === 0)) continue;
    if (MESSAGE_KEYS_LATER.has(key)) refuseParameter(within(param, key));
    refuseUnknown(within(param, key));
  }
  const { name } = message;
  if (name !== undefined && name !== null && typeof name !== 'string') {
    refuseType(within(param, 'name'), { expected: 'a string', got: name });
  }
}

function readTexts(
  message: JsonObject,
  of: { readonly role: Turn['role']; readonly param: string },
): readonly string[] {
  const param = within(of.param, 'content');
  const refusal = readRefusal(message['refusal'], of);
  const { content } = message;
  if (typeof content === 'string') return [content, ...refusal];
  if (Array.isArray(content)) {
    return [
      ...content.map((part, index) => readPart(part, { ...of, param: within(param, index) })),
      ...refusal,
    ];
  }
  // An assistant that refused has no content: its refusal is what it said.
  if ((content === undefined || content === null) && refusal.length > 0) return refusal;
  if (content === undefined) return refuseMissing(param);
  return refuseType(param, { expected: CONTENT, got: content });
}

function readRefusal(
  refusal: unknown,
  of: { readonly role: Turn['role']; readonly param: string },
): readonly string[] {
  if (refusal === undefined || refusal === null) return [];
  const param = within(of.param, 'refusal');
  if (of.role !== 'assistant') return refuseUnknown(param);
  return typeof refusal === 'string' ? [refusal] : refuseType(param, { expected: 'a string', got: refusal });
}

function readPart(part: unknown, of: { readonly role: Turn['role']; readonly param: string }): string {
  if (!isObject(part)) return refuseType(of.param, { expected: 'an object', got: part });
  const { type } = part;
  if (type === undefined) return refuseMissing(within(of.param, 'type'));
  if (typeof type !== 'string')
    return refuseType(within(of.param, 'type'), { expected: 'a string', got: type });
  if (type !== 'text' && !(type === 'refusal' && of.role === 'assistant')) {
    return refuseUnsupportedValue(within(of.param, 'type'), `content parts here must be of type 'text'.`);
  }
  const other = Object.keys(part).find((key) => key !== 'type' && key !== type && part[key] !== null);
  if (other !== undefined) return refuseParameter(within(of.param, other));
  const text = part[type];
  if (text === undefined) return refuseMissing(within(of.param, type));
  return typeof text === 'string'
    ? text
    : refuseType(within(of.param, type), { expected: 'a string', got: text });
}
