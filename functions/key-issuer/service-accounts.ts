import { digestKey, mintKey } from '../../shared/domain/api-key.ts';
import {
  type AccountRef,
  keyId,
  newAccountRef,
  newKeyRef,
  parseServiceAccountId,
  serviceAccountId,
  type TenantRef,
} from '../../shared/domain/ids.ts';
import type { ApiKey, ServiceAccount } from '../../shared/domain/tenancy.ts';
import { listBody, pageRequest } from '../../shared/http/cursor-page.ts';
import { type GatewayRequest, jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { auditOf } from './audit.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { readTenant } from './projects.ts';
import { parseServiceAccount, type ServiceAccountOrder, tenantOf } from './request.ts';
import { newApiKeyObject, serviceAccountObject } from './wire.ts';

/**
 * `POST /organization/projects/{project_id}/service_accounts`: a workload and, unless told otherwise, its first
 * key, whose text is in this answer and nowhere else. Call it with `maxRetries: 0`: a repeat makes another account.
 */
export const createServiceAccount =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const tenant = tenantOf(request);
    const order = parseServiceAccount(request);
    await readTenant(ports, tenant);
    const account: ServiceAccount = {
      tenant,
      ref: newAccountRef(ports.random),
      name: order.name,
      status: 'active',
      createdAtMs: request.receivedAtMs,
    };
    const issued = order.withKey ? issueKey(ports, { account, order }) : undefined;
    const creation = { account, key: issued?.key };
    await ports.tenancy.createAccount({ ...creation, audit: auditsOf(request, creation) });
    return jsonAnswer(200, {
      ...serviceAccountObject(account),
      api_key: issued === undefined ? null : newApiKeyObject(issued.key, issued.text),
    });
  };

/** `GET /organization/projects/{project_id}/service_accounts`. */
export const listServiceAccounts =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const tenant = tenantOf(request);
    const page = pageRequest(request, (id) => accountIn(tenant, id));
    await readTenant(ports, tenant);
    return jsonAnswer(200, listBody(await ports.tenancy.listAccounts(tenant, page), serviceAccountObject));
  };

function accountIn(tenant: TenantRef, id: string): AccountRef | undefined {
  const parsed = parseServiceAccountId(id);
  return parsed?.tenant === tenant ? parsed.account : undefined;
}

function issueKey(
  ports: KeyIssuerPorts,
  of: { readonly account: ServiceAccount; readonly order: ServiceAccountOrder },
): { readonly key: ApiKey; readonly text: string } {
  const { account, order } = of;
  const minted = mintKey(ports.random, {
    kind: 'bpk',
    environment: ports.keyEnvironment,
    tenant: account.tenant,
    key: newKeyRef(ports.random, account.ref),
  });
  return {
    text: minted.text,
    key: {
      tenant: account.tenant,
      ref: minted.key,
      name: order.name,
      environment: minted.environment,
      status: 'active',
      scopes: order.scopes,
      ...(order.models !== undefined && { models: order.models }),
      digest: digestKey(ports.random, minted),
      createdAtMs: account.createdAtMs,
      expiresAtMs: account.createdAtMs + order.keyLifetimeMs,
    },
  };
}

function auditsOf(
  request: GatewayRequest,
  of: { readonly account: ServiceAccount; readonly key: ApiKey | undefined },
) {
  const { account, key } = of;
  const chain = account.tenant;
  const id = serviceAccountId(chain, account.ref);
  const created = auditOf(request, {
    type: 'service_account.created',
    chain,
    subject: { id, name: account.name, role: 'member' },
  });
  if (key === undefined) return [created];
  const subject = { id: keyId(chain, key.ref), service_account: id, scopes: key.scopes };
  return [created, auditOf(request, { type: 'api_key.created', chain, subject })];
}
