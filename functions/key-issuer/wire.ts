/** Keys, accounts and projects as OpenAI's SDK types them (openai 7.55, resources/admin/organization). */
import { redactKey } from '../../shared/domain/api-key.ts';
import type { Grant } from '../../shared/domain/grant.ts';
import {
  accountOfKey,
  keyId,
  ORGANIZATION_REF,
  projectId,
  serviceAccountId,
  spendAlertId,
} from '../../shared/domain/ids.ts';
import type { RotationPolicy } from '../../shared/domain/key-delivery.ts';
import type { ModelPermissions } from '../../shared/domain/model-access.ts';
import { NANO_USD_A_CENT } from '../../shared/domain/money.ts';
import type {
  AdminKey,
  ApiKey,
  KeyUse,
  ServiceAccount,
  SpendAlert,
  Tenant,
} from '../../shared/domain/tenancy.ts';
import type { Shown } from '../../shared/keys/make-key.ts';
import { claimUrl } from '../../shared/keys/messages.ts';
import { limitSetObject, tenantLimitsObject } from './limit-objects.ts';

export const seconds = (ms: number): number => Math.floor(ms / 1000);
const optionalSeconds = (ms: number | undefined): number | null => (ms === undefined ? null : seconds(ms));

/** `organization.project`; `show_cost` and `limits` are our additions. */
export const projectObject = (tenant: Tenant) => ({
  id: projectId(tenant.ref),
  object: 'organization.project',
  name: tenant.name,
  created_at: seconds(tenant.createdAtMs),
  archived_at: optionalSeconds(tenant.archivedAtMs),
  status: tenant.status,
  show_cost: tenant.showsCost ?? false,
  limits: tenantLimitsObject(tenant.limits),
});

/** `project.spend_alert`. */
export const spendAlertObject = (alert: SpendAlert) => ({
  id: spendAlertId(alert.tenant, alert.ref),
  object: 'project.spend_alert',
  currency: 'USD',
  interval: 'month',
  threshold_amount: alert.thresholdNanoUsd / NANO_USD_A_CENT,
  notification_channel: {
    type: 'email',
    recipients: alert.recipients,
    subject_prefix: alert.subjectPrefix ?? null,
  },
});

/** `project.model_permissions`. */
export const modelPermissionsObject = ({ mode, models }: ModelPermissions) => ({
  object: 'project.model_permissions',
  mode,
  model_ids: models,
});

const grantObject = (grant: Grant) => ({
  scopes: grant.scopes,
  level: grant.level,
  models: grant.models ?? null,
  allowed_ips: grant.ipRanges ?? null,
});

/** `organization.project.service_account`; what its keys may do and its own limits are our additions. */
export const serviceAccountObject = (account: ServiceAccount) => ({
  id: serviceAccountId(account.tenant, account.ref),
  object: 'organization.project.service_account',
  name: account.name,
  role: account.role,
  created_at: seconds(account.createdAtMs),
  ...grantObject(account.grant),
  limits: limitSetObject(account.limits ?? {}),
});

/** What is known of a key beside the key itself. */
export interface KeySurroundings {
  readonly tenant: Tenant | undefined;
  readonly account: ServiceAccount | undefined;
  readonly use: KeyUse | undefined;
  /** Its predecessor's end: until then a sealed text can be fetched again. */
  readonly predecessorEndsAtMs?: number | undefined;
  readonly nowMs: number;
}

/** Whether the keys of an account open anything. */
export const hasAccess = ({ tenant, account }: Pick<KeySurroundings, 'tenant' | 'account'>): boolean =>
  tenant?.status === 'active' && account?.status === 'active' && account.role === 'member';

/** A key's status in words: what has ended opens nothing, whatever is stored. */
const statusOf = (key: ApiKey, nowMs: number): ApiKey['status'] | 'expired' =>
  key.status !== 'revoked' && nowMs >= key.expiresAtMs ? 'expired' : key.status;

