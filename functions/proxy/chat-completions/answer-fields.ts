/** What streamed and whole chat completions say alike. */
import type { NanoUsd } from '../../../shared/domain/money.ts';
import type { TokenUsage } from '../../../shared/domain/usage.ts';
import type { AnswerFacts } from '../model-call/answer-wire.ts';

/** What every chunk of an answer repeats. */
export interface AnswerIdentity {
  /** `chatcmpl-…`. */
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  /** The model as the caller named it. */
  readonly model: string;
}

export const identityOf = ({ requestId, created, command }: AnswerFacts): AnswerIdentity => ({
  id: `chatcmpl-${requestId}`,
  created,
  model: command.requestedModel,
});

/**
 * OpenAI counts what came from or went into a prompt cache among the prompt's tokens; Bedrock does not. `cost`, in USD,
 * is our addition: the double nearest to the amount, whose shortest notation is the amount itself.
 */
export function wireUsage(usage: TokenUsage, nanoUsd: NanoUsd | undefined): object {
  const promptTokens = usage.input + usage.cacheRead + usage.cacheWrite;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: usage.output,
    total_tokens: promptTokens + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead, cache_write_tokens: usage.cacheWrite },
    ...(nanoUsd !== undefined && { cost: nanoUsd / 1e9 }),
  };
}
