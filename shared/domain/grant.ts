/**
 * What a credential of a tenant may do. Service accounts and keys each carry a grant; a key's must lie within its
 * account's when it is made, and what is in force is what both still allow, so that narrowing an account acts on
 * the next request. Default deny: what is not named is not granted.
 */
import { ipRangeCovers } from './ip-range.ts';

/** Endpoint families and methods. `keys:rotate` lets a workload renew its own key. */
export const KEY_SCOPES = [
  'chat.completions:write',
  'embeddings:write',
  'moderations:write',
  'models:read',
  'usage:read',
  'keys:rotate',
] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/**
 * The permission level, lowest first: what a scope or a tool demands at least. `read` allows scopes that end in
 * `:read` alone; the levels above `write` are for tools that destroy or execute.
 */
export const PERMISSION_LEVELS = ['read', 'write', 'destructive', 'exec'] as const;
export type PermissionLevel = (typeof PERMISSION_LEVELS)[number];

export interface Grant {
  readonly scopes: readonly KeyScope[];
  readonly level: PermissionLevel;
  /** Model ids, or beginnings of ids followed by `*`; undefined for every model. */
  readonly models?: readonly string[];
  /** CIDR ranges from which it may be used; undefined for everywhere. */
  readonly ipRanges?: readonly string[];
}

/** Patterns of models in one grant. */
export const GRANT_MODELS_MAX = 20;
/** Ranges of addresses in one grant. */
export const GRANT_IP_RANGES_MAX = 10;
/**
 * What the lists of one grant may take as JSON, in bytes. Those of a key and of its account travel with each
 * request of the key, at worst all of both, inside CONTEXT_BYTES_MAX (context-mac.ts).
 */
export const GRANT_BYTES_MAX = 900;

/** Whether a grant's lists are short enough to travel with a request. */
export const grantFits = ({ models, ipRanges }: Pick<Grant, 'models' | 'ipRanges'>): boolean =>
  (models?.length ?? 0) <= GRANT_MODELS_MAX &&
  (ipRanges?.length ?? 0) <= GRANT_IP_RANGES_MAX &&
  Buffer.byteLength(JSON.stringify({ models, ipRanges })) <= GRANT_BYTES_MAX;

/** What a service account may do that names nothing: call models. Renewing its own key must be asked for. */
export const DEFAULT_GRANT: Grant = {
  scopes: ['chat.completions:write', 'embeddings:write', 'models:read'],
  level: 'write',
};

/** The parts of a grant that another does not cover, in the wire's spelling; empty where it lies within. */
export function exceeding(
  inner: Grant,
  outer: Grant,
): readonly ('scopes' | 'level' | 'models' | 'allowed_ips')[] {
  return [
    ...(inner.scopes.every((scope) => outer.scopes.includes(scope)) ? [] : (['scopes'] as const)),
    ...(rank(inner.level) <= rank(outer.level) ? [] : (['level'] as const)),
    ...(within(inner.models, outer.models, patternCovers) ? [] : (['models'] as const)),
    ...(within(inner.ipRanges, outer.ipRanges, ipRangeCovers) ? [] : (['allowed_ips'] as const)),
  ];
}

/** What both grants allow. A list that comes out empty allows nothing, which is not the same as no list. */
export function narrowGrant(one: Grant, other: Grant): Grant {
  const models = narrowed(one.models, other.models, patternCovers);
  const ipRanges = narrowed(one.ipRanges, other.ipRanges, ipRangeCovers);
  return {
    scopes: one.scopes.filter((scope) => other.scopes.includes(scope)),
    level: rank(one.level) <= rank(other.level) ? one.level : other.level,
    ...(models !== undefined && { models }),
    ...(ipRanges !== undefined && { ipRanges }),
  };
}

/** The scopes that a grant's level leaves in force. */
export const scopesInForce = (grant: Pick<Grant, 'scopes' | 'level'>): readonly KeyScope[] =>
  grant.level === 'read' ? grant.scopes.filter((scope) => scope.endsWith(':read')) : grant.scopes;

/** Whether every model that `inner` names is one that `outer` names: ids, or beginnings followed by `*`. */
export function patternCovers(outer: string, inner: string): boolean {
  if (!outer.endsWith('*')) return outer === inner;
  const beginning = outer.slice(0, -1);
  return (inner.endsWith('*') ? inner.slice(0, -1) : inner).startsWith(beginning);
}

type Covers = (outer: string, inner: string) => boolean;

const rank = (level: PermissionLevel): number => PERMISSION_LEVELS.indexOf(level);

/** An absent list allows everything, so only an absent one covers it. */
function within(
  inner: readonly string[] | undefined,
  outer: readonly string[] | undefined,
  covers: Covers,
): boolean {
  if (outer === undefined) return true;
  return inner?.every((one) => outer.some((other) => covers(other, one))) ?? false;
}

/** Of each two that overlap the narrower one: patterns and ranges contain each other or share nothing. */
function narrowed(
  one: readonly string[] | undefined,
  other: readonly string[] | undefined,
  covers: Covers,
): readonly string[] | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const inOther = one.filter((inner) => other.some((outer) => covers(outer, inner)));
  const inOne = other.filter((inner) => one.some((outer) => covers(outer, inner)));
  return [...new Set([...inOther, ...inOne])];
}
