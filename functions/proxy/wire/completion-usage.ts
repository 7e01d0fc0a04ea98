/** What an answer used, as OpenAI's `CompletionUsage`. */
import type { NanoUsd } from '../../../shared/domain/money.ts';
import type { TokenUsage } from '../../../shared/domain/usage.ts';

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
