import { AUDIT_TYPES } from '../../shared/domain/audit.ts';
import { type AuditFilter, type AuditQuery, parseAuditEventId } from '../../shared/domain/audit-event.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { ORGANIZATION_REF, parseProjectId, type TenantRef } from '../../shared/domain/ids.ts';
import { queryInteger, queryList, queryValue, refuseUnknownQuery } from '../../shared/http/cursor-page.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';

const PARAMETERS = [
  'effective_at[gt]',
  'effective_at[gte]',
  'effective_at[lt]',
  'effective_at[lte]',
  'project_ids',
  'event_types',
  'actor_ids',
  'actor_emails',
  'resource_ids',
  'tenant_only',
  'limit',
  'after',
  'before',
];
/** How `project_ids` names the organisation's own chain, which belongs to no project; our addition. */
export const ORGANIZATION_CHAIN = 'org';
const SECONDS_MAX = 253_402_300_799;
const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 100;

/** `GET /organization/audit_logs` (AuditLogListParams of openai 7.55). What is not honoured is refused by name. */
export function parseAuditQuery(request: GatewayRequest): AuditQuery {
  refuseUnknownQuery(request, PARAMETERS);
  refuseTenantOnly(request);
  const cursor = cursorOf(request);
  return {
    filter: filterOf(request),
    ...(cursor !== undefined && { cursor }),
    limit: queryInteger(request, { name: 'limit', min: 1, max: LIMIT_MAX, absent: LIMIT_DEFAULT }),
  };
}

function filterOf(request: GatewayRequest): AuditFilter {
  const chains = chainsOf(request);
  const types = typesOf(request);
  const actorIds = queryList(request, 'actor_ids');
  const resourceIds = queryList(request, 'resource_ids');
  return {
    ...timesOf(request),
    ...(chains !== undefined && { chains }),
    ...(types !== undefined && { types }),
    ...(actorIds !== undefined && { actorIds }),
    ...(resourceIds !== undefined && { resourceIds }),
  };
}

/** Seconds to milliseconds: an event's `effective_at` is the second that it is in. */
function timesOf(request: GatewayRequest): { readonly fromMs: number; readonly toMs: number } {
  const seconds = (bound: string, absent: number): number =>
    queryInteger(request, { name: `effective_at[${bound}]`, min: 0, max: SECONDS_MAX, absent });
  const from = Math.max(seconds('gte', 0), seconds('gt', -1) + 1);
  const to = Math.min(seconds('lt', SECONDS_MAX + 1), seconds('lte', SECONDS_MAX) + 1);
  return { fromMs: from * 1000, toMs: to * 1000 };
}

/** Undefined for all chains. Nobody here has an email, so that asking for one matches nothing, like an unknown project. */
function chainsOf(request: GatewayRequest): readonly TenantRef[] | undefined {
  if (queryList(request, 'actor_emails') !== undefined) return [];
  const ids = queryList(request, 'project_ids');
  if (ids === undefined) return undefined;
  const chains = ids.flatMap((id) =>
    id === ORGANIZATION_CHAIN ? ORGANIZATION_REF : (parseProjectId(id) ?? []),
  );
  return [...new Set(chains)];
}

function typesOf(request: GatewayRequest): readonly string[] | undefined {
  const types = queryList(request, 'event_types');
  const known: readonly string[] = AUDIT_TYPES;
  const unknown = types?.find((type) => !known.includes(type))?.slice(0, 64);
  if (unknown === undefined) return types;
  throw new GatewayError(
    'unsupported_value',
    `'event_types' knows no '${unknown}'. It takes '${AUDIT_TYPES.join("', '")}'.`,
    { param: 'event_types' },
  );
}

/** OpenAI's tenants are above organisations; there is nothing here that only they see. */
function refuseTenantOnly(request: GatewayRequest): void {
  const value = queryValue(request, 'tenant_only');
  if (value === undefined || value === 'false') return;
  throw new GatewayError('unsupported_value', "'tenant_only' can only be false here.", {
    param: 'tenant_only',
  });
}

function cursorOf(request: GatewayRequest): AuditQuery['cursor'] {
  const after = queryValue(request, 'after');
  const before = queryValue(request, 'before');
  if (after !== undefined && before !== undefined) {
    throw new GatewayError('invalid_value', "Give either 'after' or 'before'.", { param: 'before' });
  }
  const id = after ?? before;
  if (id === undefined) return undefined;
  const direction = after === undefined ? 'before' : 'after';
  const place = parseAuditEventId(id);
  if (place !== undefined) return { direction, place };
  throw new GatewayError('invalid_value', `'${direction}' must be the id of an event of this list.`, {
    param: direction,
  });
}
