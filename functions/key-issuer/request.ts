/** What the administration plane accepts: paths and bodies, parsed into domain terms or refused by name. */
import * as z from 'zod/mini';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import {
  type KeyRef,
  ORGANIZATION_REF,
  parseKeyId,
  parseProjectId,
  type TenantRef,
} from '../../shared/domain/ids.ts';
import { DEFAULT_LIMITS, INFLIGHT_MAX, type TenantLimits } from '../../shared/domain/limits.ts';
import { NANO_USD_MAX, nanoUsdOf } from '../../shared/domain/money.ts';
import { KEY_SCOPES, type KeyScope } from '../../shared/domain/principal.ts';
import { DAY_MS, KEY_LIFETIME_DAYS } from '../../shared/domain/tenancy.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';

const KEY_LIFETIME_SECONDS_MAX = (KEY_LIFETIME_DAYS * DAY_MS) / 1000;

/** Printable text: no control, format (zero-width, bidirectional) or unassigned characters, no blanks around it. */
const name = z.string().check(
  z.trim(),
  z.minLength(1, 'it must not be empty.'),
  z.maxLength(64, 'it must not be longer than 64 characters.'),
  z.refine((text) => text.isWellFormed() && !/\p{C}/u.test(text), 'it must be printable text.'),
);

const integer = (min: number, max: number) =>
  z.int().check(z.gte(min, `it must be at least ${min}.`), z.lte(max, `it must be at most ${max}.`));

const usd = z
  .number()
  .check(
    z.gt(0, 'it must be above 0.'),
    z.lte(NANO_USD_MAX / 1e9, `it must be at most ${NANO_USD_MAX / 1e9}.`),
  );

const projectBody = z.strictObject({
  name,
  limits: z.optional(
    z.strictObject({
      inflight_requests: z.nullish(integer(1, INFLIGHT_MAX)),
      tokens_per_minute: z.nullish(integer(1, 1_000_000_000)),
      usd_per_month: z.nullish(usd),
      default_max_completion_tokens: z.nullish(integer(1, 1_000_000)),
    }),
  ),
});

const serviceAccountBody = z.strictObject({
  name,
  create_service_account_only: z.nullish(z.boolean()),
  expires_in_seconds: z.nullish(integer(1, KEY_LIFETIME_SECONDS_MAX)),
  models: z.optional(
    z
      .array(
        z
          .string()
          .check(z.regex(/^[a-zA-Z0-9.:_/-]{1,64}\*?$/, 'name a model, or the beginning of names with *.')),
      )
      .check(z.minLength(1, 'name at least one model.'), z.maxLength(20, 'name at most 20 models.')),
  ),
  scopes: z.optional(z.array(z.enum(KEY_SCOPES)).check(z.minLength(1, 'name at least one scope.'))),
});

/** The body of `POST /organization/projects`. */
export function parseProject(request: GatewayRequest): { name: string; limits: TenantLimits } {
  const body = parseBody(projectBody, request.body);
  const limits = body.limits ?? {};
  return {
    name: body.name,
    limits: {
      ...DEFAULT_LIMITS,
      ...given('inflightMax', limits.inflight_requests),
      ...given('tokensPerMinute', limits.tokens_per_minute),
      ...given('outputTokensDefault', limits.default_max_completion_tokens),
      ...given('nanoUsdPerMonth', mapGiven(limits.usd_per_month, nanoUsdOf)),
    },
  };
}

export interface ServiceAccountOrder {
  readonly name: string;
  readonly withKey: boolean;
  readonly scopes: readonly KeyScope[];
  /** Undefined: every model. */
  readonly models: readonly string[] | undefined;
  readonly keyLifetimeMs: number;
}

/** The body of `POST /organization/projects/{project_id}/service_accounts`. A key inferences and lists models unless `scopes` says otherwise. */
export function parseServiceAccount(request: GatewayRequest): ServiceAccountOrder {
  const body = parseBody(serviceAccountBody, request.body);
  return {
    name: body.name,
    withKey: body.create_service_account_only !== true,
    models: body.models,
    scopes: [...new Set(body.scopes ?? (['inference', 'models:read'] as const))],
    keyLifetimeMs: (body.expires_in_seconds ?? KEY_LIFETIME_SECONDS_MAX) * 1000,
  };
}

/** The tenant that a path names. Not found where the id cannot be one: it says nothing of what exists. */
export function tenantOf(request: GatewayRequest): TenantRef {
  return (
    parseProjectId(request.path['project_id'] ?? '') ?? refuseUnknown('project', request.path['project_id'])
  );
}

/** The key that a path names, which must be of the path's tenant; another's is not found, like an unknown one. */
export function keyOf(request: GatewayRequest): { tenant: TenantRef; key: KeyRef } {
  const tenant = tenantOf(request);
  const id = request.path['api_key_id'] ?? '';
  const parsed = parseKeyId(id);
  if (parsed === undefined || parsed.tenant !== tenant || tenant === ORGANIZATION_REF)
    return refuseUnknown('API key', id);
  return { tenant, key: parsed.key };
}

/** The one refusal for what is unknown, malformed or another's. */
export function refuseUnknown(kind: 'project' | 'API key', id: string | undefined): never {
  throw new GatewayError('not_found', `No such ${kind}: '${(id ?? '').slice(0, 64)}'.`);
}

function given<Name extends string, Value>(field: Name, value: Value | null | undefined) {
  return (value === null || value === undefined ? {} : { [field]: value }) as { [field in Name]?: Value };
}

const mapGiven = <From, To>(value: From | null | undefined, map: (value: From) => To): To | undefined =>
  value === null || value === undefined ? undefined : map(value);
