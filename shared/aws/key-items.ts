/** Keys, admin keys and the marks of their use as items of the config table. */
import type { KeyDigest } from '../domain/api-key.ts';
import { type Grant, KEY_SCOPES, PERMISSION_LEVELS } from '../domain/grant.ts';
import { ORGANIZATION_REF, parseKeyRef, type TenantRef } from '../domain/ids.ts';
import type { PublicJwk, RotationPolicy, ScheduledDelivery } from '../domain/key-delivery.ts';
import { ADMIN_SCOPES } from '../domain/principal.ts';
import type { AdminKey, ApiKey, ClaimLink, KeyClaim, KeyUse, SealedText } from '../domain/tenancy.ts';
import {
  bytesOf,
  flag,
  flagOf,
  type Item,
  integer,
  integerOf,
  malformed,
  mapOf,
  oneOf,
  optionalIntegerOf,
  optionalTextOf,
  text,
  textOf,
  texts,
  textsOf,
} from './attribute.ts';
import { KEY_PREFIX, keyKey } from './item-keys.ts';

export const toKeyItem = (key: ApiKey): Item => ({
  ...keyKey(key.tenant, key.ref),
  ...commonAttributes(key),
  status: text(key.status),
  grant: { M: grantMap(key.grant) },
  ...(key.digest !== undefined && digestAttributes(key.digest)),
  lifetimeMs: integer(key.lifetimeMs),
  rotation: { M: rotationMap(key.rotation) },
  generation: integer(key.generation),
  ...optionalTexts({
    successor: key.successor,
    predecessor: key.predecessor,
    secretVersionId: key.secretVersionId,
  }),
  ...(key.sealed !== undefined && { sealed: { M: sealedMap(key.sealed) } }),
  line: text(key.line),
  ...(key.claim !== undefined && { claim: { M: claimMap(key.claim) } }),
});

export function fromKeyItem(tenant: TenantRef, item: Item): ApiKey {
  const status = oneOf(item, 'status', ['active', 'pending', 'revoked']);
  const successor = optionalRefOf(item, 'successor');
  const predecessor = optionalRefOf(item, 'predecessor');
  const secretVersionId = optionalTextOf(item, 'secretVersionId');
  return {
    tenant,
    ...commonOf(item),
    status,
    grant: fromGrantMap(mapOf(item, 'grant')),
    // Without a digest nobody would be let in: an active key that has none was damaged.
    ...((item['hash'] !== undefined || status === 'active') && { digest: digestOf(item) }),
    lifetimeMs: integerOf(item, 'lifetimeMs'),
    rotation: fromRotationMap(mapOf(item, 'rotation')),
    generation: integerOf(item, 'generation'),
    ...(successor !== undefined && { successor }),
    ...(predecessor !== undefined && { predecessor }),
    ...(item['claim'] !== undefined && { claim: fromClaimMap(mapOf(item, 'claim')) }),
    ...(item['sealed'] !== undefined && { sealed: fromSealedMap(mapOf(item, 'sealed')) }),
    line: parseKeyRef(textOf(item, 'line')) ?? malformed('line'),
    ...(secretVersionId !== undefined && { secretVersionId }),
  };
}

export const toAdminKeyItem = (key: AdminKey): Item => ({
  ...keyKey(ORGANIZATION_REF, key.ref),
  ...commonAttributes(key),
  status: text(key.status),
  scopes: texts(key.scopes),
  ...digestAttributes(key.digest),
  ancestors: texts(key.ancestors),
});

export const fromAdminKeyItem = (item: Item): AdminKey => ({
  ...commonOf(item),
  status: oneOf(item, 'status', ['active', 'revoked']),
  scopes: known(textsOf(item, 'scopes'), ADMIN_SCOPES),
  digest: digestOf(item),
  ancestors: textsOf(item, 'ancestors').map((ref) => parseKeyRef(ref) ?? malformed('ancestors')),
});

export const fromUseItem = (item: Item): KeyUse => ({
  lastUsedAtMs: integerOf(item, 'lastUsedAtMs'),
  claim: integerOf(item, 'usedClaim'),
});

export const grantMap = (grant: Grant): Item => ({
  scopes: texts(grant.scopes),
  level: text(grant.level),
  ...(grant.models !== undefined && { models: texts(grant.models) }),
  ...(grant.ipRanges !== undefined && { ipRanges: texts(grant.ipRanges) }),
});

/** A scope this release does not know grants nothing: an older release may read what a newer one wrote. */
export const fromGrantMap = (map: Item): Grant => ({
  scopes: known(textsOf(map, 'scopes'), KEY_SCOPES),
  level: oneOf(map, 'level', PERMISSION_LEVELS),
  ...(map['models'] !== undefined && { models: textsOf(map, 'models') }),
  ...(map['ipRanges'] !== undefined && { ipRanges: textsOf(map, 'ipRanges') }),
});

/** How long a key is kept after its end, for those who look back: 400 days. */
const KEPT_SECONDS = 400 * 86_400;

const known = <Scope extends string>(scopes: readonly string[], all: readonly Scope[]): readonly Scope[] =>
  scopes.flatMap((scope) => all.find((one) => one === scope) ?? []);

