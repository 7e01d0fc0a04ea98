/** Limits as answers show them. Most are our additions to OpenAI's objects. */
import { rateLimitId } from '../../shared/domain/ids.ts';
import type { LimitName, LimitSet, TenantLimits } from '../../shared/domain/limits.ts';
import { NANO_USD_A_CENT, type NanoUsd } from '../../shared/domain/money.ts';
import type { Tenant } from '../../shared/domain/tenancy.ts';
import { isMoney, WIRE_LIMIT_NAMES, WIRE_LIMITS } from '../../shared/http/limit-names.ts';
import { LIMIT_MAX } from './limit-set.ts';
import { limitsOfModel } from './model-limits.ts';

/** Limits that a project, a service account and a model may each have; null where there is none. */
export const limitSetObject = (limits: LimitSet) => ({
  ...Object.fromEntries(WIRE_LIMIT_NAMES.map((name) => [name, wireLimit(limits, WIRE_LIMITS[name])])),
  shadow: WIRE_LIMIT_NAMES.filter((name) => limits.shadow?.includes(WIRE_LIMITS[name])),
});

function wireLimit(limits: LimitSet, name: LimitName): number | null {
  const limit = limits[name];
  if (limit === undefined) return null;
  return isMoney(name) ? limit / 1e9 : limit;
}

/** A project's limits. */
export const tenantLimitsObject = (limits: TenantLimits) => ({
  inflight_requests: limits.inflightMax,
  ...limitSetObject(limits),
  default_max_completion_tokens: limits.outputTokensDefault,
  smoothing: limits.smoothing ?? null,
  token_counting: limits.tokenCounting ?? null,
  estimation: limits.estimation ?? 'strict',
  models: Object.fromEntries(
    (limits.models ?? []).map(({ model, limits: ofModel }) => [model, limitSetObject(ofModel)]),
  ),
});

/**
 * `project.rate_limit`: of all models together, or of one. Where there is no limit the type demands a number all the
 * same, and it is the largest that can be set.
 */
export const rateLimitObject = ({ ref, limits }: Pick<Tenant, 'ref' | 'limits'>, model?: string) => {
  const shown = model === undefined ? limits : limitsOfModel(limits.models, model);
  return {
    id: rateLimitId(ref, model),
    object: 'project.rate_limit',
    model: model ?? '*',
    max_requests_per_1_minute: shown.requestsPerMinute ?? LIMIT_MAX,
    max_tokens_per_1_minute: shown.tokensPerMinute ?? LIMIT_MAX,
    max_requests_per_1_day: shown.requestsPerDay ?? LIMIT_MAX,
  };
};

/** What a project's spend limit is told from. */
export interface SpendLimit {
  readonly limitNanoUsd: NanoUsd;
  readonly force: 'enforced' | 'shadow';
  readonly spentNanoUsd: NanoUsd;
  /** How much more the requests under way may cost than was reserved; undefined where what is reserved is a bound. */
  readonly debtNanoUsd?: NanoUsd;
}

/**
 * `project.spend_limit`, in cents: a fraction of one shows where the limit was set in USD. Its status says whether
 * requests are refused by now, which one in shadow never does. `debt_usd` is our addition.
 */
export const spendLimitObject = ({ limitNanoUsd, force, spentNanoUsd, debtNanoUsd }: SpendLimit) => ({
  object: 'project.spend_limit',
  currency: 'USD',
  interval: 'month',
  threshold_amount: limitNanoUsd / NANO_USD_A_CENT,
  enforcement: { status: force === 'enforced' && spentNanoUsd >= limitNanoUsd ? 'enforcing' : 'inactive' },
  ...(debtNanoUsd !== undefined && { debt_usd: debtNanoUsd / 1e9 }),
});
