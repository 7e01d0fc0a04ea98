/**
 * Everything that a key meets in its life, over memory and one clock: the administration plane, the authorizer, the
 * sweep, Secrets Manager and the event bus, each behind its own front door.
 */
import { createHash } from 'node:crypto';
import { createHandler as createAuthorizer } from '../../functions/authorizer/create-handler.ts';
import { createHandler as createKeyIssuer } from '../../functions/key-issuer/create-handler.ts';
import {
  createHandler as createSweep,
  type SweepReport,
} from '../../functions/key-rotation/create-handler.ts';
import type { KeyRotationPorts } from '../../functions/key-rotation/ports.ts';
import { createMemoryEventBus, type MemoryEventBus } from '../../local/memory/event-bus.ts';
import { createMemoryLimitsStore } from '../../local/memory/limits-store.ts';
import { createMemorySecretVault, type MemorySecretVault } from '../../local/memory/secret-vault.ts';
import { createMemoryTenancy, type MemoryTenancy } from '../../local/memory/tenancy.ts';
import { createMemoryTenantSettings } from '../../local/memory/tenant-settings.ts';
import { createMemoryUsageStore } from '../../local/memory/usage-store.ts';
import { CATALOGUE } from '../../shared/domain/catalogue.ts';
import { verifyContext } from '../../shared/domain/context-mac.ts';
import type { RandomBytes } from '../../shared/domain/ids.ts';
import type { Principal } from '../../shared/domain/principal.ts';
import type { Answer, Call } from './administration-fixture.ts';
import {
  adminPrincipal,
  gatewayEvent,
  lambdaContext,
  NOON_MS,
  recordingLog,
  TEST_SECRET,
  testSecrets,
} from './gateway-event.ts';

export interface KeyWorld extends MemoryTenancy {
  readonly vault: MemorySecretVault;
  readonly bus: MemoryEventBus;
  readonly log: ReturnType<typeof recordingLog>;
  nowMs(): number;
  advance(ms: number): void;
  goTo(timeMs: number): void;
  /** `POST /organization/projects`, `/v1` left out, by an administrator unless told otherwise. */
  call(route: string, of?: Call): Promise<Answer>;
  /** A call that presents a key, through the authorizer: 401 where it is refused. */
  callWith(key: string, of: { readonly route: string } & Call): Promise<Answer>;
  /** The principal that the authorizer makes of a key; undefined where it refuses, or denies the route. */
  use(key: string, route?: string): Promise<Principal | undefined>;
  /** Whether the authorizer lets a key in, without leaving the mark of a use. */
  admits(key: string, route?: string): Promise<boolean>;
  claim(token: string): Promise<Answer>;
  sweep(): Promise<SweepReport>;
}

export interface KeyWorldOptions {
  readonly random: RandomBytes;
  /** Stands before the ports of the issuer and the sweep, to fail or to come between. */
  readonly over?: (ports: KeyRotationPorts) => KeyRotationPorts;
  /** What was spent in the month of an instant. */
  readonly spentNanoUsd?: (atMs: number) => number;
  /** Keeps the data instead of memory; then there are no `chains`. */
  readonly store?: Pick<MemoryTenancy, 'tenancy' | 'credentials'>;
}

