/** Texts at which an answer ends. */
import { within } from './json-value.ts';
import { refuseType, refuseValue } from './refusal.ts';

/** OpenAI's bound. */
const STOP_MAX = 4;

/** `stop`: one text, or up to four. */
export function readStop(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > STOP_MAX) return refuseValue('stop', `expected at most ${STOP_MAX} sequences.`);
  const sequences = list.map((item, index) => {
    const param = Array.isArray(value) ? within('stop', index) : 'stop';
    return typeof item === 'string' ? item : refuseType(param, { expected: 'a string', got: item });
  });
  // An empty sequence stops nothing, and Bedrock refuses it.
  return sequences.filter((sequence) => sequence !== '');
}
