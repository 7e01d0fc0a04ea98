import type { ConverseUsage } from '../../../shared/domain/converse.ts';
import type { TokenUsage } from '../../../shared/domain/usage.ts';

/** Bedrock's count as ours; undefined where it has no number to charge by, so that a bound is charged instead. */
export function tokenUsageOf(usage: ConverseUsage | undefined): TokenUsage | undefined {
  if (!isCount(usage?.inputTokens) || !isCount(usage.outputTokens)) return undefined;
  return {
    input: usage.inputTokens,
    output: usage.outputTokens,
    cacheRead: isCount(usage.cacheReadInputTokens) ? usage.cacheReadInputTokens : 0,
    cacheWrite: isCount(usage.cacheWriteInputTokens) ? usage.cacheWriteInputTokens : 0,
  };
}

const isCount = (value: number | undefined): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
