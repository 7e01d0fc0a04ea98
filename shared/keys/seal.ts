/**
 * Keys sealed to a public key of the recipient: a compact JWE (RFC 7516), content encryption A256GCM, key agreement
 * RSA-OAEP-256 or ECDH-ES (RFC 7518). Whoever relays it sees ciphertext.
 */
import { CompactEncrypt, calculateJwkThumbprint, importJWK, type JWK } from 'jose';
import { GatewayError } from '../domain/gateway-error.ts';
import type { PublicJwk } from '../domain/key-delivery.ts';
import type { SealedText } from '../domain/tenancy.ts';

type SealingAlgorithm = 'RSA-OAEP-256' | 'ECDH-ES';

/** Modulus of 2048 to 8192 bits, as base64url. */
const MODULUS_LENGTHS = { min: 342, max: 1366 } as const;
const CURVES: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521', 'X25519']);
/** Members that only a private or secret key has (RFC 7518 §6). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;
const PUBLIC_MEMBERS = ['kty', 'n', 'e', 'crv', 'x', 'y', 'alg', 'use', 'kid'] as const;

/**
 * The public key that a JWK holds, reduced to its public members. Throws GatewayError naming `param` where it is of
 * the wrong type, too weak, meant for signatures, or holds a private key.
 */
export async function parsePublicJwk(
  value: Readonly<Record<string, unknown>>,
  param: string,
): Promise<PublicJwk> {
  const refuse = (reason: string): never => {
    throw new GatewayError('invalid_value', `Invalid value for '${param}': ${reason}`, { param });
  };
  const isPrivate = PRIVATE_MEMBERS.some((member) => value[member] !== undefined);
  if (isPrivate)
    refuse('it holds a private or secret key. Replace that key pair and send the public key alone.');
  if (value['use'] !== undefined && value['use'] !== 'enc') refuse("its 'use' must be 'enc'.");
  const jwk: Record<string, string> = {};
  for (const member of PUBLIC_MEMBERS) {
    const text = value[member];
    if (typeof text === 'string' && text.length <= MODULUS_LENGTHS.max) jwk[member] = text;
    else if (text !== undefined) refuse(`its '${member}' must be text.`);
  }
  const algorithm = algorithmOf(jwk);
  if (algorithm === undefined) {
    return refuse('send an RSA key of at least 2048 bits, or an EC key (P-256, P-384, P-521) or X25519 key.');
  }
  if (jwk['alg'] !== undefined && jwk['alg'] !== algorithm) refuse(`its 'alg' must be '${algorithm}'.`);
  await importJWK(jwk as JWK, algorithm).catch(() => refuse('its numbers do not make a public key.'));
  return jwk;
}

/** Names a public key by what it is (RFC 7638), however it is written. */
export const thumbprintOf = (jwk: PublicJwk): Promise<string> => calculateJwkThumbprint(jwk as JWK);

/** The text as a compact JWE to a key that parsePublicJwk has accepted. */
export async function seal(jwk: PublicJwk, text: string): Promise<SealedText> {
  const alg = algorithmOf(jwk);
  if (alg === undefined) throw new TypeError('The registered JWK is of no kind that seals.');
  const key = await importJWK(jwk as JWK, alg);
  const jwe = await new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg, enc: 'A256GCM', ...(jwk['kid'] !== undefined && { kid: jwk['kid'] }) })
    .encrypt(key);
  return { jwe, thumbprint: await thumbprintOf(jwk) };
}

function algorithmOf(jwk: PublicJwk): SealingAlgorithm | undefined {
  const { kty, n = '', crv = '' } = jwk;
  if (kty === 'RSA') return n.length >= MODULUS_LENGTHS.min ? 'RSA-OAEP-256' : undefined;
  const isCurve = CURVES.has(crv) && kty === (crv === 'X25519' ? 'OKP' : 'EC');
  return isCurve ? 'ECDH-ES' : undefined;
}
