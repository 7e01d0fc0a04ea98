/** What limits are called on the wire. */
import type { LimitName } from '../domain/limits.ts';

/** In the order in which answers show them. */
export const WIRE_LIMIT_NAMES = [
  'requests_per_minute',
  'requests_per_day',
  'tokens_per_minute',
  'tokens_per_day',
  'tokens_per_month',
  'usd_per_day',
  'usd_per_month',
] as const;
export type WireLimitName = (typeof WIRE_LIMIT_NAMES)[number];

export const WIRE_LIMITS: Readonly<Record<WireLimitName, LimitName>> = {
  requests_per_minute: 'requestsPerMinute',
  requests_per_day: 'requestsPerDay',
  tokens_per_minute: 'tokensPerMinute',
  tokens_per_day: 'tokensPerDay',
  tokens_per_month: 'tokensPerMonth',
  usd_per_day: 'nanoUsdPerDay',
  usd_per_month: 'nanoUsdPerMonth',
};

/** What the wire calls a limit. */
export const wireLimitName = (limit: LimitName): string =>
  WIRE_LIMIT_NAMES.find((name) => WIRE_LIMITS[name] === limit) ?? limit;

/** Whether a limit is money: nano-USD inside, USD on the wire. */
export const isMoney = (name: LimitName): boolean => name === 'nanoUsdPerDay' || name === 'nanoUsdPerMonth';
