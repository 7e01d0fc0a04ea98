/** A legacy completion from the wire: its prompt is what a user says to a chat model. */
import type { ModelCommand, ParamNames } from '../../../shared/domain/conversation.ts';
import { readEndUser } from '../wire/caller-tags.ts';
import { decideParameters } from '../wire/decision.ts';
import { isObject, readInteger } from '../wire/json-value.ts';
import { readModel } from '../wire/model-name.ts';
import { Reading } from '../wire/reading.ts';
import { refuseMissing, refuseType, refuseUnsupportedValue, refuseValue } from '../wire/refusal.ts';
import { readSampling } from '../wire/sampling.ts';
import { readStop } from '../wire/stop.ts';
import { readStreaming, type Streaming } from '../wire/streaming.ts';
import { assertWellFormed } from '../wire/well-formed.ts';
import { COMPLETION_PARAMETERS } from './parameters.ts';

/** A legacy completion as it was asked for. */
export interface CompletionRequest extends Streaming {
  readonly command: ModelCommand;
}

const TOKENS = { min: 1, max: Number.MAX_SAFE_INTEGER };

/** What a request cannot ask for here is never refused by such a name. */
const PARAM_NAMES: ParamNames = {
  messages: 'prompt',
  outputTokensMax: 'max_tokens',
  stopSequences: 'stop',
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  tools: 'tools',
  toolChoice: 'tool_choice',
  parallelToolCalls: 'parallel_tool_calls',
  answerFormat: 'response_format',
  reasoning: 'reasoning_effort',
  reasoningHistory: 'prompt',
  serviceTier: 'service_tier',
  metadata: 'metadata',
  cachePoints: 'cache_control',
};

/** Reads a parsed body of depth 64 at most. Throws GatewayError naming the first field at fault. */
export function parseCompletionRequest(body: unknown): CompletionRequest {
  if (!isObject(body)) return refuseType('body', { expected: 'a JSON object', got: body ?? null });
  assertWellFormed(body, '');
  const reading = new Reading();
  decideParameters(body, { decisions: COMPLETION_PARAMETERS, reading });
  const outputTokensMax = readInteger(body['max_tokens'], { param: 'max_tokens', bounds: TOKENS });
  const command: Omit<ModelCommand, 'ignoredParams'> = {
    requestedModel: readModel(body['model']),
    system: [],
    messages: [{ role: 'user', content: [{ type: 'text', text: readPrompt(body['prompt']) }] }],
    answerFormat: { type: 'text' },
    ...(outputTokensMax !== undefined && { outputTokensMax }),
    ...readSampling(body, reading),
    stopSequences: readStop(body['stop']),
    serviceTier: 'standard',
    metadata: {},
    ...readEndUser(body, reading),
    paramNames: PARAM_NAMES,
  };
  const streaming = readStreaming(body, reading);
  return { command: { ...command, ignoredParams: reading.ignoredParams }, ...streaming };
}

function readPrompt(value: unknown): string {
  if (value === undefined || value === null) return refuseMissing('prompt');
  const prompt = Array.isArray(value) ? onlyOne(value) : value;
  if (typeof prompt === 'number' || Array.isArray(prompt)) {
    return refuseUnsupportedValue('prompt', 'arrays of tokens are not supported: send the text itself.');
  }
  if (typeof prompt !== 'string') return refuseType('prompt', { expected: 'a string', got: prompt });
  // Bedrock takes no blank text.
  return prompt.trim() === '' ? refuseValue('prompt', 'it must have text that is not blank.') : prompt;
}

/** Several prompts are several answers, which one call does not give. */
function onlyOne(prompts: readonly unknown[]): unknown {
  const [prompt] = prompts;
  if (prompts.length === 1 || typeof prompt === 'number' || Array.isArray(prompt)) return prompt;
  if (prompt === undefined) return refuseValue('prompt', 'empty array. Expected one text.');
  return refuseUnsupportedValue('prompt', `one request answers one prompt, but got ${prompts.length}.`);
}
