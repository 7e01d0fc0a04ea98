/** The ids in a path. What cannot be an id, is unknown, or belongs to another tenant is not found, and alike. */
import { quotable } from '../../shared/domain/api-key.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import {
  type AccountRef,
  type AlertRef,
  type KeyRef,
  ORGANIZATION_REF,
  parseKeyId,
  parseProjectId,
  parseServiceAccountId,
  parseSpendAlertId,
  type TenantRef,
} from '../../shared/domain/ids.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';

type Paths = Pick<GatewayRequest, 'path'>;
type Kind = 'project' | 'service account' | 'API key' | 'admin API key' | 'spend alert' | 'rate limit';

/** The tenant that a path names. */
export const tenantOf = ({ path }: Paths): TenantRef =>
  parseProjectId(path['project_id'] ?? '') ?? refuseUnknown('project', path['project_id']);

/** The service account that a path names, in the path's tenant. */
export function accountOf(request: Paths): { readonly tenant: TenantRef; readonly account: AccountRef } {
  const tenant = tenantOf(request);
  const id = request.path['service_account_id'] ?? '';
  const parsed = parseServiceAccountId(id);
  return parsed?.tenant === tenant ? parsed : refuseUnknown('service account', id);
}

/** The key that a path names, in the path's tenant. */
export function keyOf(request: Paths): { readonly tenant: TenantRef; readonly key: KeyRef } {
  const tenant = tenantOf(request);
  const id = request.path['api_key_id'] ?? '';
  const parsed = parseKeyId(id);
  return parsed?.tenant === tenant ? parsed : refuseUnknown('API key', id);
}

/** The admin key that a path names. */
export function adminKeyOf({ path }: Paths): KeyRef {
  const id = path['key_id'] ?? '';
  const parsed = parseKeyId(id);
  return parsed?.tenant === ORGANIZATION_REF ? parsed.key : refuseUnknown('admin API key', id);
}

/** The spend alert that a path names, in the path's tenant. */
export function alertOf(request: Paths): { readonly tenant: TenantRef; readonly alert: AlertRef } {
  const tenant = tenantOf(request);
  const id = request.path['alert_id'] ?? '';
  const parsed = parseSpendAlertId(id);
  return parsed?.tenant === tenant ? parsed : refuseUnknown('spend alert', id);
}

/** The one refusal for what is unknown, malformed or another's. */
export function refuseUnknown(kind: Kind, id: string | undefined): never {
  throw new GatewayError('not_found', `No such ${kind}: '${quotable(id ?? '', { charactersMax: 64 })}'.`);
}
