/**
 * API keys: `bpk_<live|test>_<tenantRef 10><keyRef 10>_<secret 43><crc 6>`, admin keys the same with `bpa`.
 *
 * The secret is 32 random bytes as one big-endian number in base62 (62^43 > 2^256, so every bit survives).
 * The checksum is CRC32 (IEEE) of everything before it: a mistyped key is refused without a read, and a
 * scanner tells a leaked key from noise. It is public and no defence. What is stored is a salted digest of
 * the whole key, so that a digest cannot be moved to another item.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { encodeBase62 } from './base62.ts';
import { type KeyRef, parseKeyRef, parseTenantRef, type RandomBytes, type TenantRef } from './ids.ts';

/**
 * `bpk`: a tenant's key for the inference plane. `bpa`: an administrator's for the administration plane. `bpc`: the
 * token of a claim link, with which a pending key is claimed once.
 */
export type KeyKind = 'bpk' | 'bpa' | 'bpc';
/** `live` in the production stage, `test` in every other: tells a leaked key's worth at a glance. */
export type KeyEnvironment = 'live' | 'test';

/** What a key's text says about itself; nothing of it is proven until the secret has been compared. */
export interface ParsedKey {
  readonly kind: KeyKind;
  readonly environment: KeyEnvironment;
  readonly tenant: TenantRef;
  readonly key: KeyRef;
  /** The whole key. Never log it. */
  readonly text: string;
}

/** The part of a key that is kept: nothing from which the key could be found. */
export interface KeyDigest {
  readonly hashAlg: 'sha256-v1';
  /** 16 random bytes, one salt a key. */
  readonly salt: Uint8Array;
  /** SHA-256 of `"bpk:v1\0" ‖ salt ‖ whole key`. */
  readonly hash: Uint8Array;
}

const SECRET_BYTES = 32;
const SECRET_LENGTH = 43;
const CRC_LENGTH = 6;
const SALT_BYTES = 16;
const KEY_LENGTH = 79;
const KEY = /^(bpk|bpa|bpc)_(live|test)_([0-9A-Za-z]{10})([0-9A-Za-z]{10})_[0-9A-Za-z]{49}$/;

/** Compared against when no key was found, so that an unknown id takes the same path as a wrong secret. */
const DUMMY_DIGEST: KeyDigest = {
  hashAlg: 'sha256-v1',
  salt: new Uint8Array(SALT_BYTES),
  hash: new Uint8Array(32),
};

/** Makes a key from 32 fresh random bytes. The text is shown once and kept nowhere. */
export function mintKey(
  random: RandomBytes,
  of: Pick<ParsedKey, 'kind' | 'environment' | 'tenant' | 'key'>,
): ParsedKey {
  const secret = BigInt(`0x${Buffer.from(random(SECRET_BYTES)).toString('hex')}`);
  const body = `${of.kind}_${of.environment}_${of.tenant}${of.key}_${encodeBase62(secret, SECRET_LENGTH)}`;
  return { ...of, text: body + checksum(body) };
}

/** Reads a key's text; undefined for anything that mintKey could not have made. Reads no store. */
export function parseKey(text: string): ParsedKey | undefined {
  if (text.length !== KEY_LENGTH) return undefined;
  const match = KEY.exec(text);
  if (match === null || checksum(text.slice(0, -CRC_LENGTH)) !== text.slice(-CRC_LENGTH)) return undefined;
  const tenant = parseTenantRef(match[3] ?? '');
  const key = parseKeyRef(match[4] ?? '');
  if (tenant === undefined || key === undefined) return undefined;
  return { kind: match[1] as KeyKind, environment: match[2] as KeyEnvironment, tenant, key, text };
}

/** The digest to store for a key. */
export function digestKey(random: RandomBytes, key: ParsedKey): KeyDigest {
  const salt = random(SALT_BYTES);
  return { hashAlg: 'sha256-v1', salt, hash: hashOf(salt, key.text) };
}

/**
 * Whether the presented key is the one whose digest is stored. Without a stored digest the same work is done
 * on a dummy and the answer is no: time does not tell an unknown id from a wrong secret.
 */
export function verifyKey(presented: ParsedKey, stored: KeyDigest | undefined): boolean {
  const digest = stored ?? DUMMY_DIGEST;
  const equal = timingSafeEqual(hashOf(digest.salt, presented.text), digest.hash);
  return equal && stored !== undefined;
}

/** Also what is left of a key that was cut, or one with a slip in it: it is a secret to whoever pasted it. */
const KEY_LIKE = /(bpk|bpa|bpc)_(?:live|test)_[0-9A-Za-z_]*/g;

/**
 * What a caller wrote, fit to be repeated in an answer that clients keep and log: short, well-formed text, in which
 * `bpk_…` stands for whatever looks like a key. People paste keys where ids belong.
 */
export const quotable = (text: string, { charactersMax }: { readonly charactersMax: number }): string =>
  text.replace(KEY_LIKE, '$1_…').slice(0, charactersMax).toWellFormed();

/** What a person may see of a key: its kind, its environment and its public reference. */
export const redactKey = (of: Pick<ParsedKey, 'kind' | 'environment' | 'key'>): string =>
  `${of.kind}_${of.environment}_…${of.key}…`;

function hashOf(salt: Uint8Array, text: string): Buffer {
  return createHash('sha256').update('bpk:v1\0').update(salt).update(text).digest();
}

function checksum(body: string): string {
  return encodeBase62(BigInt(crc32(body)), CRC_LENGTH);
}
