/** A chat completion from the wire: each field honoured, refused by name or listed as ignored. */
import type { AnswerFormat, ModelCommand, ParamNames } from '../../../shared/domain/conversation.ts';
import { jsonSchemaFormat } from '../wire/answer-format.ts';
import { readEndUser, readMetadata } from '../wire/caller-tags.ts';
import { decideParameters } from '../wire/decision.ts';
import {
  assertKeys,
  isObject,
  type JsonObject,
  readChoice,
  readInteger,
  readObject,
  requireObject,
  within,
} from '../wire/json-value.ts';
import { readModel } from '../wire/model-name.ts';
import { cachePoint, type PromptCacheOptions, readCacheOptions } from '../wire/prompt-cache.ts';
import { Reading } from '../wire/reading.ts';
import { readEffort, readThinking } from '../wire/reasoning.ts';
import { refuseMissing, refuseType, refuseValue } from '../wire/refusal.ts';
import { readSampling } from '../wire/sampling.ts';
import { readServiceTier } from '../wire/service-tier.ts';
import { readStop } from '../wire/stop.ts';
import { readStreaming, type Streaming } from '../wire/streaming.ts';
import { assertWellFormed } from '../wire/well-formed.ts';
import { type Conversation, readConversation } from './messages.ts';
import { CHAT_PARAMETERS } from './parameters.ts';
import { readToolUse } from './tools.ts';

const TOKENS = { min: 1, max: Number.MAX_SAFE_INTEGER };

/** A chat completion as it was asked for. */
export interface ChatRequest extends Streaming {
  readonly command: ModelCommand;
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
  reasoningHistory: 'messages.reasoning_content',
  serviceTier: 'service_tier',
  metadata: 'metadata',
  cachePoints: 'cache_control',
};

/** Reads a parsed body of depth 64 at most. Throws GatewayError naming the first field at fault. */
export function parseChatRequest(body: unknown): ChatRequest {
  if (!isObject(body)) return refuseType('body', { expected: 'a JSON object', got: body ?? null });
  assertWellFormed(body, '');
  const reading = new Reading();
  decideParameters(body, { decisions: CHAT_PARAMETERS, reading });
  const cache = readCacheOptions(body['prompt_cache_options'], 'prompt_cache_options');
  const context = { reading, cacheTtl: cache.ttl };
  const conversation = readConversation(body['messages'], context);
  const toolUse = readToolUse(body, context);
  const output = readOutputMax(body, reading);
  const reasoning = readReasoning(body);
  const command: Omit<ModelCommand, 'paramNames' | 'ignoredParams'> = {
    requestedModel: readModel(body['model']),
    ...withEndCached(conversation, cache),
    ...(toolUse !== undefined && { toolUse }),
    answerFormat: readAnswerFormat(body['response_format']),
    ...reasoning.fields,
    ...output.fields,
    ...readSampling(body, reading),
    stopSequences: readStop(body['stop']),
    serviceTier: readServiceTier(body['service_tier'], 'service_tier'),
    metadata: readMetadata(body['metadata']),
    ...readEndUser(body, reading),
  };
  const streaming = readStreaming(body, reading);
  const paramNames: ParamNames = {
    ...PARAM_NAMES,
    outputTokensMax: output.param,
    reasoning: reasoning.param,
    cachePoints: reading.cachePointParam ?? 'prompt_cache_options',
  };
  return { command: { ...command, paramNames, ignoredParams: reading.ignoredParams }, ...streaming };
}

/** OpenAI's implicit breakpoint: the end of what the user said last. */
function withEndCached(conversation: Conversation, cache: PromptCacheOptions): Conversation {
  if (cache.endOfPrompt === 'not-cached') return conversation;
  const last = conversation.messages.findLastIndex(({ role }) => role === 'user');
  return {
    ...conversation,
    messages: conversation.messages.map((message, index) => {
      if (index !== last || message.role !== 'user') return message;
      if (message.content.at(-1)?.type === 'cache-point') return message;
      return { ...message, content: [...message.content, cachePoint(cache.ttl)] };
    }),
  };
}

/** Fields of the command, and which parameter they were read from. */
interface Named<Field extends keyof ModelCommand> {
  readonly fields: Pick<ModelCommand, Field>;
  readonly param: string;
}

function readOutputMax(body: JsonObject, reading: Reading): Named<'outputTokensMax'> {
  const current = readInteger(body['max_completion_tokens'], {
    param: 'max_completion_tokens',
    bounds: TOKENS,
  });
  const legacy = readInteger(body['max_tokens'], { param: 'max_tokens', bounds: TOKENS });
  const outputTokensMax = current ?? legacy;
  const param = current === undefined && legacy !== undefined ? 'max_tokens' : 'max_completion_tokens';
  if (current !== undefined && legacy !== undefined && legacy !== current) reading.ignore('max_tokens');
  return { fields: outputTokensMax === undefined ? {} : { outputTokensMax }, param };
}

function readReasoning(body: JsonObject): Named<'reasoning'> {
  const effort = readEffort(body['reasoning_effort'], 'reasoning_effort');
  const thinking = readThinking(body['thinking'], 'thinking');
  if (effort !== undefined && thinking !== undefined) {
    return refuseValue('thinking', "it says what 'reasoning_effort' says already. Send one of both.");
  }
  if (thinking !== undefined) return { fields: { reasoning: thinking }, param: 'thinking' };
  return { fields: effort === undefined ? {} : { reasoning: effort }, param: 'reasoning_effort' };
}

const FORMATS = ['text', 'json_object', 'json_schema'] as const;
const FORMAT_KEYS: Readonly<Record<(typeof FORMATS)[number], ReadonlySet<string>>> = {
  text: new Set(['type']),
  json_object: new Set(['type']),
  json_schema: new Set(['type', 'json_schema']),
};

function readAnswerFormat(value: unknown): AnswerFormat {
  const param = 'response_format';
  const format = readObject(value, param);
  if (format === undefined) return { type: 'text' };
  const type = readChoice(format['type'], { param: within(param, 'type'), choices: FORMATS });
  if (type === undefined) return refuseMissing(within(param, 'type'));
  assertKeys(format, { param, known: FORMAT_KEYS[type] });
  if (type === 'text') return { type };
  if (type === 'json_object') return { type: 'json' };
  const at = within(param, 'json_schema');
  return jsonSchemaFormat(requireObject(format['json_schema'], at), at);
}
