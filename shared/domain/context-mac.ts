/**
 * The signed identity that the authorizer hands to the functions behind it. API Gateway carries only flat
 * strings, so the principal travels as base64url(JSON) in `p` and its proof in `m`: key id, time and an
 * HMAC-SHA256 over principal, request id, method, resource path and time. A context made by anyone without
 * the secret, for another request or route, or longer ago than half a minute, is no identity.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  type PackedTenantLimits,
  packLimitSet,
  packTenantLimits,
  unpackLimitSet,
  unpackTenantLimits,
} from './packed-limits.ts';
import type { AdminPrincipal, KeyPrincipal, Principal } from './principal.ts';

/** What the authorizer returns as its context. */
export interface SignedContext {
  readonly p: string;
  readonly m: string;
}

/** What one signature is good for: this request, on this route. */
export interface ContextBinding {
  /** `requestContext.requestId`, the same for the authorizer and the integration. */
  readonly requestId: string;
  readonly method: string;
  /** The route template, `/v1/models/{model+}`. */
  readonly resourcePath: string;
}

/** Signing keys by id; two ids are valid while the secret is being rotated. */
export interface ContextSecret {
  readonly currentId: string;
  readonly keys: Readonly<Record<string, Uint8Array>>;
}

/** The most a principal may take as JSON, in bytes: API Gateway bounds a whole context. */
export const CONTEXT_BYTES_MAX = 4096;
/** How long a signature is good for, and how far two clocks may differ. */
const VALID_MS = 30_000;
const MAC = /^([A-Za-z0-9]{1,16})\.(\d{13})\.([A-Za-z0-9_-]{43})$/;

/** Signs a principal for one request. Throws where it would not fit: configuration is bounded when it is set. */
export function signContext(
  secret: ContextSecret,
  of: { readonly principal: Principal; readonly binding: ContextBinding; readonly nowMs: number },
): SignedContext {
  const json = JSON.stringify(packed(of.principal));
  if (Buffer.byteLength(json) > CONTEXT_BYTES_MAX)
    throw new RangeError('The principal exceeds 4 KB of JSON.');
  const p = Buffer.from(json).toString('base64url');
  const key = secret.keys[secret.currentId];
  if (key === undefined) throw new RangeError('The context secret has no key under its current id.');
  const mac = macOf(key, { keyId: secret.currentId, timeMs: of.nowMs, p, binding: of.binding });
  return { p, m: `${secret.currentId}.${of.nowMs}.${mac.toString('base64url')}` };
}

/** The id of the key that a context says it was signed with; undefined where it says none. */
export const signingKeyId = (context: Partial<SignedContext>): string | undefined =>
  typeof context.m === 'string' ? MAC.exec(context.m)?.[1] : undefined;

/** The principal of a context whose signature holds for this request now; otherwise undefined. */
export function verifyContext(
  secret: ContextSecret,
  of: { readonly context: Partial<SignedContext>; readonly binding: ContextBinding; readonly nowMs: number },
): Principal | undefined {
  const { p, m } = of.context;
  if (typeof p !== 'string' || typeof m !== 'string') return undefined;
  const [, keyId, time, mac] = MAC.exec(m) ?? [];
  if (keyId === undefined || time === undefined || mac === undefined) return undefined;
  const key = Object.hasOwn(secret.keys, keyId) ? secret.keys[keyId] : undefined;
  if (key === undefined || Math.abs(of.nowMs - Number(time)) > VALID_MS) return undefined;
  const expected = macOf(key, { keyId, timeMs: Number(time), p, binding: of.binding });
  if (!timingSafeEqual(expected, Buffer.from(mac, 'base64url'))) return undefined;
  // The signature proves that the authorizer wrote these bytes from a Principal.
  return unpacked(JSON.parse(Buffer.from(p, 'base64url').toString('utf8')) as PackedPrincipal);
}

/** A principal as it travels: with limits in short. */
type PackedPrincipal =
  | AdminPrincipal
  | (Omit<KeyPrincipal, 'limits' | 'accountLimits'> & {
      readonly limits: PackedTenantLimits;
      readonly accountLimits?: string;
    });

function packed(principal: Principal): PackedPrincipal {
  if (principal.kind === 'admin') return principal;
  const { limits, accountLimits, ...rest } = principal;
  return {
    ...rest,
    limits: packTenantLimits(limits),
    ...(accountLimits !== undefined && { accountLimits: packLimitSet(accountLimits) }),
  };
}

function unpacked(principal: PackedPrincipal): Principal {
  if (principal.kind === 'admin') return principal;
  const { limits, accountLimits, ...rest } = principal;
  return {
    ...rest,
    limits: unpackTenantLimits(limits),
    ...(accountLimits !== undefined && { accountLimits: unpackLimitSet(accountLimits) }),
  };
}

function macOf(
  key: Uint8Array,
  of: {
    readonly keyId: string;
    readonly timeMs: number;
    readonly p: string;
    readonly binding: ContextBinding;
  },
): Buffer {
  const { requestId, method, resourcePath } = of.binding;
  // No field can contain a line break (ids, base64url, HTTP method, route template), so the join is unambiguous.
  const text = ['bedrock-proxy-context:v1', of.keyId, of.timeMs, requestId, method, resourcePath, of.p].join(
    '\n',
  );
  return createHmac('sha256', key).update(text).digest();
}
