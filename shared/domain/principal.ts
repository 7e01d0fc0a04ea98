/** Who is calling, whatever the credential. Made by the authorizer, carried signed, never taken from a request. */
import type { AccountRef, KeyRef, TenantRef } from './ids.ts';
import type { TenantLimits } from './limits.ts';

/** What a key of a tenant may do, in its first form. */
export const KEY_SCOPES = ['inference', 'models:read', 'usage:read'] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** What an admin key may do, in its first form. */
export const ADMIN_SCOPES = ['organization:write', 'usage:read'] as const;
export type AdminScope = (typeof ADMIN_SCOPES)[number];

export type Scope = KeyScope | AdminScope;

/** A workload of a tenant, by its API key. */
export interface KeyPrincipal {
  readonly kind: 'key';
  readonly tenant: TenantRef;
  readonly account: AccountRef;
  readonly key: KeyRef;
  readonly scopes: readonly KeyScope[];
  /** The models that the key may call, as patterns of model-access.ts; undefined for all. */
  readonly models?: readonly string[];
  /** The limits in force when the key was checked; they act on this request. */
  readonly limits: TenantLimits;
}

/** An administrator's machine, by its admin key. It cannot call the inference plane. */
export interface AdminPrincipal {
  readonly kind: 'admin';
  readonly key: KeyRef;
  readonly scopes: readonly AdminScope[];
}

export type Principal = KeyPrincipal | AdminPrincipal;

/** Whether the principal's credential carries the scope. */
export const hasScope = (principal: Principal, scope: Scope): boolean =>
  (principal.scopes as readonly Scope[]).includes(scope);
