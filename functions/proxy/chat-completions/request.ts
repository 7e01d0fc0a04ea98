/** A chat completion from the wire: each field honoured, refused by name or listed as ignored. */
import type { ModelCommand, ParamNames } from '../../../shared/domain/conversation.ts';
import {
  isObject,
  type JsonObject,
  readBoolean,
  readInteger,
  readNumber,
  readObject,
  readString,
} from '../wire/json-value.ts';
import { refuseMissing, refuseType, refuseUnknown, refuseValue } from '../wire/refusal.ts';
import { assertWellFormed } from '../wire/well-formed.ts';
import { readConversation } from './messages.ts';
import { ignoredParameters } from './parameters.ts';

const MODEL_LENGTH_MAX = 2048;
const STOP_MAX = 4;
/** OpenAI's bounds of `metadata`, in entries and characters. */
const METADATA = { entriesMax: 16, keyMax: 64, valueMax: 512 };
const SAFETY_IDENTIFIER_MAX = 128;
/** OpenAI's own bound of temperature; Bedrock's is 1, and what lies between acts as 1. */
const TEMPERATURE = { min: 0, max: 2 };
const TOKENS = { min: 1, max: Number.MAX_SAFE_INTEGER };

/** A chat completion as it was asked for. */
export interface ChatRequest {
  readonly command: ModelCommand;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

const PARAM_NAMES: ParamNames = {
  messages: 'messages',
  outputTokensMax: 'max_completion_tokens',
  stopSequences: 'stop',
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  tools: 'tools',
  toolChoice: 'tool_choice',
  parallelToolCalls: 'parallel_tool_calls',
  answerFormat: 'response_format',
  reasoning: 'reasoning_effort',
  serviceTier: 'service_tier',
  metadata: 'metadata',
};

/** Reads a parsed body of depth 64 at most. Throws GatewayError naming the first field at fault. */
export function parseChatRequest(body: unknown): ChatRequest {
  if (!isObject(body)) return refuseType('body', { expected: 'a JSON object', got: body ?? null });
  assertWellFormed(body, '');
  const conversation = readConversation(body['messages']);
  const output = readOutputMax(body);
  const streaming = readStreaming(body);
  const endUser = readEndUser(body);
  const sampling = readSampling(body);
  const outranked = [...output.ignored, ...sampling.ignored, ...streaming.ignored, ...endUser.ignored];
  const command: ModelCommand = {
    requestedModel: readModel(body['model']),
    system: conversation.system,
    messages: conversation.messages,
    answerFormat: { type: 'text' },
    serviceTier: 'standard',
    paramNames: { ...PARAM_NAMES, outputTokensMax: output.param },
    ...sampling.fields,
    stopSequences: readStop(body['stop']),
    metadata: readMetadata(body['metadata']),
    ...output.fields,
    ...endUser.fields,
    ignoredParams: [
      ...ignoredParameters(body),
      ...(conversation.named ? ['messages.name'] : []),
      ...outranked,
    ],
  };
  return { command, ...streaming.fields };
}

/** Fields of the command, and the parameters among their sources that had no effect. */
interface Part<Of, Field extends keyof Of> {
  readonly fields: Pick<Of, Field>;
  readonly ignored: readonly string[];
}

function readModel(value: unknown): string {
  const model = readString(value, 'model');
  if (model === undefined || model === '') return refuseMissing('model');
  if (model.length > MODEL_LENGTH_MAX) {
    return refuseValue('model', `expected at most ${MODEL_LENGTH_MAX} characters.`);
  }
  return model;
}

function readOutputMax(body: JsonObject): Part<ModelCommand, 'outputTokensMax'> & { readonly param: string } {
  const current = readInteger(body['max_completion_tokens'], {
    param: 'max_completion_tokens',
    bounds: TOKENS,
  });
  const legacy = readInteger(body['max_tokens'], { param: 'max_tokens', bounds: TOKENS });
  const outputTokensMax = current ?? legacy;
  const param = current === undefined && legacy !== undefined ? 'max_tokens' : 'max_completion_tokens';
  if (outputTokensMax === undefined) return { fields: {}, ignored: [], param };
  const outranked = current !== undefined && legacy !== undefined && legacy !== current;
  return { fields: { outputTokensMax }, ignored: outranked ? ['max_tokens'] : [], param };
}

/** Bedrock's temperature ends at 1 where OpenAI's ends at 2: what is above acts as 1, and is said to. */
function readSampling(body: JsonObject): Part<ModelCommand, 'temperature' | 'topP'> {
  const temperature = readNumber(body['temperature'], { param: 'temperature', bounds: TEMPERATURE });
  const topP = readNumber(body['top_p'], { param: 'top_p', bounds: { min: 0, max: 1 } });
  const fields = {
    ...(temperature !== undefined && { temperature: Math.min(1, temperature) }),
    ...(topP !== undefined && { topP }),
  };
  return { fields, ignored: temperature !== undefined && temperature > 1 ? ['temperature'] : [] };
}

function readStop(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > STOP_MAX) return refuseValue('stop', `expected at most ${STOP_MAX} sequences.`);
  const sequences = list.map((item, index) => {
    const param = Array.isArray(value) ? `stop[${index}]` : 'stop';
    return typeof item === 'string' ? item : refuseType(param, { expected: 'a string', got: item });
  });
  // An empty sequence stops nothing, and Bedrock refuses it.
  return sequences.filter((sequence) => sequence !== '');
}

function readStreaming(body: JsonObject): Part<ChatRequest, 'stream' | 'includeUsage'> {
  const stream = readBoolean(body['stream'], 'stream') ?? false;
  const options = readObject(body['stream_options'], 'stream_options');
  if (options === undefined) return { fields: { stream, includeUsage: false }, ignored: [] };
  if (!stream) refuseValue('stream_options', "it is allowed only where 'stream' is true.");
  const unknown = Object.keys(options).find(
    (key) => key !== 'include_usage' && key !== 'include_obfuscation',
  );
  if (unknown !== undefined) refuseUnknown(`stream_options.${unknown}`);
  const includeUsage = readBoolean(options['include_usage'], 'stream_options.include_usage') ?? false;
  const obfuscated =
    readBoolean(options['include_obfuscation'], 'stream_options.include_obfuscation') ?? false;
  return {
    fields: { stream, includeUsage },
    ignored: obfuscated ? ['stream_options.include_obfuscation'] : [],
  };
}

function readMetadata(value: unknown): Readonly<Record<string, string>> {
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

function readEndUser(body: JsonObject): Part<ModelCommand, 'endUser'> {
  const user = readString(body['user'], 'user');
  const safety = readString(body['safety_identifier'], 'safety_identifier');
  if (safety !== undefined && safety.length > SAFETY_IDENTIFIER_MAX) {
    refuseValue('safety_identifier', `expected at most ${SAFETY_IDENTIFIER_MAX} characters.`);
  }
  const endUser = safety ?? user;
  if (endUser === undefined || endUser === '') return { fields: {}, ignored: [] };
  const outranked = safety !== undefined && user !== undefined && user !== safety;
  return { fields: { endUser }, ignored: outranked ? ['user'] : [] };
}
