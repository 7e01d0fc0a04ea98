/** The arguments of a tool call that the caller sends back. */
import { nestsDeeperThan } from '../../../shared/http/json-depth.ts';
import { isObject, type JsonObject } from './json-value.ts';
import { refuseValue } from './refusal.ts';
import { assertWellFormed } from './well-formed.ts';

/** As deep as a request may nest. */
const DEPTH_MAX = 64;

/**
 * JSON text as the object that a model is shown. Models do write arguments that are none (cut off by a limit, say), and
 * whoever tells the model so sends them back: such text goes as it is, as the one member `raw_arguments`.
 */
export function toolArguments(text: string, param: string): JsonObject {
  if (text.trim() === '') return {};
  if (nestsDeeperThan(text, DEPTH_MAX)) {
    return refuseValue(param, `expected JSON that nests at most ${DEPTH_MAX} levels.`);
  }
  const value = parsed(text);
  if (!isObject(value)) return { raw_arguments: text };
  // Escapes can say in JSON text what the text itself cannot.
  assertWellFormed(value, param);
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
