/** What a guardrail of the emulator says of texts. Every guardrail has the same policy, whatever its id. */
import {
  ATTACK_CATEGORIES,
  CONTENT_CATEGORIES,
  type Found,
  findSensitive,
  SENSITIVE_TYPES,
  scoreOf,
  textUnits,
} from './scores.ts';

export interface Assessed {
  readonly assessment: object;
  readonly usage: object;
  readonly isBlocked: boolean;
  /** The texts with sensitive information masked: `{EMAIL}`. */
  readonly masked: readonly string[];
  readonly isMasked: boolean;
}

/** Blocks what scores as MEDIUM or HIGH; masks sensitive information. */
export function assess(texts: readonly string[], latencyMs: number): Assessed {
  const filters = [
    ...CONTENT_CATEGORIES.map((type) => ({ type, score: worst(texts, [type]) })),
    { type: 'PROMPT_ATTACK', score: worst(texts, ATTACK_CATEGORIES) },
  ]
    .filter(({ score }) => score >= LOW)
    .map(({ type, score }) => {
      const detected = score >= MEDIUM;
      return {
        type,
        confidence: confidenceOf(score),
        filterStrength: 'MEDIUM',
        action: detected ? 'BLOCKED' : 'NONE',
        detected,
      };
    });
  const found = texts.map((text) => findSensitive(text, SENSITIVE_TYPES));
  const usage = usageOf(texts);
  return {
    assessment: {
      ...(filters.length > 0 && { contentPolicy: { filters } }),
      ...(found.flat().length > 0 && { sensitiveInformationPolicy: sensitivePolicy(texts, found) }),
      invocationMetrics: {
        guardrailProcessingLatency: latencyMs,
        usage,
        guardrailCoverage: { textCharacters: coverage(texts) },
      },
    },
    usage,
    isBlocked: filters.some(({ detected }) => detected),
    masked: texts.map((text, index) => mask(text, found[index] ?? [])),
    isMasked: found.flat().length > 0,
  };
}

const LOW = 0.25;
const MEDIUM = 0.5;
const HIGH = 0.75;

function confidenceOf(score: number): string {
  if (score >= HIGH) return 'HIGH';
  return score >= MEDIUM ? 'MEDIUM' : 'LOW';
}

const worst = (texts: readonly string[], categories: readonly Parameters<typeof scoreOf>[1][]): number =>
  Math.max(0, ...texts.flatMap((text) => categories.map((category) => scoreOf(text, category))));

const sensitivePolicy = (texts: readonly string[], found: readonly (readonly Found[])[]) => ({
  piiEntities: found.flatMap((entities, index) =>
    entities.map(({ type, begin, end }) => ({
      match: texts[index]?.slice(begin, end) ?? '',
      type,
      action: 'ANONYMIZED',
      detected: true,
    })),
  ),
  regexes: [],
});

export function usageOf(texts: readonly string[]): object {
  const units = textUnits(texts);
  return {
    topicPolicyUnits: 0,
    contentPolicyUnits: units,
    wordPolicyUnits: 0,
    sensitiveInformationPolicyUnits: units,
    sensitiveInformationPolicyFreeUnits: 0,
    contextualGroundingPolicyUnits: 0,
    contentPolicyImageUnits: 0,
  };
}

export function coverage(texts: readonly string[]): { guarded: number; total: number } {
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  return { guarded: characters, total: characters };
}

function mask(text: string, found: readonly Found[]): string {
  let at = 0;
  let masked = '';
  for (const { type, begin, end } of found) {
    if (begin < at) continue;
    masked += `${text.slice(at, begin)}{${type}}`;
    at = end;
  }
  return masked + text.slice(at);
}
