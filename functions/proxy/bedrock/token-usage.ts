import type { ConverseUsage } from '../../../shared/domain/converse.ts';
import type { TokenUsage } from '../../../shared/domain/usage.ts';

/** Far beyond any model's context; a count above it is no count, and its price no amount of money. */
const TOKENS_MAX = 1_000_000_000;

/** Bedrock's count as ours; undefined where it has no number to charge by, so that a bound is charged instead. */
export function tokenUsageOf(usage: ConverseUsage | undefined): TokenUsage | undefined {
  if (!isCount(usage?.inputTokens) || !isCount(usage.outputTokens)) return undefined;
  const cacheWrite = isCount(usage.cacheWriteInputTokens) ? usage.cacheWriteInputTokens : 0;
  const cacheWrite1h = Math.min(keptForLong(usage.cacheDetails), cacheWrite);
  return {
    input: usage.inputTokens,
    output: usage.outputTokens,
    cacheRead: isCount(usage.cacheReadInputTokens) ? usage.cacheReadInputTokens : 0,
    cacheWrite,
    ...(cacheWrite1h > 0 && { cacheWrite1h }),
  };
}

/**
 * Of the tokens written to the cache, those for an hour. A lifetime that is not known yet is taken for the dearest
 * known. The list came over the wire unchecked.
 */
function keptForLong(details: ConverseUsage['cacheDetails']): number {
  const known = Array.isArray(details) ? details : [];
  return known.reduce((sum, detail) => {
    const counts = detail?.ttl !== '5m' && isCount(detail?.inputTokens);
    return counts ? sum + detail.inputTokens : sum;
  }, 0);
}

const isCount = (value: number | undefined): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= TOKENS_MAX;
