/** Entities of the control plane for tests: valid, under references that nobody else has, with what a test says of them. */
import { createHash, randomBytes } from 'node:crypto';
import type { AuditEntry, AuditType } from '../../shared/domain/audit.ts';
import type { Entity } from '../../shared/domain/change.ts';
import { DEFAULT_GRANT } from '../../shared/domain/grant.ts';
import {
  type AccountRef,
  newAccountRef,
  newAlertRef,
  newKeyRef,
  newTenantRef,
  type TenantRef,
} from '../../shared/domain/ids.ts';
import { DEFAULT_ROTATION } from '../../shared/domain/key-delivery.ts';
import { DEFAULT_LIMITS } from '../../shared/domain/limits.ts';
import type { OutboxMessage } from '../../shared/domain/outbox.ts';
import {
  type AdminKey,
  type ApiKey,
  DAY_MS,
  type IdempotencyRecord,
  KEY_LIFETIME_DAYS,
  type ServiceAccount,
  type SpendAlert,
  type Tenant,
} from '../../shared/domain/tenancy.ts';

/** When every entity was made. */
export const ENTITIES_MADE_MS = Date.UTC(2026, 10, 20, 12);

export function tenantEntity(of: Partial<Tenant> = {}): Tenant {
  const ref = of.ref ?? newTenantRef(randomBytes);
  return {
    ref,
    name: `tenant ${ref}`,
    status: 'active',
    limits: DEFAULT_LIMITS,
    createdAtMs: ENTITIES_MADE_MS,
    revision: 1,
    ...of,
  };
}

/** A service account of the tenant, which may do what one may that names nothing. */
export const accountEntity = (tenant: TenantRef, of: Partial<ServiceAccount> = {}): ServiceAccount => ({
  tenant,
  ref: newAccountRef(randomBytes),
  name: 'worker',
  role: 'member',
  status: 'active',
  grant: DEFAULT_GRANT,
  createdAtMs: ENTITIES_MADE_MS,
  revision: 1,
  ...of,
});

const newKeyFields = (account: AccountRef) => ({
  ref: newKeyRef(randomBytes, account),
  name: 'first key',
  environment: 'test' as const,
  status: 'active' as const,
  digest: {
    hashAlg: 'sha256-v1' as const,
    salt: Uint8Array.from(randomBytes(16)),
    hash: Uint8Array.from(createHash('sha256').update(randomBytes(8)).digest()),
  },
  createdAtMs: ENTITIES_MADE_MS,
  revision: 1,
});

/** The first key of its line. */
const lineOf = (fields: ReturnType<typeof newKeyFields>) => ({ ...fields, line: fields.ref });

/** An active key of the account, with its account's grant and a digest that no secret has. */
export const keyEntity = (
  account: Pick<ServiceAccount, 'tenant' | 'ref' | 'grant'>,
  of: Partial<ApiKey> = {},
): ApiKey => ({
  ...lineOf(newKeyFields(account.ref)),
  tenant: account.tenant,
  grant: account.grant,
  expiresAtMs: ENTITIES_MADE_MS + KEY_LIFETIME_DAYS * DAY_MS,
  lifetimeMs: KEY_LIFETIME_DAYS * DAY_MS,
  rotation: DEFAULT_ROTATION,
  generation: 0,
  ...of,
});

/** A key that waits to be claimed by one link, hence without a digest. */
export function pendingKeyEntity(
  account: Pick<ServiceAccount, 'tenant' | 'ref' | 'grant'>,
  of: Partial<Omit<ApiKey, 'digest' | 'status'>> = {},
): ApiKey {
  const { digest: _, ...key } = keyEntity(account, of);
  const links = [{ hash: randomBytes(32).toString('hex') }];
  const claim = { links, expiresAtMs: key.createdAtMs + DAY_MS, count: 0 };
  return { claim, ...key, status: 'pending' };
}

export const adminKeyEntity = (of: Partial<AdminKey> = {}): AdminKey => ({
  ...newKeyFields(newAccountRef(randomBytes)),
  expiresAtMs: ENTITIES_MADE_MS + 8 * 3_600_000,
  scopes: ['projects:write', 'keys:write'],
  ancestors: [],
  ...of,
});

export const alertEntity = (tenant: TenantRef, of: Partial<SpendAlert> = {}): SpendAlert => ({
  tenant,
  ref: newAlertRef(randomBytes),
  thresholdNanoUsd: 5_000_000_000,
  recipients: ['team@example.com'],
  createdAtMs: ENTITIES_MADE_MS,
  revision: 1,
  ...of,
});

export const outboxEntity = (tenant: TenantRef, of: Partial<OutboxMessage> = {}): OutboxMessage => ({
  tenant,
  id: `spend_alert.reached:${newAlertRef(randomBytes)}`,
  type: 'spend_alert.reached',
  createdAtMs: ENTITIES_MADE_MS,
  state: 'pending',
  detail: { month: '2026-11' },
  forgetAtMs: ENTITIES_MADE_MS + 400 * DAY_MS,
  revision: 1,
  ...of,
});

export const idempotencyEntity = (
  tenant: TenantRef,
  of: Partial<IdempotencyRecord> = {},
): IdempotencyRecord => ({
  tenant,
  digest: randomBytes(32).toString('hex'),
  made: 'proj_1234567890',
  forgetAtMs: ENTITIES_MADE_MS + DAY_MS,
  ...of,
});

/** What happened to `id`, told in the tenant's chain by someone who invoked the function directly. */
export const auditEntity = (
  chain: TenantRef,
  of: { readonly id: string; readonly type?: AuditType; readonly atMs?: number },
): AuditEntry => {
  const { id, type = 'project.updated', atMs = ENTITIES_MADE_MS } = of;
  return {
    id: `${type}:${id}`,
    type,
    atMs,
    actor: { kind: 'direct-invocation', awsRequestId: 'an-invocation' },
    request: 'an-invocation',
    chain,
    subject: { id },
  };
};

/** The entities that make a tenant, with the name that is its own: what a creation inserts. */
export const tenantEntities = (tenant: Tenant): readonly Entity[] => [
  { type: 'tenant-name', value: { ref: tenant.ref, name: tenant.name } },
  { type: 'tenant', value: tenant },
];
