/**
 * What is done about every parameter of a chat completion: honoured, refused by name, or accepted without effect and
 * named in `x-ignored-params`. A value that asks for nothing (`null`, a default) is always accepted. Source of the list:
 * ChatCompletionCreateParams of openai 7.55; a test fails to compile where that type has a field that is not here.
 */
import { isObject, type JsonObject } from '../wire/json-value.ts';
import type { Reading } from '../wire/reading.ts';
import { refuseParameter, refuseType, refuseUnknown, refuseUnsupportedValue } from '../wire/refusal.ts';

interface Honoured {
  readonly decision: 'honoured';
}

interface Refused {
  readonly decision: 'refused';
  /** Whether the value asks for nothing, or for what is done anyway. `null` is always so and not asked about. */
  readonly asksNothing: (value: unknown) => boolean;
  /** What is accepted, as JSON; absent: nothing. */
  readonly accepted?: string;
  /** What to do instead, as a sentence. */
  readonly remedy?: string;
}

interface Ignored {
  readonly decision: 'ignored';
  readonly asksNothing: (value: unknown) => boolean;
  /** The JSON type of a value that may be ignored. */
  readonly type: 'string' | 'number' | 'boolean' | 'object';
}

export type Decision = Honoured | Refused | Ignored;

const never = (): boolean => false;
const oneOf =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value);
const isEmptyArray = (value: unknown): boolean => Array.isArray(value) && value.length === 0;
const isEmptyObject = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 0;
const isTextOnly = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 1 && value[0] === 'text';

const HONOURED: Honoured = { decision: 'honoured' };
const refused = (
  asksNothing: Refused['asksNothing'] = never,
  more: Pick<Refused, 'accepted' | 'remedy'> = {},
): Refused => ({ decision: 'refused', asksNothing, ...more });
const ignored = (type: Ignored['type'], asksNothing: Ignored['asksNothing'] = never): Ignored => ({
  decision: 'ignored',
  asksNothing,
  type,
});

/** By name; `thinking` and `top_k` are extensions, which Anthropic's API and many servers share. */
export const CHAT_PARAMETERS: Readonly<Record<string, Decision>> = {
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

/** Refuses what is not supported, and notes what is accepted without effect. */
export function decideParameters(body: JsonObject, reading: Reading): void {
  for (const [name, value] of Object.entries(body)) {
    const decision = Object.hasOwn(CHAT_PARAMETERS, name) ? CHAT_PARAMETERS[name] : undefined;
    if (decision === undefined) refuseUnknown(name);
    else if (decision.decision !== 'honoured' && !asksNothing(decision, value)) {
      if (decision.decision === 'refused') refuse(name, { value, decision });
      else assertType(name, { value, decision });
      reading.ignore(name);
    }
  }
}

const asksNothing = (decision: Refused | Ignored, value: unknown): boolean =>
  value === null || value === undefined || decision.asksNothing(value);

function refuse(name: string, of: { readonly value: unknown; readonly decision: Refused }): never {
  const { value, decision } = of;
  if (decision.accepted === undefined) return refuseParameter(name, decision.remedy);
  const asked = typeof value === 'number' ? `${value}` : 'this value';
  return refuseUnsupportedValue(
    name,
    `'${name}' does not support ${asked} here. Supported: ${decision.accepted}.`,
  );
}

function assertType(name: string, of: { readonly value: unknown; readonly decision: Ignored }): void {
  const { value, decision } = of;
  if (typeof value !== decision.type) {
    refuseType(name, { expected: `a value of type ${decision.type}`, got: value });
  }
}
