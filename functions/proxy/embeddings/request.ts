/** A request for embeddings from the wire: each field honoured or refused by name. */
import { INPUT_TYPES, type InputType } from '../../../shared/domain/embedding-model.ts';
import { isObject, type JsonObject, readInteger, readString, within } from '../wire/json-value.ts';
import {
  refuseMissing,
  refuseType,
  refuseUnknown,
  refuseUnsupportedValue,
  refuseValue,
} from '../wire/refusal.ts';
import { assertWellFormed } from '../wire/well-formed.ts';

/** How a vector is written: numbers, or the base64 of its little-endian float32 bytes. */
export type EncodingFormat = 'float' | 'base64';

/** Embeddings as they were asked for. */
export interface EmbeddingsRequest {
  readonly requestedModel: string;
  /** 1 to INPUTS_MAX texts, none of them empty. */
  readonly texts: readonly string[];
  readonly encoding: EncodingFormat;
  /** Absent: the model's own choice. */
  readonly dimensions?: number;
  /** Absent where the request did not say. */
  readonly inputType?: InputType;
  readonly endUser?: string;
}

const MODEL_LENGTH_MAX = 2048;
/** OpenAI's bound. */
const INPUTS_MAX = 2048;
const DIMENSIONS = { min: 1, max: Number.MAX_SAFE_INTEGER };
/** EmbeddingCreateParams of openai 7.55, and what is ours. */
const KEYS: ReadonlySet<string> = new Set([
  'model',
  'input',
  'encoding_format',
  'dimensions',
  'user',
  'input_type',
]);

/** Reads a parsed body of depth 64 at most. Throws GatewayError naming the first field at fault. */
export function parseEmbeddingsRequest(body: unknown): EmbeddingsRequest {
  if (!isObject(body)) return refuseType('body', { expected: 'a JSON object', got: body ?? null });
  assertWellFormed(body, '');
  const unknown = Object.keys(body).find((key) => !KEYS.has(key) && body[key] !== null);
  if (unknown !== undefined) refuseUnknown(unknown);
  const dimensions = readInteger(body['dimensions'], { param: 'dimensions', bounds: DIMENSIONS });
  const inputType = readInputType(body);
  const endUser = readString(body['user'], 'user');
  return {
    requestedModel: readModel(body['model']),
    texts: readInput(body['input']),
    encoding: readEncoding(body),
    ...(dimensions !== undefined && { dimensions }),
    ...(inputType !== undefined && { inputType }),
    ...(endUser !== undefined && endUser !== '' && { endUser }),
  };
}

function readModel(value: unknown): string {
  const model = readString(value, 'model');
  if (model === undefined || model === '') return refuseMissing('model');
  if (model.length > MODEL_LENGTH_MAX) {
    return refuseValue('model', `expected at most ${MODEL_LENGTH_MAX} characters.`);
  }
  return model;
}

function readInput(value: unknown): readonly string[] {
  if (value === undefined || value === null) return refuseMissing('input');
  if (typeof value === 'string') return [notEmpty(value, 'input')];
  if (!Array.isArray(value)) {
    return refuseType('input', { expected: 'a string or an array of strings', got: value });
  }
  if (value.length === 0) return refuseValue('input', 'empty array. Expected at least one text.');
  if (value.length > INPUTS_MAX) {
    return refuseValue('input', `expected at most ${INPUTS_MAX} texts, but got ${value.length}.`);
  }
  return value.map((item: unknown, index) => readText(item, within('input', index)));
}

/** Only a tokenizer of OpenAI's could say which text the tokens were made of. */
function readText(item: unknown, param: string): string {
  if (typeof item === 'string') return notEmpty(item, param);
  if (typeof item === 'number' || Array.isArray(item)) {
    return refuseUnsupportedValue(
      'input',
      'arrays of tokens cannot be embedded here: send the text itself. LangChain does with check_embedding_ctx_length=False.',
    );
  }
  return refuseType(param, { expected: 'a string', got: item });
}

const notEmpty = (text: string, param: string): string =>
  text === '' ? refuseValue(param, 'the text must not be empty.') : text;

function readEncoding(body: JsonObject): EncodingFormat {
  const encoding = readString(body['encoding_format'], 'encoding_format') ?? 'float';
  if (encoding === 'float' || encoding === 'base64') return encoding;
  return refuseValue('encoding_format', "expected one of 'float' and 'base64'.");
}

function readInputType(body: JsonObject): InputType | undefined {
  const asked = readString(body['input_type'], 'input_type');
  if (asked === undefined) return undefined;
  const known = INPUT_TYPES.find((type) => type === asked);
  const choices = INPUT_TYPES.map((type) => `'${type}'`).join(', ');
  return known ?? refuseValue('input_type', `expected one of ${choices}.`);
}
