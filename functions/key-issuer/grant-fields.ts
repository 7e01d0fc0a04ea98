/** What a body says of a grant: scopes, level, models and addresses. */
import * as z from 'zod/mini';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import {
  GRANT_BYTES_MAX,
  GRANT_IP_RANGES_MAX,
  GRANT_MODELS_MAX,
  type Grant,
  grantFits,
  KEY_SCOPES,
  PERMISSION_LEVELS,
} from '../../shared/domain/grant.ts';
import { ipRangeFault, isIpRange } from '../../shared/domain/ip-range.ts';
import { chosen, modelsField } from './field-schemas.ts';

const ipRange = z.string().check(
  z.refine((text) => isIpRange(text), {
    error: ({ input }) => ipRangeFault(String(input)) ?? 'it is no range.',
  }),
);

/** What a service account or a key may do; what is left out is the default, or the account's. */
export const grantFields = {
  scopes: z.nullish(z.array(z.enum(KEY_SCOPES)).check(z.minLength(1, 'name at least one scope.'))),
  level: z.nullish(z.enum(PERMISSION_LEVELS)),
  models: z.nullish(modelsField(GRANT_MODELS_MAX)),
  allowed_ips: z.nullish(
    z
      .array(ipRange)
      .check(
        z.minLength(1, 'name at least one range.'),
        z.maxLength(GRANT_IP_RANGES_MAX, `name at most ${GRANT_IP_RANGES_MAX} ranges.`),
      ),
  ),
};

interface GrantBody {
  readonly scopes?: Grant['scopes'] | null | undefined;
  readonly level?: Grant['level'] | null | undefined;
  readonly models?: readonly string[] | null | undefined;
  readonly allowed_ips?: readonly string[] | null | undefined;
}

/**
 * The grant that a body asks for: over the one that holds where it says nothing, over `cleared` where it says null.
 * Throws `invalid_value` where its lists are too long to travel with every request.
 */
export function grantOf(
  body: GrantBody,
  { absent, cleared = absent }: { readonly absent: Grant; readonly cleared?: Grant },
): Grant {
  const models = chosen(body.models, { absent: absent.models, cleared: cleared.models });
  const ipRanges = chosen(body.allowed_ips, { absent: absent.ipRanges, cleared: cleared.ipRanges });
  const grant: Grant = {
    scopes: [...new Set(chosen(body.scopes, { absent: absent.scopes, cleared: cleared.scopes }))],
    level: chosen(body.level, { absent: absent.level, cleared: cleared.level }),
    ...(models !== undefined && { models }),
    ...(ipRanges !== undefined && { ipRanges }),
  };
  if (grantFits(grant)) return grant;
  const param = body.models === undefined ? 'allowed_ips' : 'models';
  throw new GatewayError(
    'invalid_value',
    `Invalid value for '${param}': models and allowed_ips together may take ${GRANT_BYTES_MAX} bytes of JSON. Shorten the lists; * stands for the rest of a name.`,
    { param },
  );
}
