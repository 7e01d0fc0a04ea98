/** A request for moderation from the wire: each field honoured or refused by name. */
import { quotable } from '../../../shared/domain/api-key.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { CHECK_BLOCKS_MAX, GUARDRAIL_CHECKS_ID } from '../../../shared/domain/guardrail-check.ts';
import { isObject, readString, within } from '../wire/json-value.ts';
import {
  refuseMissing,
  refuseType,
  refuseUnknown,
  refuseUnsupportedValue,
  refuseValue,
} from '../wire/refusal.ts';
import { assertWellFormed } from '../wire/well-formed.ts';

/** A moderation as it was asked for. */
export interface ModerationRequest {
  /** What the answer says of its model: what the request asked for, else what it is. */
  readonly model: string;
  /** What is judged, one verdict each: texts that are judged together. Nothing is empty. */
  readonly inputs: readonly (readonly string[])[];
}

/** Each of them is a call of Bedrock, of which an account has 1,500 a minute. */
const INPUTS_MAX = 128;
const KEYS: ReadonlySet<string> = new Set(['input', 'model']);
/** OpenAI's names (ModerationModel of openai 7.55, and the last of its older ones): all of them mean the one that there is. */
const MODELS: ReadonlySet<string> = new Set([
  GUARDRAIL_CHECKS_ID,
  'omni-moderation-latest',
  'omni-moderation-2024-09-26',
  'text-moderation-latest',
  'text-moderation-stable',
  'text-moderation-007',
]);
/** What is repeated of a name that the caller made up. */
const ECHO_MAX = 200;

/** Reads a parsed body of depth 64 at most. Throws GatewayError naming the first field at fault. */
export function parseModerationRequest(body: unknown): ModerationRequest {
  if (!isObject(body)) return refuseType('body', { expected: 'a JSON object', got: body ?? null });
  assertWellFormed(body, '');
  const unknown = Object.keys(body).find((key) => !KEYS.has(key) && body[key] !== null);
  if (unknown !== undefined) refuseUnknown(unknown);
  return { model: readModel(body['model']), inputs: readInput(body['input']) };
}

function readModel(value: unknown): string {
  const model = readString(value, 'model') ?? GUARDRAIL_CHECKS_ID;
  if (MODELS.has(model)) return model;
  throw new GatewayError(
    'model_not_found',
    `The model '${quotable(model, { charactersMax: ECHO_MAX })}' does not moderate. Leave 'model' out, or name 'omni-moderation-latest'.`,
    { param: 'model' },
  );
}

function readInput(value: unknown): readonly (readonly string[])[] {
  if (value === undefined || value === null) return refuseMissing('input');
  if (typeof value === 'string') return [[notEmpty(value, 'input')]];
  if (!Array.isArray(value)) {
    return refuseType('input', { expected: 'a string or an array', got: value });
  }
  if (value.length === 0) return refuseValue('input', 'empty array. Expected at least one text.');
  const [first] = value;
  return typeof first === 'string' ? readTexts(value) : [readParts(value)];
}

function readTexts(texts: readonly unknown[]): readonly (readonly string[])[] {
  if (texts.length > INPUTS_MAX) {
    refuseValue('input', `expected at most ${INPUTS_MAX} texts, but got ${texts.length}.`);
  }
  return texts.map((text, index) => {
    const param = within('input', index);
    return typeof text === 'string'
      ? [notEmpty(text, param)]
      : refuseType(param, { expected: 'a string', got: text });
  });
}

/** Parts are judged together, as OpenAI does. */
function readParts(parts: readonly unknown[]): readonly string[] {
  if (parts.length > CHECK_BLOCKS_MAX) {
    refuseValue('input', `expected at most ${CHECK_BLOCKS_MAX} parts, but got ${parts.length}.`);
  }
  return parts.map((part, index) => readPart(part, within('input', index)));
}

function readPart(part: unknown, param: string): string {
  if (!isObject(part)) return refuseType(param, { expected: 'a string or an object', got: part });
  const type = readString(part['type'], within(param, 'type')) ?? refuseMissing(within(param, 'type'));
  if (type === 'image_url') {
    return refuseUnsupportedValue(within(param, 'type'), 'images are not moderated here: send text alone.');
  }
  if (type !== 'text') return refuseValue(within(param, 'type'), "expected 'text'.");
  const other = Object.keys(part).find((key) => key !== 'type' && key !== 'text' && part[key] !== null);
  if (other !== undefined) refuseUnknown(within(param, other));
  const text = readString(part['text'], within(param, 'text')) ?? refuseMissing(within(param, 'text'));
  return notEmpty(text, within(param, 'text'));
}

const notEmpty = (text: string, param: string): string =>
  text === '' ? refuseValue(param, 'the text must not be empty.') : text;
