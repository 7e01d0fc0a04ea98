/** Events as API Gateway hands them to a function, signed as the authorizer signs them. */
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { type ContextSecret, signContext } from '../../shared/domain/context-mac.ts';
import { KEY_SCOPES } from '../../shared/domain/grant.ts';
import { newAccountRef, newKeyRef, newTenantRef } from '../../shared/domain/ids.ts';
import { DEFAULT_LIMITS, requestLimitsOf, type TenantLimits } from '../../shared/domain/limits.ts';
import type { LogEvent } from '../../shared/domain/log-event.ts';
import {
  ADMIN_SCOPES,
  type AdminPrincipal,
  type KeyPrincipal,
  type Principal,
} from '../../shared/domain/principal.ts';
import type { ContextSecretSource, Log } from '../../shared/ports.ts';
import { seededRandom } from './random.ts';

/** 2026-11-20T12:00:00Z, the instant at which tests happen unless they say otherwise. */
export const NOON_MS = Date.UTC(2026, 10, 20, 12);

export const TEST_SECRET: ContextSecret = { currentId: 'k1', keys: { k1: seededRandom('mac')(32) } };
export const testSecrets: ContextSecretSource = { current: async () => TEST_SECRET };

/** A log that keeps what it is told. */
export function recordingLog(): Log & { readonly events: LogEvent[] } {
  const events: LogEvent[] = [];
  return { events, write: (event) => void events.push(event) };
}

export function keyPrincipal(
  of: Partial<Omit<KeyPrincipal, 'kind' | 'limits'>> & { readonly limits?: Partial<TenantLimits> } = {},
): KeyPrincipal {
  const random = seededRandom('principal');
  const account = of.account ?? newAccountRef(random);
  return {
    kind: 'key',
    tenant: newTenantRef(random),
    account,
    key: newKeyRef(random, account),
    scopes: KEY_SCOPES,
    level: 'write',
    ...of,
    limits: requestLimitsOf({ ...DEFAULT_LIMITS, ...of.limits }),
  };
}

export const adminPrincipal = (of: Partial<Omit<AdminPrincipal, 'kind'>> = {}): AdminPrincipal => ({
  kind: 'admin',
  key: newKeyRef(seededRandom('admin'), newAccountRef(seededRandom('admin'))),
  scopes: ADMIN_SCOPES,
  expiresAtMs: NOON_MS + 3_600_000,
  ancestors: [],
  ...of,
});

export interface EventOptions {
  readonly method: string;
  /** The route template; its parameters are filled from `path`. */
  readonly resource: string;
  readonly path?: Record<string, string>;
  readonly query?: Record<string, string[]>;
  readonly headers?: Record<string, string>;
  /** Sent as JSON unless it is a string. */
  readonly body?: unknown;
  /** Absent: an event without an authorizer's context. */
  readonly principal?: Principal;
  readonly nowMs?: number;
  readonly sourceIp?: string;
}

/** A proxy event for a route, as it arrives behind the authorizer. */
export function gatewayEvent(options: EventOptions): APIGatewayProxyEvent {
  const { method, resource, principal } = options;
  const nowMs = options.nowMs ?? NOON_MS;
  const requestId = 'b7f9c0de-0000-4000-8000-000000000001';
  const binding = { requestId, method, resourcePath: resource };
  const signed =
    principal === undefined ? undefined : signContext(TEST_SECRET, { principal, binding, nowMs });
  const event = {
    resource,
    path: resource.replace(/\{(\w+)\+?\}/g, (_, name: string) => options.path?.[name] ?? name),
    httpMethod: method,
    headers: { 'Content-Type': 'application/json', ...options.headers },
    multiValueHeaders: {},
    queryStringParameters: null,
    multiValueQueryStringParameters: options.query ?? null,
    pathParameters: options.path ?? null,
    stageVariables: null,
    body: bodyText(options.body),
    isBase64Encoded: false,
    requestContext: {
      requestId,
      resourcePath: resource,
      httpMethod: method,
      stage: 'dev',
      identity: { sourceIp: options.sourceIp ?? '203.0.113.7' },
      ...(signed !== undefined && { authorizer: { principalId: 'test', ...signed } }),
    },
  };
  return event as unknown as APIGatewayProxyEvent;
}

const bodyText = (body: unknown): string | null => {
  if (body === undefined) return null;
  return typeof body === 'string' ? body : JSON.stringify(body);
};

/** A Lambda context with a quarter of an hour left. */
export const lambdaContext = (): Context =>
  ({
    awsRequestId: '00000000-0000-4000-8000-00000000000a',
    functionName: 'test',
    getRemainingTimeInMillis: () => 900_000,
  }) as unknown as Context;