const commonAttributes = (key: AdminKey | ApiKey): Item => ({
  name: text(key.name),
  environment: text(key.environment),
  createdAtMs: integer(key.createdAtMs),
  expiresAtMs: integer(key.expiresAtMs),
  ...(key.revokedAtMs !== undefined && { revokedAtMs: integer(key.revokedAtMs) }),
  revision: integer(key.revision),
  // Rules compare the end itself; DynamoDB only tidies up, when nobody asks after the key any more.
  ttl: integer(Math.ceil(key.expiresAtMs / 1000) + KEPT_SECONDS),
});

function commonOf(item: Item) {
  const revokedAtMs = optionalIntegerOf(item, 'revokedAtMs');
  return {
    ref: parseKeyRef(textOf(item, 'SK').slice(KEY_PREFIX.length)) ?? malformed('SK'),
    name: textOf(item, 'name'),
    environment: oneOf(item, 'environment', ['live', 'test']),
    createdAtMs: integerOf(item, 'createdAtMs'),
    expiresAtMs: integerOf(item, 'expiresAtMs'),
    ...(revokedAtMs !== undefined && { revokedAtMs }),
    revision: integerOf(item, 'revision'),
  } as const;
}

const digestAttributes = (digest: KeyDigest): Item => ({
  hashAlg: text(digest.hashAlg),
  salt: { B: digest.salt },
  hash: { B: digest.hash },
});

const digestOf = (item: Item): KeyDigest => ({
  hashAlg: oneOf(item, 'hashAlg', ['sha256-v1']),
  salt: bytesOf(item, 'salt', 16),
  hash: bytesOf(item, 'hash', 32),
});

const rotationMap = ({ automatic, delivery, overlapMs }: RotationPolicy): Item => ({
  automatic: flag(automatic),
  overlapMs: integer(overlapMs),
  method: text(delivery.method),
  ...(delivery.method === 'jwe' && {
    jwk: { M: Object.fromEntries(Object.entries(delivery.jwk).map(([name, value]) => [name, text(value)])) },
  }),
});

const fromRotationMap = (map: Item): RotationPolicy => ({
  automatic: flagOf(map, 'automatic'),
  delivery: fromDelivery(map),
  overlapMs: integerOf(map, 'overlapMs'),
});

function fromDelivery(map: Item): ScheduledDelivery {
  const method = oneOf(map, 'method', ['claim', 'jwe', 'secrets_manager']);
  return method === 'jwe' ? { method, jwk: jwkOf(mapOf(map, 'jwk')) } : { method };
}

const jwkOf = (map: Item): PublicJwk =>
  Object.fromEntries(Object.keys(map).map((name) => [name, textOf(map, name)]));

const claimMap = (claim: KeyClaim): Item => ({
  links: { L: claim.links.map((link) => ({ M: linkMap(link) })) },
  expiresAtMs: integer(claim.expiresAtMs),
  count: integer(claim.count),
  ...(claim.claimedAtMs !== undefined && { claimedAtMs: integer(claim.claimedAtMs) }),
  ...(claim.claimedBy !== undefined && { claimedBy: text(claim.claimedBy) }),
  ...(claim.overlapMs !== undefined && { overlapMs: integer(claim.overlapMs) }),
});

function fromClaimMap(map: Item): KeyClaim {
  const claimedAtMs = optionalIntegerOf(map, 'claimedAtMs');
  const overlapMs = optionalIntegerOf(map, 'overlapMs');
  return {
    links: (map['links']?.L ?? malformed('links')).map((link) => fromLinkMap(link.M ?? malformed('links'))),
    expiresAtMs: integerOf(map, 'expiresAtMs'),
    count: integerOf(map, 'count'),
    ...(claimedAtMs !== undefined && { claimedAtMs }),
    ...(map['claimedBy'] !== undefined && { claimedBy: oneOf(map, 'claimedBy', ['link', 'predecessor']) }),
    ...(overlapMs !== undefined && { overlapMs }),
  };
}

const linkMap = ({ hash, toldBy }: ClaimLink): Item => ({
  hash: text(hash),
  ...(toldBy !== undefined && { toldBy: text(toldBy) }),
});

function fromLinkMap(map: Item): ClaimLink {
  const toldBy = optionalTextOf(map, 'toldBy');
  return { hash: textOf(map, 'hash'), ...(toldBy !== undefined && { toldBy }) };
}

const sealedMap = ({ jwe, thumbprint }: SealedText): Item => ({
  jwe: text(jwe),
  thumbprint: text(thumbprint),
});

const fromSealedMap = (map: Item): SealedText => ({
  jwe: textOf(map, 'jwe'),
  thumbprint: textOf(map, 'thumbprint'),
});

function optionalRefOf(item: Item, name: string) {
  const ref = optionalTextOf(item, name);
  return ref === undefined ? undefined : (parseKeyRef(ref) ?? malformed(name));
}

const optionalTexts = (values: Readonly<Record<string, string | undefined>>): Item =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, text(value)]])),
  );
