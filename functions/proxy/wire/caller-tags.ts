/** What a caller says about its request for its own bookkeeping. */
import type { ModelCommand } from '../../../shared/domain/conversation.ts';
import { type JsonObject, readObject, readString } from './json-value.ts';
import type { Reading } from './reading.ts';
import { refuseType, refuseValue } from './refusal.ts';

/** OpenAI's bounds of `metadata`, in entries and characters. */
const METADATA = { entriesMax: 16, keyMax: 64, valueMax: 512 };
const SAFETY_IDENTIFIER_MAX = 128;

/** `metadata`: up to 16 texts by name. */
export function readMetadata(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(readObject(value, 'metadata') ?? {});
  if (entries.length > METADATA.entriesMax) {
    refuseValue('metadata', `expected at most ${METADATA.entriesMax} entries, but got ${entries.length}.`);
  }
  return Object.fromEntries(entries.map(([key, item]) => [readTagKey(key), readTagValue(key, item)]));
}

function readTagKey(key: string): string {
  if (key.length > METADATA.keyMax) refuseValue('metadata', `a key exceeds ${METADATA.keyMax} characters.`);
  return key;
}

function readTagValue(key: string, value: unknown): string {
  const param = `metadata.${key}`;
  if (typeof value !== 'string') return refuseType(param, { expected: 'a string', got: value });
  if (value.length > METADATA.valueMax)
    refuseValue(param, `expected at most ${METADATA.valueMax} characters.`);
  return value;
}

/** `safety_identifier`, else `user`, which it outranks. */
export function readEndUser(body: JsonObject, reading: Reading): Pick<ModelCommand, 'endUser'> {
  const user = readString(body['user'], 'user');
  const safety = readString(body['safety_identifier'], 'safety_identifier');
  if (safety !== undefined && safety.length > SAFETY_IDENTIFIER_MAX) {
    refuseValue('safety_identifier', `expected at most ${SAFETY_IDENTIFIER_MAX} characters.`);
  }
  const endUser = safety ?? user;
  if (endUser === undefined || endUser === '') return {};
  if (safety !== undefined && user !== undefined && user !== safety) reading.ignore('user');
  return { endUser };
}
