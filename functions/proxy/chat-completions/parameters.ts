/**
 * Every parameter of OpenAI's chat completions that this product does not act on, and what is done about each:
 * refused by name, or accepted without effect and named in `x-ignored-params`. A value that asks for nothing
 * (`null`, a default) is always accepted. Source of the list: ChatCompletionCreateParams of openai 7.55.
 */
import { isObject, type JsonObject } from '../wire/json-value.ts';
import { refuseParameter, refuseType, refuseUnknown, refuseUnsupportedValue } from '../wire/refusal.ts';

/** The parameters that request.ts reads. */
const HONOURED: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'max_completion_tokens',
  'max_tokens',
  'temperature',
  'top_p',
  'stop',
  'stream',
  'stream_options',
  'metadata',
  'user',
  'safety_identifier',
]);

interface Rule {
  /** Whether the value asks for nothing, or for what is done anyway. `null` is always so and not asked about. */
  readonly asksNothing: (value: unknown) => boolean;
  readonly otherwise: 'refuse' | 'refuse-value' | 'ignore';
  /** The JSON type of a value that may be ignored. */
  readonly type?: 'string' | 'number' | 'boolean' | 'object';
  /** Of a value that is refused: what is accepted, as JSON. */
  readonly accepted?: string;
}

const never = (): boolean => false;
const oneOf =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value);
const isEmptyArray = (value: unknown): boolean => Array.isArray(value) && value.length === 0;
const isEmptyObject = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 0;
const isPlainTextFormat = (value: unknown): boolean => isObject(value) && value['type'] === 'text';
const isTextOnly = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 1 && value[0] === 'text';

const refused = (asksNothing: Rule['asksNothing'] = never): Rule => ({ asksNothing, otherwise: 'refuse' });
const refusedValue = (accepted: string, asksNothing: Rule['asksNothing']): Rule => ({
  asksNothing,
  otherwise: 'refuse-value',
  accepted,
});
const ignored = (type: NonNullable<Rule['type']>, asksNothing: Rule['asksNothing'] = never): Rule => ({
  asksNothing,
  otherwise: 'ignore',
  type,
});

const RULES: Readonly<Record<string, Rule>> = {
  audio: refused(),
  frequency_penalty: refused(oneOf(0)),
  function_call: refused(oneOf('none', 'auto')),
  functions: refused(isEmptyArray),
  logit_bias: refused(isEmptyObject),
  logprobs: refused(oneOf(false)),
  modalities: refusedValue('["text"]', isTextOnly),
  moderation: refused(),
  n: refusedValue('1', oneOf(1)),
  // Without tools, whether they may run side by side asks for nothing.
  parallel_tool_calls: refused(oneOf(true, false)),
  prediction: ignored('object'),
  presence_penalty: refused(oneOf(0)),
  prompt_cache_key: ignored('string'),
  prompt_cache_options: refused(),
  prompt_cache_retention: ignored('string'),
  reasoning_effort: refused(),
  response_format: refusedValue('{"type":"text"}', isPlainTextFormat),
  // OpenAI promises best effort only, so a seed without effect keeps the promise.
  seed: ignored('number'),
  service_tier: refusedValue('"auto" and "default"', oneOf('auto', 'default')),
  store: ignored('boolean', oneOf(false)),
  tool_choice: refused(oneOf('none', 'auto')),
  tools: refused(isEmptyArray),
  top_logprobs: refused(oneOf(0)),
  verbosity: ignored('string', oneOf('medium')),
  web_search_options: refused(),
};

/** Refuses what is not supported; the names of what is accepted without effect. */
export function ignoredParameters(body: JsonObject): readonly string[] {
  return Object.entries(body)
    .filter(([name, value]) => !HONOURED.has(name) && isIgnored(name, value))
    .map(([name]) => name);
}

function isIgnored(name: string, value: unknown): boolean {
  const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  if (rule === undefined) return refuseUnknown(name);
  if (value === null || value === undefined || rule.asksNothing(value)) return false;
  if (rule.otherwise === 'refuse') return refuseParameter(name);
  if (rule.otherwise === 'refuse-value') {
    const asked = typeof value === 'number' ? `${value}` : 'this value';
    return refuseUnsupportedValue(
      name,
      `'${name}' does not support ${asked} here. Supported: ${rule.accepted}.`,
    );
  }
  if (typeof value !== rule.type)
    return refuseType(name, { expected: `a value of type ${rule.type}`, got: value });
  return true;
}
