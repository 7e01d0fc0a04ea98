/** The administration plane's objects as OpenAI's SDK types them (openai 7.55, resources/admin/organization). */
import { redactKey } from '../../shared/domain/api-key.ts';
import {
  accountOfKey,
  keyId,
  ORGANIZATION_REF,
  projectId,
  serviceAccountId,
} from '../../shared/domain/ids.ts';
import type { AdminKey, ApiKey, ServiceAccount, Tenant } from '../../shared/domain/tenancy.ts';

const seconds = (ms: number): number => Math.floor(ms / 1000);

/** `organization.project`; `limits` is our addition. */
export const projectObject = (tenant: Tenant) => ({
  id: projectId(tenant.ref),
  object: 'organization.project',
  name: tenant.name,
  created_at: seconds(tenant.createdAtMs),
  archived_at: tenant.archivedAtMs === undefined ? null : seconds(tenant.archivedAtMs),
  status: tenant.status,
  limits: {
    inflight_requests: tenant.limits.inflightMax,
    tokens_per_minute: tenant.limits.tokensPerMinute ?? null,
    usd_per_month: tenant.limits.nanoUsdPerMonth === undefined ? null : tenant.limits.nanoUsdPerMonth / 1e9,
    default_max_completion_tokens: tenant.limits.outputTokensDefault,
  },
});

/** `organization.project.service_account`. */
export const serviceAccountObject = (account: ServiceAccount) => ({
  id: serviceAccountId(account.tenant, account.ref),
  object: 'organization.project.service_account',
  name: account.name,
  role: 'member',
  created_at: seconds(account.createdAtMs),
});

/** `organization.project.api_key`: never the key, only its reference; `scopes` and `models` are our additions. */
export const apiKeyObject = (key: ApiKey) => ({
  id: keyId(key.tenant, key.ref),
  object: 'organization.project.api_key',
  name: key.name,
  created_at: seconds(key.createdAtMs),
  expires_at: seconds(key.expiresAtMs),
  last_used_at: null,
  owner: {
    type: 'service_account',
    service_account: { id: serviceAccountId(key.tenant, accountOfKey(key.ref)), role: 'member' },
  },
  owner_project_access: 'active',
  redacted_value: redactKey({ kind: 'bpk', environment: key.environment, key: key.ref }),
  scopes: key.scopes,
  models: key.models ?? null,
});

/** The one answer that carries a new key's text. */
export const newApiKeyObject = (key: ApiKey, value: string) => ({
  id: keyId(key.tenant, key.ref),
  object: 'organization.project.service_account.api_key',
  name: key.name,
  created_at: seconds(key.createdAtMs),
  expires_at: seconds(key.expiresAtMs),
  value,
  scopes: key.scopes,
  models: key.models ?? null,
});

/** `organization.admin_api_key` with its text, shown once. */
export const newAdminKeyObject = (key: AdminKey, value: string) => ({
  id: keyId(ORGANIZATION_REF, key.ref),
  object: 'organization.admin_api_key',
  name: key.name,
  created_at: seconds(key.createdAtMs),
  expires_at: seconds(key.expiresAtMs),
  last_used_at: null,
  redacted_value: redactKey({ kind: 'bpa', environment: key.environment, key: key.ref }),
  scopes: key.scopes,
  value,
});