/** `organization.project.api_key`: never the key, only its reference; the fields after redacted_value are our additions. */
export const apiKeyObject = (key: ApiKey, of: KeySurroundings) => ({
  id: keyId(key.tenant, key.ref),
  object: 'organization.project.api_key',
  name: key.name,
  created_at: seconds(key.createdAtMs),
  expires_at: seconds(key.expiresAtMs),
  last_used_at: optionalSeconds(of.use?.lastUsedAtMs),
  owner: { type: 'service_account', service_account: ownerObject(key, of.account) },
  owner_project_access: hasAccess(of) ? 'active' : 'inactive',
  redacted_value: redactKey({ kind: 'bpk', environment: key.environment, key: key.ref }),
  status: statusOf(key, of.nowMs),
  ...grantObject(key.grant),
  rotation: rotationObject(key.rotation),
  successor: key.successor === undefined ? null : keyId(key.tenant, key.successor),
  predecessor: key.predecessor === undefined ? null : keyId(key.tenant, key.predecessor),
  claim: claimObject(key),
  delivery: deliveryObject(key, of),
});

const ownerObject = (key: ApiKey, account: ServiceAccount | undefined) => ({
  id: serviceAccountId(key.tenant, accountOfKey(key.ref)),
  created_at: seconds(account?.createdAtMs ?? key.createdAtMs),
  name: account?.name ?? '',
  role: account?.role ?? 'none',
});

const rotationObject = ({ automatic, delivery, overlapMs }: RotationPolicy) => ({
  automatic,
  overlap_seconds: overlapMs / 1000,
  delivery,
});

const claimObject = ({ claim }: ApiKey) =>
  claim === undefined
    ? null
    : { expires_at: seconds(claim.expiresAtMs), claimed_at: optionalSeconds(claim.claimedAtMs) };

/** A sealed text can be fetched again while the predecessor still works. */
function deliveryObject(key: ApiKey, of: KeySurroundings): object | null {
  if (key.secretVersionId !== undefined) {
    return { method: 'secrets_manager', version_id: key.secretVersionId };
  }
  const isOpen = of.predecessorEndsAtMs !== undefined && of.nowMs < of.predecessorEndsAtMs;
  return key.sealed !== undefined && isOpen ? { method: 'jwe', jwe: key.sealed.jwe } : null;
}

/**
 * `organization.project.service_account.api_key`: the one answer that carries a new key's text, and only where it is
 * delivered in the answer; otherwise `value` is null and `delivery` says where the key is.
 */
export const newApiKeyObject = (key: ApiKey, of: { readonly shown: Shown; readonly baseUrl: string }) => ({
  id: keyId(key.tenant, key.ref),
  object: 'organization.project.service_account.api_key',
  name: key.name,
  created_at: seconds(key.createdAtMs),
  expires_at: seconds(key.expiresAtMs),
  value: of.shown.method === 'response' ? of.shown.value : null,
  ...grantObject(key.grant),
  rotation: rotationObject(key.rotation),
  delivery: shownObject(of.shown, of.baseUrl),
});

function shownObject(shown: Shown, baseUrl: string): object {
  switch (shown.method) {
    case 'response':
      return { method: 'response' };
    case 'jwe':
      return { method: 'jwe', jwe: shown.jwe };
    case 'secrets_manager':
      return { method: 'secrets_manager', secret_arn: shown.arn, version_id: shown.versionId };
    case 'claim':
      return {
        method: 'claim',
        claim_url: shown.token === undefined ? null : claimUrl(baseUrl, shown.token),
        expires_at: seconds(shown.expiresAtMs),
      };
  }
}

/** `organization.admin_api_key`; `scopes` is our addition. */
export const adminKeyObject = (key: AdminKey) => ({
  id: keyId(ORGANIZATION_REF, key.ref),
  object: 'organization.admin_api_key',
  name: key.name,
  created_at: seconds(key.createdAtMs),
  expires_at: seconds(key.expiresAtMs),
  last_used_at: null,
  redacted_value: redactKey({ kind: 'bpa', environment: key.environment, key: key.ref }),
  // The type asks for an owner; an admin key is made by another or by a direct invocation, never by a user.
  owner: { type: 'user', object: 'organization.user', role: 'owner', name: 'administration' },
  scopes: key.scopes,
});

/** The same with its text, shown once. */
export const newAdminKeyObject = (key: AdminKey, value: string) => ({ ...adminKeyObject(key), value });
