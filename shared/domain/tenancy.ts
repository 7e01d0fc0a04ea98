/** Tenants, their service accounts and keys: the state behind OpenAI's projects, service accounts and API keys. */
import type { KeyDigest, KeyEnvironment } from './api-key.ts';
import type { AuditEntry } from './audit.ts';
import type { AccountRef, KeyRef, TenantRef } from './ids.ts';
import type { TenantLimits } from './limits.ts';
import type { AdminScope, KeyScope } from './principal.ts';

export interface Tenant {
  readonly ref: TenantRef;
  readonly name: string;
  readonly status: 'active' | 'archived';
  readonly limits: TenantLimits;
  readonly createdAtMs: number;
  readonly archivedAtMs?: number;
}

export interface ServiceAccount {
  readonly tenant: TenantRef;
  readonly ref: AccountRef;
  readonly name: string;
  readonly status: 'active' | 'deleted';
  readonly createdAtMs: number;
}

interface StoredKey<Scope> {
  readonly ref: KeyRef;
  readonly name: string;
  readonly environment: KeyEnvironment;
  readonly status: 'active' | 'revoked';
  readonly scopes: readonly Scope[];
  readonly digest: KeyDigest;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs?: number;
}

/** A tenant's API key; its account is the first six characters of its reference. */
export interface ApiKey extends StoredKey<KeyScope> {
  readonly tenant: TenantRef;
  /** The models that it may call, as patterns of model-access.ts; undefined for all. */
  readonly models?: readonly string[];
}

/** An administrator's key; kept under the organisation. */
export type AdminKey = StoredKey<AdminScope>;

/** The longest a key lives, in days: the rotation policy of the product. */
export const KEY_LIFETIME_DAYS = 90;
export const DAY_MS = 86_400_000;

/**
 * Two tenants' names are the same if these are: what differs only in case, width or spacing reads the same on a
 * bill and in a list.
 */
export const comparableName = (name: string): string =>
  name.normalize('NFKC').toLowerCase().trim().replace(/\s+/gu, ' ');

/** What authentication reads of a tenant's key. */
export interface TenantCredential {
  readonly key: ApiKey;
  readonly account: ServiceAccount;
  readonly tenant: Tenant;
}

/** A service account that is to be, with its audit entries. */
export interface AccountCreation {
  readonly account: ServiceAccount;
  /** Its first key; undefined where it begins without one. */
  readonly key: ApiKey | undefined;
  readonly audit: readonly AuditEntry[];
}

/** The end of a key, with its audit entry. */
export interface KeyRevocation {
  readonly tenant: TenantRef;
  readonly key: KeyRef;
  readonly revokedAtMs: number;
  readonly audit: AuditEntry;
}
