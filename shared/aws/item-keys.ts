/**
 * How every item of the config table is addressed.
 *
 *     PK=TENANT#<ref>  TENANT, ACCOUNT#<ref>, KEY#<ref>, KEYUSE#<ref>, ALERT#<ref>, OUTBOX#<id>, ONCE#<digest>
 *     PK=ORG           KEY#<ref> (admin keys), PROJECT_NAME#<digest>, PROJECT#<created>#<ref>, ONCE#<digest>
 *
 * A `PROJECT#` is a copy of its tenant, so that a page of the list is one query; both are written together.
 */
import { createHash } from 'node:crypto';
import {
  type AccountRef,
  type AlertRef,
  type KeyRef,
  ORGANIZATION_REF,
  type TenantRef,
} from '../domain/ids.ts';
import { comparableName, type Tenant } from '../domain/tenancy.ts';
import { type Item, text } from './attribute.ts';

/** The partition of the organisation's own items. */
export const ORGANIZATION_PARTITION = 'ORG';
export const ACCOUNT_PREFIX = 'ACCOUNT#';
export const KEY_PREFIX = 'KEY#';
export const USE_PREFIX = 'KEYUSE#';
export const ALERT_PREFIX = 'ALERT#';
export const OUTBOX_PREFIX = 'OUTBOX#';
export const DIRECTORY_PREFIX = 'PROJECT#';

/** `TENANT#<ref>`, or `ORG` for the organisation's own reference. */
export const partitionOf = (tenant: TenantRef): string =>
  tenant === ORGANIZATION_REF ? ORGANIZATION_PARTITION : `TENANT#${tenant}`;

const keyIn = (tenant: TenantRef, sortKey: string): Item => ({
  PK: text(partitionOf(tenant)),
  SK: text(sortKey),
});

export const tenantKey = (tenant: TenantRef): Item => keyIn(tenant, 'TENANT');

export const accountKey = (tenant: TenantRef, account: AccountRef): Item =>
  keyIn(tenant, ACCOUNT_PREFIX + account);

/** A tenant's key, or an admin key where the reference is the organisation's. */
export const keyKey = (tenant: TenantRef, key: KeyRef): Item => keyIn(tenant, KEY_PREFIX + key);

export const useKey = (tenant: TenantRef, key: KeyRef): Item => keyIn(tenant, USE_PREFIX + key);

export const alertKey = (tenant: TenantRef, alert: AlertRef): Item => keyIn(tenant, ALERT_PREFIX + alert);

export const outboxKey = (tenant: TenantRef, id: string): Item => keyIn(tenant, OUTBOX_PREFIX + id);

export const onceKey = (tenant: TenantRef, digest: string): Item => keyIn(tenant, `ONCE#${digest}`);

/** The item that makes a name unique. Digested, because normalising may lengthen a name beyond what a key holds. */
export const nameKey = (name: string): Item =>
  keyIn(ORGANIZATION_REF, `PROJECT_NAME#${createHash('sha256').update(comparableName(name)).digest('hex')}`);

/** Creation in 16 digits sorts as the numbers do. */
export const directoryKey = (tenant: Pick<Tenant, 'ref' | 'createdAtMs'>): Item =>
  keyIn(ORGANIZATION_REF, `${DIRECTORY_PREFIX}${String(tenant.createdAtMs).padStart(16, '0')}#${tenant.ref}`);