export function keyWorld(options: KeyWorldOptions): KeyWorld {
  const memory = { ...createMemoryTenancy(), ...options.store };
  const vault = createMemorySecretVault();
  const bus = createMemoryEventBus();
  const usage = createMemoryUsageStore();
  const log = recordingLog();
  const now = { ms: NOON_MS };
  const clock = () => now.ms;
  const ports: KeyRotationPorts = {
    tenancy: memory.tenancy,
    vault,
    events: bus,
    settings: { baseUrl: async () => 'https://gateway.example/dev' },
    limits: {
      sweep: async () => 0,
      readSpend: async (_, atMs) => ({ nanoUsd: options.spentNanoUsd?.(atMs) ?? 0, debtNanoUsd: 0 }),
    },
    usage,
    rollups: usage.rollups,
    clock,
    random: options.random,
    log,
    keyEnvironment: 'test',
  };
  const used = options.over?.(ports) ?? ports;
  const issuer = createKeyIssuer({
    ...used,
    limits: { ...used.limits, readHeld: createMemoryLimitsStore(usage).readHeld },
    credentials: memory.credentials,
    secrets: testSecrets,
    tenantSettings: createMemoryTenantSettings(),
    catalogue: CATALOGUE,
    aliases: {},
    profiles: { modelOf: async () => 'amazon.nova-lite-v1:0' },
    region: 'eu-west-1',
  });
  const authorizing = { secrets: testSecrets, clock, log };
  const authorizer = createAuthorizer({ credentials: memory.credentials, ...authorizing });
  const unmarked = { ...memory.credentials, noteUse: async () => {} };
  const watching = createAuthorizer({ credentials: unmarked, ...authorizing });
  const sweep = createSweep(used);

  const call: KeyWorld['call'] = async (route, of = {}) => {
    const [method = '', resource = ''] = route.split(' ');
    const event = gatewayEvent({
      method,
      resource: `/v1${resource}`,
      principal: adminPrincipal({ expiresAtMs: now.ms + 3_600_000 }),
      nowMs: now.ms,
      ...of,
    });
    const { statusCode, headers, body } = Object(await issuer(event, lambdaContext()));
    return { status: statusCode, headers, body: JSON.parse(body) };
  };
  const authorize = async (
    by: typeof authorizer,
    { key, route = 'POST /chat/completions' }: { readonly key: string; readonly route?: string | undefined },
  ) => {
    const [method = '', resource = ''] = route.split(' ');
    const event = authorizerEvent({ method, resource: `/v1${resource}`, key });
    try {
      const { context, policyDocument } = await by(event as never);
      const denied = policyDocument.Statement.some((statement) => statement.Effect === 'Deny');
      const binding = { requestId: event.requestContext.requestId, method, resourcePath: `/v1${resource}` };
      return denied
        ? undefined
        : verifyContext(TEST_SECRET, { context: Object(context), binding, nowMs: now.ms });
    } catch (error) {
      if (error instanceof Error && error.message === 'Unauthorized') return undefined;
      throw error;
    }
  };
  const use: KeyWorld['use'] = (key, route) => authorize(authorizer, { key, route });
  return {
    ...memory,
    vault,
    bus,
    log,
    nowMs: clock,
    advance: (ms) => {
      now.ms += ms;
    },
    goTo: (timeMs) => {
      now.ms = timeMs;
    },
    call,
    use,
    admits: async (key, route) => (await authorize(watching, { key, route })) !== undefined,
    callWith: async (key, { route, ...of }) => {
      const principal = await use(key, route);
      return principal === undefined ? UNAUTHORIZED : call(route, { ...of, principal });
    },
    claim: async (token) => {
      const event = gatewayEvent({ method: 'POST', resource: '/v1/api_keys/claim', body: { token } });
      const { statusCode, headers, body } = Object(await issuer(event, lambdaContext()));
      return { status: statusCode, headers, body: JSON.parse(body) };
    },
    sweep: () => sweep({}, lambdaContext()),
  };
}

/** What API Gateway answers where the authorizer refuses; its body is the gateway response's. */
const UNAUTHORIZED: Answer = { status: 401, headers: {}, body: {} };

const authorizerEvent = (of: {
  readonly method: string;
  readonly resource: string;
  readonly key: string;
}) => ({
  type: 'REQUEST',
  methodArn: `arn:aws:execute-api:us-east-1:000000000000:api/dev/${of.method}${of.resource}`,
  httpMethod: of.method,
  headers: { authorization: `Bearer ${of.key}` },
  multiValueHeaders: null,
  requestContext: {
    requestId: createHash('sha256').update(of.key).digest('hex').slice(0, 32),
    resourcePath: of.resource,
    identity: { sourceIp: '203.0.113.7' },
  },
});

/** A project with a service account and its first key, as an administrator makes them. */
export async function projectWithKey(
  world: KeyWorld,
  body: object = {},
): Promise<{
  readonly project: string;
  readonly account: string;
  readonly key: string;
  readonly value: string;
}> {
  const project = await world.call('POST /organization/projects', {
    body: { name: `project ${world.chains.size}` },
  });
  const account = await world.call('POST /organization/projects/{project_id}/service_accounts', {
    path: { project_id: project.body.id },
    body: { name: 'worker', ...body },
  });
  if (account.status !== 200) throw new Error(JSON.stringify(account.body));
  return {
    project: project.body.id,
    account: account.body.id,
    key: account.body.api_key?.id,
    value: account.body.api_key?.value,
  };
}

/** The token behind the `#` of a claim link. */
export const tokenOf = (claimUrl: string): string => claimUrl.slice(claimUrl.indexOf('#') + 1);
