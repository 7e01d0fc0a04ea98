/**
 * What is done about every parameter of a chat completion. Source of the list: ChatCompletionCreateParams of openai 7.55;
 * a test fails to compile where that type has a field that is not here.
 */
import {
  type Decisions,
  HONOURED,
  ignored,
  isEmptyArray,
  isEmptyObject,
  oneOf,
  refused,
} from '../wire/decision.ts';

const isTextOnly = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 1 && value[0] === 'text';

/** By name; `thinking` and `top_k` are extensions, which Anthropic's API and many servers share. */
export const CHAT_PARAMETERS: Decisions = {
  audio: refused(),
  frequency_penalty: refused(oneOf(0)),
  function_call: refused(oneOf('none', 'auto'), { remedy: "Use 'tool_choice'." }),
  functions: refused(isEmptyArray, { remedy: "Use 'tools'." }),
  logit_bias: refused(isEmptyObject),
  logprobs: refused(oneOf(false)),
  max_completion_tokens: HONOURED,
  max_tokens: HONOURED,
  messages: HONOURED,
  metadata: HONOURED,
  modalities: refused(isTextOnly, { accepted: '["text"]' }),
  model: HONOURED,
  moderation: refused(),
  n: refused(oneOf(1), { accepted: '1' }),
  parallel_tool_calls: HONOURED,
  // A hint that makes OpenAI's answers faster and no different.
  prediction: ignored('object'),
  presence_penalty: refused(oneOf(0)),
  prompt_cache_key: ignored('string'),
  prompt_cache_options: HONOURED,
  prompt_cache_retention: ignored('string'),
  reasoning_effort: HONOURED,
  response_format: HONOURED,
  safety_identifier: HONOURED,
  // OpenAI promises best effort only, so a seed without effect keeps the promise.
  seed: ignored('number'),
  service_tier: HONOURED,
  stop: HONOURED,
  store: ignored('boolean', oneOf(false)),
  stream: HONOURED,
  stream_options: HONOURED,
  temperature: HONOURED,
  thinking: HONOURED,
  tool_choice: HONOURED,
  tools: HONOURED,
  top_k: HONOURED,
  top_logprobs: refused(oneOf(0)),
  top_p: HONOURED,
  user: HONOURED,
  verbosity: ignored('string', oneOf('medium')),
  web_search_options: refused(),
};
