/**
 * Which scope opens which route: the one table by which the authorizer writes its policy and the pipeline judges
 * again. Routes are API Gateway's own templates, never paths, so that no spelling of a path can pass for another.
 * A route that is not here is open to nobody.
 */
import { KEY_SCOPES } from './grant.ts';
import { inIpRanges } from './ip-range.ts';
import { ADMIN_SCOPES, type Principal, type Scope, scopesOf } from './principal.ts';

const PROJECTS = '/v1/organization/projects';
const PROJECT = `${PROJECTS}/{project_id}`;
const ACCOUNTS = `${PROJECT}/service_accounts`;
const ACCOUNT = `${ACCOUNTS}/{service_account_id}`;
const KEYS = `${PROJECT}/api_keys`;
const KEY = `${KEYS}/{api_key_id}`;
const ADMIN_KEYS = '/v1/organization/admin_api_keys';
const ALERTS = `${PROJECT}/spend_alerts`;

/** The scopes of which any one opens the route. */
export const ROUTE_SCOPES: Readonly<Record<string, readonly Scope[]>> = {
  'POST /v1/chat/completions': ['chat.completions:write'],
  'POST /v1/completions': ['chat.completions:write'],
  'POST /v1/embeddings': ['embeddings:write'],
  'POST /v1/moderations': ['moderations:write'],
  'GET /v1/models': ['models:read', 'chat.completions:write', 'embeddings:write'],
  'GET /v1/models/{model+}': ['models:read', 'chat.completions:write', 'embeddings:write'],
  'POST /v1/api_keys/self/rotate': ['keys:rotate'],

  [`GET ${ADMIN_KEYS}`]: ['admin_keys:read'],
  [`POST ${ADMIN_KEYS}`]: ['admin_keys:write'],
  [`GET ${ADMIN_KEYS}/{key_id}`]: ['admin_keys:read'],
  [`DELETE ${ADMIN_KEYS}/{key_id}`]: ['admin_keys:write'],

  [`GET ${PROJECTS}`]: ['projects:read'],
  [`POST ${PROJECTS}`]: ['projects:write'],
  [`GET ${PROJECT}`]: ['projects:read'],
  [`POST ${PROJECT}`]: ['projects:write'],
  [`POST ${PROJECT}/archive`]: ['projects:write'],
  [`GET ${PROJECT}/model_aliases`]: ['projects:read'],
  [`POST ${PROJECT}/model_aliases`]: ['projects:write'],

  [`GET ${ACCOUNTS}`]: ['keys:read'],
  [`POST ${ACCOUNTS}`]: ['keys:write'],
  [`GET ${ACCOUNT}`]: ['keys:read'],
  [`POST ${ACCOUNT}`]: ['keys:write'],
  [`DELETE ${ACCOUNT}`]: ['keys:write'],
  [`POST ${ACCOUNT}/api_keys`]: ['keys:write'],
  [`GET ${KEYS}`]: ['keys:read'],
  [`GET ${KEY}`]: ['keys:read'],
  [`POST ${KEY}`]: ['keys:write'],
  [`DELETE ${KEY}`]: ['keys:write'],
  [`POST ${KEY}/rotate`]: ['keys:write'],
  [`POST ${KEY}/claim_link`]: ['keys:write'],

  [`GET ${PROJECT}/rate_limits`]: ['limits:read'],
  [`POST ${PROJECT}/rate_limits/{rate_limit_id}`]: ['limits:write'],
  // Of tenants' keys those that may read usage see their own project.
  [`GET ${PROJECT}/limit_usage`]: ['limits:read', 'usage:read'],
  [`GET ${PROJECT}/spend_limit`]: ['limits:read'],
  [`POST ${PROJECT}/spend_limit`]: ['limits:write'],
  [`DELETE ${PROJECT}/spend_limit`]: ['limits:write'],
  [`GET ${ALERTS}`]: ['limits:read'],
  [`POST ${ALERTS}`]: ['limits:write'],
  [`GET ${ALERTS}/{alert_id}`]: ['limits:read'],
  [`POST ${ALERTS}/{alert_id}`]: ['limits:write'],
  [`DELETE ${ALERTS}/{alert_id}`]: ['limits:write'],
  [`GET ${PROJECT}/model_permissions`]: ['limits:read'],
  [`POST ${PROJECT}/model_permissions`]: ['limits:write'],
  [`DELETE ${PROJECT}/model_permissions`]: ['limits:write'],

  'GET /v1/organization/usage/completions': ['usage:read'],
  'GET /v1/organization/usage/embeddings': ['usage:read'],
  'GET /v1/organization/usage/images': ['usage:read'],
  'GET /v1/organization/usage/moderations': ['usage:read'],
  'GET /v1/organization/costs': ['usage:read'],
  'GET /v1/organization/audit_logs': ['audit:read'],
};

/** The routes that need no credential. */
export const OPEN_ROUTES = ['GET /health', 'GET /openapi.json', 'POST /v1/api_keys/claim'] as const;
export type OpenRoute = (typeof OPEN_ROUTES)[number];

/** Why a caller may not use a route. */
export type Denial =
  /** No key of the caller's kind can have a scope that opens the route; keys of this kind can. */
  | { readonly reason: 'kind'; readonly needed: Principal['kind'] }
  | { readonly reason: 'scope'; readonly needed: readonly Scope[] }
  /** The scope is there, and the permission level leaves it without force. */
  | { readonly reason: 'level' }
  | { readonly reason: 'address' };

/** Whether a route of this table is open to a principal that calls from this address; undefined where it is. */
export function denialOf(
  principal: Principal,
  of: { readonly route: string; readonly sourceIp: string },
): Denial | undefined {
  const needed = Object.hasOwn(ROUTE_SCOPES, of.route) ? (ROUTE_SCOPES[of.route] ?? []) : [];
  if (!holdsOneOf(scopesOf(principal), needed)) {
    if (holdsOneOf(principal.scopes, needed)) return { reason: 'level' };
    return isOfOtherKind(principal, needed)
      ? { reason: 'kind', needed: OTHER_KIND[principal.kind] }
      : { reason: 'scope', needed };
  }
  const ranges = principal.kind === 'key' ? principal.ipRanges : undefined;
  return ranges === undefined || inIpRanges(of.sourceIp, ranges) ? undefined : { reason: 'address' };
}

const holdsOneOf = (held: readonly Scope[], needed: readonly Scope[]): boolean =>
  needed.some((scope) => held.includes(scope));

const SCOPES_OF: Readonly<Record<Principal['kind'], readonly Scope[]>> = {
  key: KEY_SCOPES,
  admin: ADMIN_SCOPES,
};
const OTHER_KIND = { key: 'admin', admin: 'key' } as const;

/** To ask for such a scope would be in vain. A route that no table knows needs none, and is of neither kind. */
const isOfOtherKind = ({ kind }: Principal, needed: readonly Scope[]): boolean =>
  needed.length > 0 && !holdsOneOf(SCOPES_OF[kind], needed);

/** The alias under which every route is served too (Groq's SDKs, Bedrock's own base path). */
const ALIAS = /^\/openai(?=\/)/;

/** `POST /v1/chat/completions` of API Gateway's method and resource template, whichever prefix it was called by. */
export const routeOf = (method: string, resourcePath: string): string =>
  `${method} ${resourcePath.replace(ALIAS, '')}`;
