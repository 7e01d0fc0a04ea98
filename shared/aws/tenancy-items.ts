/**
 * Tenants, accounts and keys as items of the config table. `PK=TENANT#<ref>` holds `TENANT`, `ACCOUNT#<ref>` and
 * `KEY#<ref>`; `PK=ORG` holds admin keys (`KEY#<ref>`), one `PROJECT_NAME#…` a tenant, which makes its name
 * unique, and one `PROJECT#<created>#<ref>` a tenant, a copy of it, so that a page of the list is one query.
 * Whatever changes a tenant writes its copy too (see tenantItems).
 */
import { createHash } from 'node:crypto';
import type { KeyDigest } from '../domain/api-key.ts';
import {
  type AccountRef,
  type KeyRef,
  ORGANIZATION_REF,
  parseAccountRef,
  parseKeyRef,
  parseTenantRef,
  type TenantRef,
} from '../domain/ids.ts';
import type { TenantLimits } from '../domain/limits.ts';
import { ADMIN_SCOPES, KEY_SCOPES } from '../domain/principal.ts';
import {
  type AdminKey,
  type ApiKey,
  comparableName,
  type ServiceAccount,
  type Tenant,
} from '../domain/tenancy.ts';
import {
  bytesOf,
  type Item,
  integer,
  integerOf,
  malformed,
  mapOf,
  oneOf,
  optionalIntegerOf,
  text,
  textOf,
  textsOf,
} from './attribute.ts';

/** The partition of the organisation's own items. */
export const ORGANIZATION_PARTITION = 'ORG';
export const ACCOUNT_PREFIX = 'ACCOUNT#';
export const KEY_PREFIX = 'KEY#';
export const DIRECTORY_PREFIX = 'PROJECT#';

/** `TENANT#<ref>`, or `ORG` for the organisation's own reference. */
export const partitionOf = (tenant: TenantRef): string =>
  tenant === ORGANIZATION_REF ? ORGANIZATION_PARTITION : `TENANT#${tenant}`;

export const tenantKey = (tenant: TenantRef): Item => ({ PK: text(`TENANT#${tenant}`), SK: text('TENANT') });

export const accountKey = (tenant: TenantRef, account: AccountRef): Item => ({
  PK: text(`TENANT#${tenant}`),
  SK: text(ACCOUNT_PREFIX + account),
});

/** A tenant's key, or an admin key where the reference is the organisation's. */
export const keyKey = (tenant: TenantRef, key: KeyRef): Item => ({
  PK: text(partitionOf(tenant)),
  SK: text(KEY_PREFIX + key),
});

/** Creation in 16 digits sorts as the numbers do. */
export const directoryKey = (tenant: Pick<Tenant, 'ref' | 'createdAtMs'>): Item => ({
  PK: text(ORGANIZATION_PARTITION),
  SK: text(`${DIRECTORY_PREFIX}${String(tenant.createdAtMs).padStart(16, '0')}#${tenant.ref}`),
});

/** The tenant and its copy in the directory: always written together. */
export const tenantItems = (tenant: Tenant): { readonly tenant: Item; readonly directory: Item } => ({
  tenant: { ...tenantKey(tenant.ref), ...tenantAttributes(tenant) },
  directory: { ...directoryKey(tenant), ...tenantAttributes(tenant) },
});

/** The item that makes a name unique. Digested, because normalising may lengthen a name beyond what a key holds. */
export const toNameItem = (tenant: Pick<Tenant, 'ref' | 'name'>): Item => ({
  PK: text(ORGANIZATION_PARTITION),
  SK: text(`PROJECT_NAME#${createHash('sha256').update(comparableName(tenant.name)).digest('hex')}`),
  name: text(tenant.name),
  ref: text(tenant.ref),
});

const tenantAttributes = (tenant: Tenant): Item => ({
  ref: text(tenant.ref),
  name: text(tenant.name),
  status: text(tenant.status),
  limits: { M: limitsMap(tenant.limits) },
  createdAtMs: integer(tenant.createdAtMs),
  ...(tenant.archivedAtMs !== undefined && { archivedAtMs: integer(tenant.archivedAtMs) }),
});

/** Reads a tenant, from its own item or its directory entry. */
export function fromTenantItem(item: Item): Tenant {
  const archivedAtMs = optionalIntegerOf(item, 'archivedAtMs');
  return {
    ref: parseTenantRef(textOf(item, 'ref')) ?? malformed('ref'),
    name: textOf(item, 'name'),
    status: oneOf(item, 'status', ['active', 'archived']),
    limits: fromLimitsMap(mapOf(item, 'limits')),
    createdAtMs: integerOf(item, 'createdAtMs'),
    ...(archivedAtMs !== undefined && { archivedAtMs }),
  };
}

