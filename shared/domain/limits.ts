/**
 * The limits of a tenant and of its service accounts. They come with the principal and are parameters of the
 * conditional update that admits a request, so that a change acts on the next request; the counters that enforce
 * them are counter.ts.
 */
import { type ModelRef, modelRefOf } from './ids.ts';
import type { NanoUsd } from './money.ts';

/** The limits there are, by the names of their fields; requests and tokens are counts, money is in nano-USD. */
export const LIMIT_NAMES = [
  'requestsPerMinute',
  'requestsPerDay',
  'tokensPerMinute',
  'tokensPerDay',
  'tokensPerMonth',
  'nanoUsdPerDay',
  'nanoUsdPerMonth',
] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];

/** Limits that a tenant, a service account and a model may each have; an absent limit does not limit. */
export interface LimitSet {
  /** Requests admitted a UTC minute, however they end. */
  readonly requestsPerMinute?: number;
  /** Requests admitted a UTC day, however they end. */
  readonly requestsPerDay?: number;
  /** Tokens a UTC minute, input and output together, counted as the tenant chose (`tokenCounting`). */
  readonly tokensPerMinute?: number;
  /** Tokens a UTC day, every one of them once. */
  readonly tokensPerDay?: number;
  /** Tokens a UTC calendar month, every one of them once. */
  readonly tokensPerMonth?: number;
  /** Spend a UTC day. */
  readonly nanoUsdPerDay?: NanoUsd;
  /** Spend a UTC calendar month. */
  readonly nanoUsdPerMonth?: NanoUsd;
  /** Those of these limits that refuse nothing: a request beyond one of them is logged and counted as a metric. */
  readonly shadow?: readonly LimitName[];
}

/** The limits of one model within a tenant. */
export interface ModelLimits {
  /** The model without an inference profile: whichever profile leads to it, its requests count here. */
  readonly model: string;
  readonly limits: LimitSet;
}

/** The limits in force for a tenant, and how they count. */
export interface TenantLimits extends LimitSet {
  /** Rises with every change of configuration; an admission under an older version is refused as stale. */
  readonly version: number;
  /** Requests at once, 1 to 400. */
  readonly inflightMax: number;
  /** Output tokens reserved and sent where a request names none. */
  readonly outputTokensDefault: number;
  /**
   * `10s`: limits a minute, the accounts' and models' too, hold their sixth in every ten seconds besides. Absent: a
   * minute's worth may come at once, hence twice the limit in 60 seconds across a minute's end.
   */
  readonly smoothing?: '10s';
  /**
   * `bedrock`: limits on tokens a minute count as Bedrock's quotas do: output by the model's factor, reads of the prompt
   * cache not at all. Absent: every token once.
   */
  readonly tokenCounting?: 'bedrock';
  /** `balanced`: an estimate is reserved instead of an upper bound, so that limits may be passed by `debt`. Absent: the bound. */
  readonly estimation?: 'balanced';
  /** Models with limits of their own. */
  readonly models?: readonly ModelLimits[];
}

/** The limits of one model as they travel with a request: by its reference, which is shorter than an id. */
export interface ModelRefLimits {
  /** `modelRefOf` the model without an inference profile. */
  readonly ref: ModelRef;
  readonly limits: LimitSet;
}

/** A tenant's limits as they come with a request. */
export type RequestLimits = Omit<TenantLimits, 'models'> & { readonly models?: readonly ModelRefLimits[] };

/** What of a tenant's limits its requests come with. */
export function requestLimitsOf({ models, ...limits }: TenantLimits): RequestLimits {
  return models === undefined ? limits : { ...limits, models: models.map(byRef) };
}

/** A model's limits by its reference. */
export const byRef = ({ model, limits }: ModelLimits): ModelRefLimits => ({ ref: modelRefOf(model), limits });

export const INFLIGHT_DEFAULT = 100;
export const INFLIGHT_MAX = 400;
export const OUTPUT_TOKENS_DEFAULT = 4096;

/** Tokens and money set aside before a model call, or used by it. */
export interface Amounts {
  /** Every token once. */
  readonly tokens: number;
  /** As limits a minute count them, where that is otherwise (`tokenCounting`). */
  readonly minuteTokens?: number;
  readonly nanoUsd: NanoUsd;
  /** How much money the request may use beyond `nanoUsd`; absent where that is an upper bound. */
  readonly debtNanoUsd?: NanoUsd;
  /** How many tokens it may use beyond `tokens`; absent where those are an upper bound. */
  readonly debtTokens?: number;
  /** The same of `minuteTokens`. */
  readonly debtMinuteTokens?: number;
}

/** The limits of a tenant that has set none. */
export const DEFAULT_LIMITS: Omit<TenantLimits, 'models'> = {
  version: 1,
  inflightMax: INFLIGHT_DEFAULT,
  outputTokensDefault: OUTPUT_TOKENS_DEFAULT,
};

/** `yyyymmddhhmmss` of a UTC instant: the names of longer periods are what it begins with. */
export const utcSecond = (timeMs: number): string => digitsOf(timeMs, 'yyyy-mm-ddThh:mm:ss'.length);

/** `yyyymm` of a UTC instant. */
export const utcMonth = (timeMs: number): string => digitsOf(timeMs, 'yyyy-mm'.length);

/** The digits of so much of an instant as ISO 8601 writes it. */
const digitsOf = (timeMs: number, isoLength: number): string =>
  new Date(timeMs).toISOString().slice(0, isoLength).replace(/[-T:]/g, '');
