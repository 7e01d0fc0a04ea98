/** Tenants and service accounts as items of the config table. */
import type { TenantName } from '../domain/change.ts';
import { parseAccountRef, parseTenantRef, type TenantRef } from '../domain/ids.ts';
import type { ModelPermissions } from '../domain/model-access.ts';
import type { ServiceAccount, Tenant } from '../domain/tenancy.ts';
import {
  flag,
  flagOf,
  type Item,
  integer,
  integerOf,
  malformed,
  mapOf,
  oneOf,
  optionalIntegerOf,
  text,
  textOf,
  texts,
  textsOf,
} from './attribute.ts';
import { ACCOUNT_PREFIX, accountKey, directoryKey, nameKey, tenantKey } from './item-keys.ts';
import { fromGrantMap, grantMap } from './key-items.ts';
import { fromLimitSet, fromTenantLimits, limitSetMap, tenantLimitsMap } from './limit-maps.ts';

export const toNameItem = ({ ref, name }: TenantName): Item => ({
  ...nameKey(name),
  name: text(name),
  ref: text(ref),
});

export const fromNameItem = (item: Item): TenantName => ({
  ref: parseTenantRef(textOf(item, 'ref')) ?? malformed('ref'),
  name: textOf(item, 'name'),
});

/** The tenant and its copy in the directory: always written together. */
export const tenantItems = (tenant: Tenant): { readonly tenant: Item; readonly directory: Item } => ({
  tenant: { ...tenantKey(tenant.ref), ...tenantAttributes(tenant) },
  directory: { ...directoryKey(tenant), ...tenantAttributes(tenant) },
});

const tenantAttributes = (tenant: Tenant): Item => ({
  ref: text(tenant.ref),
  name: text(tenant.name),
  status: text(tenant.status),
  limits: { M: tenantLimitsMap(tenant.limits) },
  ...(tenant.modelPermissions !== undefined && { modelPermissions: permissionsMap(tenant.modelPermissions) }),
  ...(tenant.settingsVersion !== undefined && { settingsVersion: integer(tenant.settingsVersion) }),
  ...(tenant.showsCost !== undefined && { showsCost: flag(tenant.showsCost) }),
  createdAtMs: integer(tenant.createdAtMs),
  ...(tenant.archivedAtMs !== undefined && { archivedAtMs: integer(tenant.archivedAtMs) }),
  revision: integer(tenant.revision),
});

/** Reads a tenant, from its own item or its directory entry. */
export function fromTenantItem(item: Item): Tenant {
  const archivedAtMs = optionalIntegerOf(item, 'archivedAtMs');
  const settingsVersion = optionalIntegerOf(item, 'settingsVersion');
  return {
    ref: parseTenantRef(textOf(item, 'ref')) ?? malformed('ref'),
    name: textOf(item, 'name'),
    status: oneOf(item, 'status', ['active', 'archived']),
    limits: fromTenantLimits(mapOf(item, 'limits')),
    ...(item['modelPermissions'] !== undefined && {
      modelPermissions: fromPermissionsMap(mapOf(item, 'modelPermissions')),
    }),
    ...(settingsVersion !== undefined && { settingsVersion }),
    ...(item['showsCost'] !== undefined && flagOf(item, 'showsCost') && { showsCost: true }),
    createdAtMs: integerOf(item, 'createdAtMs'),
    ...(archivedAtMs !== undefined && { archivedAtMs }),
    revision: integerOf(item, 'revision'),
  };
}

export const toAccountItem = (account: ServiceAccount): Item => ({
  ...accountKey(account.tenant, account.ref),
  name: text(account.name),
  role: text(account.role),
  status: text(account.status),
  grant: { M: grantMap(account.grant) },
  ...(account.limits !== undefined && { limits: { M: limitSetMap(account.limits) } }),
  createdAtMs: integer(account.createdAtMs),
  ...(account.deletedAtMs !== undefined && { deletedAtMs: integer(account.deletedAtMs) }),
  revision: integer(account.revision),
});

export function fromAccountItem(tenant: TenantRef, item: Item): ServiceAccount {
  const deletedAtMs = optionalIntegerOf(item, 'deletedAtMs');
  return {
    tenant,
    ref: parseAccountRef(textOf(item, 'SK').slice(ACCOUNT_PREFIX.length)) ?? malformed('SK'),
    name: textOf(item, 'name'),
    role: oneOf(item, 'role', ['member', 'none']),
    status: oneOf(item, 'status', ['active', 'deleted']),
    grant: fromGrantMap(mapOf(item, 'grant')),
    ...(item['limits'] !== undefined && { limits: fromLimitSet(mapOf(item, 'limits')) }),
    createdAtMs: integerOf(item, 'createdAtMs'),
    ...(deletedAtMs !== undefined && { deletedAtMs }),
    revision: integerOf(item, 'revision'),
  };
}

const permissionsMap = ({ mode, models }: ModelPermissions) => ({
  M: { mode: text(mode), models: texts(models) },
});

const fromPermissionsMap = (map: Item): ModelPermissions => ({
  mode: oneOf(map, 'mode', ['allow_list', 'deny_list']),
  models: textsOf(map, 'models'),
});
