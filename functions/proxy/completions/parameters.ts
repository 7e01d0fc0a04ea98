/**
 * What is done about every parameter of a legacy completion. Source of the list: CompletionCreateParams of openai 7.55; a
 * test fails to compile where that type has a field that is not here.
 */
import { type Decisions, HONOURED, ignored, isEmptyObject, oneOf, refused } from '../wire/decision.ts';

/** By name. What no chat model can do (go on from both sides, repeat the prompt, tell probabilities) is refused. */
export const COMPLETION_PARAMETERS: Decisions = {
  best_of: refused(oneOf(1), { accepted: '1' }),
  echo: refused(oneOf(false)),
  frequency_penalty: refused(oneOf(0)),
  logit_bias: refused(isEmptyObject),
  logprobs: refused(),
  max_tokens: HONOURED,
  model: HONOURED,
  n: refused(oneOf(1), { accepted: '1' }),
  presence_penalty: refused(oneOf(0)),
  prompt: HONOURED,
  // OpenAI promises best effort only, so a seed without effect keeps the promise.
  seed: ignored('number'),
  stop: HONOURED,
  stream: HONOURED,
  stream_options: HONOURED,
  suffix: refused(oneOf('')),
  temperature: HONOURED,
  top_p: HONOURED,
  user: HONOURED,
};
