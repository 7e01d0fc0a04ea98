/** OpenAI's service tiers and ours. */
import type { ServiceTier } from '../../../shared/domain/price.ts';
import { readChoice } from './json-value.ts';
import { refuseUnsupportedValue } from './refusal.ts';

const TIERS = ['auto', 'default', 'flex', 'priority', 'fast', 'scale'] as const;

/** The tier asked for; `fast` is OpenAI's newer word for `priority`. `scale` is bought from OpenAI and refused. */
export function readServiceTier(value: unknown, param: string): ServiceTier {
  const tier = readChoice(value, { param, choices: TIERS });
  switch (tier) {
    case 'flex':
    case 'priority':
      return tier;
    case 'fast':
      return 'priority';
    case 'scale':
      return refuseUnsupportedValue(
        param,
        `'${param}' does not support 'scale' here. Supported: 'auto', 'default', 'flex', 'priority' and 'fast'.`,
      );
    default:
      return 'standard';
  }
}

/** Our tier in OpenAI's words. */
export const wireServiceTier = (tier: ServiceTier): string => (tier === 'standard' ? 'default' : tier);
