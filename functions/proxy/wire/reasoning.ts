/** How much a model is to think, in OpenAI's words and in Anthropic's. */
import {
  REASONING_EFFORTS,
  type Reasoning,
  type ReasoningEffort,
} from '../../../shared/domain/conversation.ts';
import { assertKeys, readChoice, readInteger, readObject, within } from './json-value.ts';
import { refuseMissing, refuseUnknown } from './refusal.ts';

/** Anthropic's least budget, in tokens. */
const BUDGET = { min: 1024, max: Number.MAX_SAFE_INTEGER };
const THINKING_KEYS: ReadonlySet<string> = new Set(['type', 'budget_tokens']);

/** OpenAI's effort: `none` to `max`. */
export function readEffort(value: unknown, param: string): Reasoning | undefined {
  const effort: ReasoningEffort | undefined = readChoice(value, { param, choices: REASONING_EFFORTS });
  return effort === undefined ? undefined : { type: 'effort', effort };
}

/** Anthropic's `thinking`: enabled with a budget, adaptive or disabled. */
export function readThinking(value: unknown, param: string): Reasoning | undefined {
  const thinking = readObject(value, param);
  if (thinking === undefined) return undefined;
  assertKeys(thinking, { param, known: THINKING_KEYS });
  const type = readChoice(thinking['type'], {
    param: within(param, 'type'),
    choices: ['enabled', 'adaptive', 'disabled'],
  });
  if (type === undefined) return refuseMissing(within(param, 'type'));
  const budget = within(param, 'budget_tokens');
  const tokens = readInteger(thinking['budget_tokens'], { param: budget, bounds: BUDGET });
  if (type === 'enabled') return { type: 'budget', tokens: tokens ?? refuseMissing(budget) };
  if (tokens !== undefined) return refuseUnknown(budget);
  return type === 'adaptive' ? { type } : { type: 'effort', effort: 'none' };
}
