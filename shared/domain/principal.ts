/** Who is calling, whatever the credential. Made by the authorizer, carried signed, never taken from a request. */
import { type KeyScope, type PermissionLevel, scopesInForce } from './grant.ts';
import type { AccountRef, KeyRef, TenantRef } from './ids.ts';
import type { LimitSet, RequestLimits } from './limits.ts';
import type { ModelPermissions } from './model-access.ts';

/** What an admin key may do: families of the Administration API, `write` includes `read`. */
export const ADMIN_SCOPES = [
  'projects:read',
  'projects:write',
  'keys:read',
  'keys:write',
  'limits:read',
  'limits:write',
  'admin_keys:read',
  'admin_keys:write',
  'usage:read',
  'audit:read',
] as const;
export type AdminScope = (typeof ADMIN_SCOPES)[number];

export type Scope = KeyScope | AdminScope;

/** A workload of a tenant, by its API key. What it may do is what its key and its account both grant. */
export interface KeyPrincipal {
  readonly kind: 'key';
  readonly tenant: TenantRef;
  readonly account: AccountRef;
  readonly key: KeyRef;
  readonly scopes: readonly KeyScope[];
  readonly level: PermissionLevel;
  /** The models that the key may call, as patterns of model-access.ts; undefined for all. */
  readonly models?: readonly string[];
  /** The tenant's own allow or deny list; undefined where it has none. */
  readonly modelPermissions?: ModelPermissions;
  /** CIDR ranges from which the key may be used; undefined for everywhere. */
  readonly ipRanges?: readonly string[];
  /** The limits in force when the key was checked; they act on this request. */
  readonly limits: RequestLimits;
  /** The service account's own limits; undefined where it has none. */
  readonly accountLimits?: LimitSet;
  /** The version of the tenant's settings that is in force; undefined where it has none. */
  readonly settingsVersion?: number;
  /** Whether answers say what they cost, also where a request does not ask. */
  readonly showsCost?: true;
  /** When the key ends, where its holder should hear of it: it has a successor, or less than 14 days left. */
  readonly endsAtMs?: number;
}

/** An administrator's machine, by its admin key. It cannot call the inference plane. */
export interface AdminPrincipal {
  readonly kind: 'admin';
  readonly key: KeyRef;
  readonly scopes: readonly AdminScope[];
  /**
   * When the key ends: admin keys that it makes end no later. API keys that it issues live by their project's policy
   * and are not ended with it, for a project's keys must not die with an administrator's key of eight hours.
   */
  readonly expiresAtMs: number;
  /** The admin keys that it descends from, the oldest first. */
  readonly ancestors: readonly KeyRef[];
}

/** How long a line of admin keys may get: each of them is read with every request of the last. */
export const ADMIN_ANCESTORS_MAX = 4;

export type Principal = KeyPrincipal | AdminPrincipal;

/** The scopes of a principal that are in force. */
export const scopesOf = (principal: Principal): readonly Scope[] =>
  principal.kind === 'key' ? scopesInForce(principal) : withReads(principal.scopes);

/** Whoever may change things may also see them. */
const READ_OF: Readonly<Record<WriteScope, AdminScope>> = {
  'projects:write': 'projects:read',
  'keys:write': 'keys:read',
  'limits:write': 'limits:read',
  'admin_keys:write': 'admin_keys:read',
};
type WriteScope = Extract<AdminScope, `${string}:write`>;

const isWrite = (scope: AdminScope): scope is WriteScope => Object.hasOwn(READ_OF, scope);

const withReads = (scopes: readonly AdminScope[]): readonly AdminScope[] => [
  ...new Set([...scopes, ...scopes.filter(isWrite).map((scope) => READ_OF[scope])]),
];
