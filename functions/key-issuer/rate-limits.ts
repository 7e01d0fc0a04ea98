import * as z from 'zod/mini';
import { projectId, rateLimitId } from '../../shared/domain/ids.ts';
import type { LimitName, TenantLimits } from '../../shared/domain/limits.ts';
import type { Model } from '../../shared/domain/model.ts';
import type { Tenant } from '../../shared/domain/tenancy.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import { wholeListBody } from '../../shared/http/cursor-page.ts';
import { jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { changeTenant, readTenant, type TenantChange } from './change-tenant.ts';
import { type AuditFacts, shadowFacts } from './changed-facts.ts';
import { integerField, refuseUnsupported, unsupportedField } from './field-schemas.ts';
import { tenantLimitsOf } from './limit-fields.ts';
import { rateLimitObject } from './limit-objects.ts';
import { enforcing, LIMIT_MAX, type LimitSetBody, limitSetOf } from './limit-set.ts';
import { limitedModel, limitsOfModel, refuseTooLong, withModelLimits } from './model-limits.ts';
import { refuseUnknown, tenantOf } from './path-ids.ts';
import type { KeyIssuerPorts } from './ports.ts';

/** What nothing enforces is not set either: a limit that does not limit would be believed. */
const UNENFORCED = 'nothing here enforces it yet. Leave it out.';
const UNSUPPORTED = {
  max_images_per_1_minute: UNENFORCED,
  max_audio_megabytes_per_1_minute: UNENFORCED,
  batch_1_day_max_input_tokens: UNENFORCED,
};

const limitField = z.optional(integerField(1, LIMIT_MAX));
export const updateBody = z.strictObject({
  max_requests_per_1_minute: limitField,
  max_tokens_per_1_minute: limitField,
  max_requests_per_1_day: limitField,
  max_images_per_1_minute: unsupportedField,
  max_audio_megabytes_per_1_minute: unsupportedField,
  batch_1_day_max_input_tokens: unsupportedField,
});
type UpdateBody = z.infer<typeof updateBody>;

/** `GET /organization/projects/{project_id}/rate_limits`: one for all models together, and one a model that has its own. */
export const listRateLimits =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const tenant = await readTenant(ports, tenantOf(request));
    const ofModels = (tenant.limits.models ?? []).map(({ model }) => rateLimitObject(tenant, model));
    return jsonAnswer(
      200,
      wholeListBody(request, {
        oldestFirst: [rateLimitObject(tenant), ...ofModels],
        parameters: ['before'],
      }),
    );
  };

/**
 * `POST …/rate_limits/{rate_limit_id}`: acts on the next request. The largest value is no limit, since the object of
 * a project or a model without one says that value. What is set enforces, also where it was in shadow. A model of the
 * catalogue needs no limits to be found.
 */
export const updateRateLimit =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const body = parseBody(updateBody, request.body);
    refuseUnsupported(body, UNSUPPORTED);
    const id = request.path['rate_limit_id'] ?? '';
    const modelIn = (tenant: Tenant) => modelOfId(id, { tenant, catalogue: ports.catalogue });
    const updated = await changeTenant(ports, {
      request,
      decide: (before) => updateOf(before, { body, model: modelIn(before) }),
    });
    return jsonAnswer(200, rateLimitObject(updated, modelIn(updated)));
  };

/** The model whose limits an id names; undefined for those of all models together. Refuses every other (`not_found`). */
function modelOfId(
  id: string,
  of: { readonly tenant: Tenant; readonly catalogue: readonly Model[] },
): string | undefined {
  const { ref, limits } = of.tenant;
  if (id === rateLimitId(ref)) return undefined;
  const beginning = rateLimitId(ref, '');
  const named = id.startsWith(beginning) ? id.slice(beginning.length) : '';
  const model = limitedModel(named, { absent: limits.models ?? [], catalogue: of.catalogue });
  return model ?? refuseUnknown('rate limit', id);
}

function updateOf(
  before: Tenant,
  of: { readonly body: UpdateBody; readonly model: string | undefined },
): TenantChange | undefined {
  const { body, model } = of;
  const changed = Object.keys(body).filter((name) => !Object.hasOwn(UNSUPPORTED, name));
  if (changed.length === 0) return undefined;
  const limits =
    model === undefined
      ? enforcing(tenantLimitsOf(wireLimits(body), { absent: before.limits, catalogue: [] }), setBy(body))
      : ofModel(before.limits, { body, model });
  const had = rateLimitObject(before, model);
  return {
    tenant: { ...before, limits },
    audit: {
      type: 'rate_limit.updated',
      subject: {
        ...{ id: had.id, project_id: projectId(before.ref) },
        ...rateFacts(body, had),
        ...shadowFacts(before.limits, limits),
      },
    },
  };
}

const RATES = {
  max_requests_per_1_minute: 'requestsPerMinute',
  max_tokens_per_1_minute: 'tokensPerMinute',
  max_requests_per_1_day: 'requestsPerDay',
} as const;
const RATE_NAMES = [
  'max_requests_per_1_minute',
  'max_tokens_per_1_minute',
  'max_requests_per_1_day',
] as const;

/** What was asked for, and what that was. */
const rateFacts = (
  body: UpdateBody,
  had: Readonly<Record<(typeof RATE_NAMES)[number], number>>,
): AuditFacts =>
  Object.fromEntries(
    RATE_NAMES.flatMap((name) => {
      const value = body[name];
      return value === undefined ? [] : [[name, value] as const, [`previous.${name}`, had[name]] as const];
    }),
  );

/** The limits that a body sets: OpenAI's objects have no word for shadow, so what they set enforces. */
const setBy = (body: UpdateBody): readonly LimitName[] =>
  RATE_NAMES.filter((name) => body[name] !== undefined).map((name) => RATES[name]);

const wireLimits = (body: UpdateBody): LimitSetBody => ({
  requests_per_minute: unlimited(body.max_requests_per_1_minute),
  tokens_per_minute: unlimited(body.max_tokens_per_1_minute),
  requests_per_day: unlimited(body.max_requests_per_1_day),
});

/** Null removes a limit. */
const unlimited = (value: number | undefined): number | null | undefined =>
  value === LIMIT_MAX ? null : value;

/** What OpenAI's object does not have of a model's limits stays. */
function ofModel(
  before: TenantLimits,
  of: { readonly body: UpdateBody; readonly model: string },
): TenantLimits {
  const { models: had = [], ...others } = before;
  const absent = limitsOfModel(had, of.model);
  const asked = limitSetOf(wireLimits(of.body), { absent, path: 'rate_limit_id' });
  const limits = enforcing(asked, setBy(of.body));
  const models = refuseTooLong(withModelLimits(had, { model: of.model, limits }), 'rate_limit_id');
  return { ...others, ...(models.length > 0 && { models }) };
}
