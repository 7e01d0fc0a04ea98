/**
 * The identifiers of the product. Each is a branded string, so that a tenant's reference cannot be passed
 * where a key's is wanted; the constructors below are the only way to make one.
 *
 * A reference is random base62 of fixed length. A key's reference begins with its service account's, so the
 * twenty characters inside an API key name all three base-table items that authentication reads.
 */
import { hash } from 'node:crypto';
import { encodeBase62, randomBase62 } from './base62.ts';

declare const brand: unique symbol;
type Brand<Name extends string> = string & { readonly [brand]: Name };

/** Ten base62 characters: the tenant. */
export type TenantRef = Brand<'TenantRef'>;
/** Six base62 characters: a service account within its tenant. */
export type AccountRef = Brand<'AccountRef'>;
/** Ten base62 characters: a key within its tenant; the first six are its account's reference. */
export type KeyRef = Brand<'KeyRef'>;
/** Eight base62 characters: a model within the names of counters; longer than an account's, so that they cannot be confused. */
export type ModelRef = Brand<'ModelRef'>;
/** Ten base62 characters: a spend alert within its tenant. */
export type AlertRef = Brand<'AlertRef'>;
/** A ULID (26 characters, Crockford base32): names one request and sorts by the time it began. */
export type RequestId = Brand<'RequestId'>;

/** Fills `length` bytes from a cryptographically secure source. */
export type RandomBytes = (length: number) => Uint8Array;

/** The tenant reference under which the organisation's own items (admin keys) are kept. */
export const ORGANIZATION_REF = '0000000000' as TenantRef;

const TENANT_REF = /^[0-9A-Za-z]{10}$/;
const ACCOUNT_REF = /^[0-9A-Za-z]{6}$/;
const MODEL_REF = /^[0-9A-Za-z]{8}$/;
const PROJECT_ID = /^proj_([0-9A-Za-z]{10})$/;
const SERVICE_ACCOUNT_ID = /^svc_([0-9A-Za-z]{10})([0-9A-Za-z]{6})$/;
const KEY_ID = /^key_([0-9A-Za-z]{10})([0-9A-Za-z]{10})$/;
const ALERT_ID = /^alert_([0-9A-Za-z]{10})([0-9A-Za-z]{10})$/;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** A new tenant reference: 62^10 values; the store refuses the rare one that is taken. */
export const newTenantRef = (random: RandomBytes): TenantRef => randomBase62(random, 10) as TenantRef;

/** A new service account reference: 62^6 values within a tenant. */
export const newAccountRef = (random: RandomBytes): AccountRef => randomBase62(random, 6) as AccountRef;

/** A new key reference of the given account. */
export const newKeyRef = (random: RandomBytes, account: AccountRef): KeyRef =>
  `${account}${randomBase62(random, 4)}` as KeyRef;

/** A new spend alert reference. */
export const newAlertRef = (random: RandomBytes): AlertRef => randomBase62(random, 10) as AlertRef;

/**
 * The reference of a model, from its id without an inference profile: 47 bits of its digest, so that no id, however
 * long, makes a counter's name longer, and none of a catalogue's meets another.
 */
export const modelRefOf = (model: string): ModelRef =>
  encodeBase62(BigInt(`0x${hash('sha256', model, 'hex').slice(0, 32)}`) % 62n ** 8n, 8) as ModelRef;

/** The account that a key belongs to. */
export const accountOfKey = (key: KeyRef): AccountRef => key.slice(0, 6) as AccountRef;

/** Ten base62 characters as a tenant reference, or undefined. */
export const parseTenantRef = (text: string): TenantRef | undefined =>
  TENANT_REF.test(text) ? (text as TenantRef) : undefined;

/** Six base62 characters as an account reference, or undefined. */
export const parseAccountRef = (text: string): AccountRef | undefined =>
  ACCOUNT_REF.test(text) ? (text as AccountRef) : undefined;

/** Eight base62 characters as a model reference, or undefined. */
export const parseModelRef = (text: string): ModelRef | undefined =>
  MODEL_REF.test(text) ? (text as ModelRef) : undefined;

/** Ten base62 characters as a key reference, or undefined. */
export const parseKeyRef = (text: string): KeyRef | undefined =>
  TENANT_REF.test(text) ? (text as string as KeyRef) : undefined;

/** Ten base62 characters as an alert reference, or undefined. */
export const parseAlertRef = (text: string): AlertRef | undefined =>
  TENANT_REF.test(text) ? (text as string as AlertRef) : undefined;

/** A ULID as a request id, or undefined. */
export const parseRequestId = (text: string): RequestId | undefined =>
  ULID.test(text) ? (text as RequestId) : undefined;

/** `proj_…`, OpenAI's project id for a tenant. */
export const projectId = (tenant: TenantRef): string => `proj_${tenant}`;

/** `svc_…`, OpenAI's service account id. */
export const serviceAccountId = (tenant: TenantRef, account: AccountRef): string => `svc_${tenant}${account}`;

/** `key_…`, OpenAI's API key id; admin keys carry the organisation's reference. */
export const keyId = (tenant: TenantRef, key: KeyRef): string => `key_${tenant}${key}`;

/** `alert_…`, a spend alert's id. */
export const spendAlertId = (tenant: TenantRef, alert: AlertRef): string => `alert_${tenant}${alert}`;

/** `rl_…_all`, the rate limit of a tenant for all models together, or `rl_…_<model>`, for one of them. */
export const rateLimitId = (tenant: TenantRef, model = 'all'): string => `rl_${tenant}_${model}`;

/** Reads an `alert_…` id; undefined where it is not one. */
export function parseSpendAlertId(id: string): { tenant: TenantRef; alert: AlertRef } | undefined {
  const match = ALERT_ID.exec(id);
  return match === null ? undefined : { tenant: match[1] as TenantRef, alert: match[2] as AlertRef };
}

/** Reads a `proj_…` id; undefined where it is not one, the organisation's own reference included. */
export function parseProjectId(id: string): TenantRef | undefined {
  const tenant = PROJECT_ID.exec(id)?.[1] as TenantRef | undefined;
  return tenant === ORGANIZATION_REF ? undefined : tenant;
}

/** Reads a `svc_…` id; undefined where it is not one. */
export function parseServiceAccountId(id: string): { tenant: TenantRef; account: AccountRef } | undefined {
  const match = SERVICE_ACCOUNT_ID.exec(id);
  return match === null ? undefined : { tenant: match[1] as TenantRef, account: match[2] as AccountRef };
}

/** Reads a `key_…` id; undefined where it is not one. */
export function parseKeyId(id: string): { tenant: TenantRef; key: KeyRef } | undefined {
  const match = KEY_ID.exec(id);
  return match === null ? undefined : { tenant: match[1] as TenantRef, key: match[2] as KeyRef };
}