const limitsMap = (limits: TenantLimits): Item => ({
  version: integer(limits.version),
  inflightMax: integer(limits.inflightMax),
  outputTokensDefault: integer(limits.outputTokensDefault),
  ...(limits.tokensPerMinute !== undefined && { tokensPerMinute: integer(limits.tokensPerMinute) }),
  ...(limits.nanoUsdPerMonth !== undefined && { nanoUsdPerMonth: integer(limits.nanoUsdPerMonth) }),
});

function fromLimitsMap(map: Item): TenantLimits {
  const tokensPerMinute = optionalIntegerOf(map, 'tokensPerMinute');
  const nanoUsdPerMonth = optionalIntegerOf(map, 'nanoUsdPerMonth');
  return {
    version: integerOf(map, 'version'),
    inflightMax: integerOf(map, 'inflightMax'),
    outputTokensDefault: integerOf(map, 'outputTokensDefault'),
    ...(tokensPerMinute !== undefined && { tokensPerMinute }),
    ...(nanoUsdPerMonth !== undefined && { nanoUsdPerMonth }),
  };
}

export const toAccountItem = (account: ServiceAccount): Item => ({
  ...accountKey(account.tenant, account.ref),
  name: text(account.name),
  status: text(account.status),
  createdAtMs: integer(account.createdAtMs),
});

export function fromAccountItem(tenant: TenantRef, item: Item): ServiceAccount {
  return {
    tenant,
    ref: parseAccountRef(textOf(item, 'SK').slice(ACCOUNT_PREFIX.length)) ?? malformed('SK'),
    name: textOf(item, 'name'),
    status: oneOf(item, 'status', ['active', 'deleted']),
    createdAtMs: integerOf(item, 'createdAtMs'),
  };
}

export const toKeyItem = (key: ApiKey): Item => ({
  ...keyKey(key.tenant, key.ref),
  ...keyAttributes(key),
  ...(key.models !== undefined && { models: { L: key.models.map((model) => text(model)) } }),
});

export const toAdminKeyItem = (key: AdminKey): Item => ({
  ...keyKey(ORGANIZATION_REF, key.ref),
  ...keyAttributes(key),
});

export const fromKeyItem = (tenant: TenantRef, item: Item): ApiKey => ({
  tenant,
  ...keyOf(item, KEY_SCOPES),
  ...(item['models'] !== undefined && { models: textsOf(item, 'models') }),
});

export const fromAdminKeyItem = (item: Item): AdminKey => keyOf(item, ADMIN_SCOPES);

const keyAttributes = (key: AdminKey | ApiKey): Item => ({
  name: text(key.name),
  environment: text(key.environment),
  status: text(key.status),
  scopes: { L: key.scopes.map((scope) => text(scope)) },
  hashAlg: text(key.digest.hashAlg),
  salt: { B: key.digest.salt },
  hash: { B: key.digest.hash },
  createdAtMs: integer(key.createdAtMs),
  expiresAtMs: integer(key.expiresAtMs),
  ...(key.revokedAtMs !== undefined && { revokedAtMs: integer(key.revokedAtMs) }),
});

/** A scope this release does not know grants nothing: an older release may read what a newer one wrote. */
function keyOf<Scope extends string>(item: Item, known: readonly Scope[]) {
  const scopes = textsOf(item, 'scopes');
  const revokedAtMs = optionalIntegerOf(item, 'revokedAtMs');
  return {
    ref: parseKeyRef(textOf(item, 'SK').slice(KEY_PREFIX.length)) ?? malformed('SK'),
    name: textOf(item, 'name'),
    environment: oneOf(item, 'environment', ['live', 'test']),
    status: oneOf(item, 'status', ['active', 'revoked']),
    scopes: known.filter((scope) => scopes.includes(scope)),
    digest: digestOf(item),
    createdAtMs: integerOf(item, 'createdAtMs'),
    expiresAtMs: integerOf(item, 'expiresAtMs'),
    ...(revokedAtMs !== undefined && { revokedAtMs }),
  };
}

/** Lengths are checked here, because the constant-time comparison throws on others. */
const digestOf = (item: Item): KeyDigest => ({
  hashAlg: oneOf(item, 'hashAlg', ['sha256-v1']),
  salt: bytesOf(item, 'salt', 16),
  hash: bytesOf(item, 'hash', 32),
});
