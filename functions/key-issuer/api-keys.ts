import { type KeyRef, keyId, parseKeyId, type TenantRef } from '../../shared/domain/ids.ts';
import { listBody, pageRequest } from '../../shared/http/cursor-page.ts';
import { jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { auditOf } from './audit.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { readTenant } from './projects.ts';
import { keyOf, refuseUnknown, tenantOf } from './request.ts';
import { apiKeyObject } from './wire.ts';

/** `GET /organization/projects/{project_id}/api_keys`: the keys that have not been revoked. */
export const listApiKeys =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const tenant = tenantOf(request);
    const page = pageRequest(request, (id) => keyIn(tenant, id));
    await readTenant(ports, tenant);
    return jsonAnswer(200, listBody(await ports.tenancy.listKeys(tenant, page), apiKeyObject));
  };

/** `GET /organization/projects/{project_id}/api_keys/{api_key_id}`. */
export const retrieveApiKey =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const { tenant, key } = keyOf(request);
    const stored = await ports.credentials.readTenantKey(tenant, key);
    if (stored.key?.status !== 'active') return refuseUnknown('API key', keyId(tenant, key));
    return jsonAnswer(200, apiKeyObject(stored.key));
  };

/** `DELETE …/api_keys/{api_key_id}`: revokes at once; the next request with the key gets 401. May be repeated. */
export const deleteApiKey =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const { tenant, key } = keyOf(request);
    const id = keyId(tenant, key);
    const audit = auditOf(request, { type: 'api_key.deleted', chain: tenant, subject: { id } });
    await ports.tenancy.revokeKey({ tenant, key, revokedAtMs: request.receivedAtMs, audit });
    return jsonAnswer(200, { id, object: 'organization.project.api_key.deleted', deleted: true });
  };

function keyIn(tenant: TenantRef, id: string): KeyRef | undefined {
  const parsed = parseKeyId(id);
  return parsed?.tenant === tenant ? parsed.key : undefined;
}
