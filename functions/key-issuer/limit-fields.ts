/** What bodies say of a project's and a service account's limits, and the limits that they ask for. */
import * as z from 'zod/mini';
import {
  DEFAULT_LIMITS,
  INFLIGHT_DEFAULT,
  INFLIGHT_MAX,
  type LimitSet,
  OUTPUT_TOKENS_DEFAULT,
  type TenantLimits,
} from '../../shared/domain/limits.ts';
import type { Model } from '../../shared/domain/model.ts';
import { choiceField, chosen, integerField } from './field-schemas.ts';
import { limitSetBody, limitSetOf } from './limit-set.ts';
import { modelLimitsOf } from './model-limits.ts';

/** Limits of a service account; null removes all of them. */
export const accountLimitsField = z.nullish(limitSetBody);

const tenantLimitsBody = z.extend(limitSetBody, {
  inflight_requests: z.nullish(integerField(1, INFLIGHT_MAX)),
  default_max_completion_tokens: z.nullish(integerField(1, 1_000_000)),
  smoothing: choiceField(['10s']),
  token_counting: choiceField(['bedrock', 'total']),
  estimation: choiceField(['strict', 'balanced']),
  models: z.nullish(z.record(z.string(), z.nullable(limitSetBody))),
});

/** A project's limits; null removes all of them. */
export const tenantLimitsField = z.nullish(tenantLimitsBody);

/** The limits of a service account that a body asks for; undefined where it is to have none. */
export function accountLimitsOf(
  body: z.infer<typeof accountLimitsField>,
  absent?: LimitSet,
): LimitSet | undefined {
  const limits = body === null ? {} : limitSetOf(body ?? {}, { absent, path: 'limits' });
  return Object.keys(limits).length === 0 ? undefined : limits;
}

/**
 * The limits that a body asks for, over those that hold where it says nothing. What null removes is unlimited, but for
 * what every project has: that becomes the default.
 */
export function tenantLimitsOf(
  body: z.infer<typeof tenantLimitsField>,
  of: { readonly absent: TenantLimits; readonly catalogue: readonly Model[] },
): TenantLimits {
  const { absent, catalogue } = of;
  if (body === undefined) return absent;
  if (body === null) return { ...DEFAULT_LIMITS, version: absent.version };
  const smoothing = chosen(body.smoothing, { absent: absent.smoothing, cleared: undefined });
  const counting = body.token_counting === 'total' ? null : body.token_counting;
  const tokenCounting = chosen(counting, { absent: absent.tokenCounting, cleared: undefined });
  const estimation = chosen(body.estimation, { absent: absent.estimation, cleared: undefined });
  const models = modelLimitsOf(body.models, { absent: absent.models ?? [], catalogue });
  return {
    version: absent.version,
    inflightMax: chosen(body.inflight_requests, { absent: absent.inflightMax, cleared: INFLIGHT_DEFAULT }),
    outputTokensDefault: chosen(body.default_max_completion_tokens, {
      absent: absent.outputTokensDefault,
      cleared: OUTPUT_TOKENS_DEFAULT,
    }),
    ...limitSetOf(body, { absent, path: 'limits' }),
    ...(smoothing !== undefined && { smoothing }),
    ...(tokenCounting !== undefined && { tokenCounting }),
    ...(estimation === 'balanced' && { estimation }),
    ...(models.length > 0 && { models }),
  };
}
