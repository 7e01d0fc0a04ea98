import * as z from 'zod/mini';
import { projectId, rateLimitId } from '../../shared/domain/ids.ts';
import type { Tenant } from '../../shared/domain/tenancy.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import { wholeListBody } from '../../shared/http/cursor-page.ts';
import { jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { changeTenant, readTenant, type TenantChange } from './change-tenant.ts';
import {
  integerField,
  LIMIT_MAX,
  refuseUnsupported,
  tenantLimitsOf,
  unsupportedField,
} from './field-schemas.ts';
import { refuseUnknown, tenantOf } from './path-ids.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { rateLimitObject } from './wire.ts';

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

/** `GET /organization/projects/{project_id}/rate_limits`: one, for all models together. */
export const listRateLimits =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const tenant = await readTenant(ports, tenantOf(request));
    return jsonAnswer(
      200,
      wholeListBody(request, { oldestFirst: [rateLimitObject(tenant)], parameters: ['before'] }),
    );
  };

/**
 * `POST …/rate_limits/{rate_limit_id}`: acts on the next request. The largest value is no limit, since the object of
 * a project without one says that value.
 */
export const updateRateLimit =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const body = parseBody(updateBody, request.body);
    refuseUnsupported(body, UNSUPPORTED);
    const updated = await changeTenant(ports, {
      request,
      decide: (before) => {
        const id = request.path['rate_limit_id'];
        if (id !== rateLimitId(before.ref)) refuseUnknown('rate limit', id);
        return updateOf(before, body);
      },
    });
    return jsonAnswer(200, rateLimitObject(updated));
  };

function updateOf(before: Tenant, body: z.infer<typeof updateBody>): TenantChange | undefined {
  const changed = Object.keys(body).filter((name) => !Object.hasOwn(UNSUPPORTED, name));
  if (changed.length === 0) return undefined;
  const limits = tenantLimitsOf(
    {
      requests_per_minute: unlimited(body.max_requests_per_1_minute),
      tokens_per_minute: unlimited(body.max_tokens_per_1_minute),
      requests_per_day: unlimited(body.max_requests_per_1_day),
    },
    before.limits,
  );
  const { max_requests_per_1_minute, max_tokens_per_1_minute, max_requests_per_1_day } = rateLimitObject({
    ...before,
    limits,
  });
  return {
    tenant: { ...before, limits },
    audit: {
      type: 'rate_limit.updated',
      subject: {
        id: rateLimitId(before.ref),
        project_id: projectId(before.ref),
        ...{ max_requests_per_1_minute, max_tokens_per_1_minute, max_requests_per_1_day },
      },
    },
  };
}

/** Null removes a limit. */
const unlimited = (value: number | undefined): number | null | undefined =>
  value === LIMIT_MAX ? null : value;
