/** The administration plane over memory: its real handler behind events that are signed as the authorizer signs them. */
import { randomBytes } from 'node:crypto';
import { createHandler } from '../../functions/key-issuer/create-handler.ts';
import { createMemoryEventBus } from '../../local/memory/event-bus.ts';
import { createMemoryLimitsStore } from '../../local/memory/limits-store.ts';
import { createMemorySecretVault } from '../../local/memory/secret-vault.ts';
import { createMemoryTenancy, type MemoryTenancy } from '../../local/memory/tenancy.ts';
import { createMemoryTenantSettings } from '../../local/memory/tenant-settings.ts';
import { createMemoryUsageStore } from '../../local/memory/usage-store.ts';
import { CATALOGUE } from '../../shared/domain/catalogue.ts';
import {
  newTenantRef,
  ORGANIZATION_REF,
  parseKeyId,
  parseProjectId,
  projectId,
  type TenantRef,
} from '../../shared/domain/ids.ts';
import type { Principal } from '../../shared/domain/principal.ts';
import type {
  InferenceProfiles,
  LimitsStore,
  TenancyStore,
  TenantSettingsStore,
} from '../../shared/ports.ts';
import {
  adminPrincipal,
  gatewayEvent,
  lambdaContext,
  NOON_MS,
  recordingLog,
  testSecrets,
} from './gateway-event.ts';

export interface Call {
  readonly path?: Record<string, string>;
  readonly query?: Record<string, string[]>;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** An administrator with every scope unless told otherwise. */
  readonly principal?: Principal;
}

/** What the wire shows of an answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what the wire says, which nothing types.
  readonly body: any;
}

export interface Administration extends MemoryTenancy {
  /** `POST /organization/projects/{project_id}`: what answers it, `/v1` left out. */
  call(route: string, of?: Call): Promise<Answer>;
  /** A new project's id. */
  newProject(body?: object): Promise<string>;
  /** The principal of a new admin key, which is stored. */
  newAdmin(of?: { readonly expiresInDays?: number }): Promise<Principal & { readonly kind: 'admin' }>;
  /** The events of a project's chain, or of the organisation's, oldest first: type and subject. */
  audit(project?: string): readonly unknown[];
  /** What is spent in the month, as the limits store says. */
  spend(nanoUsd: number, debtNanoUsd?: number): void;
  /** The settings that were kept, by version. */
  readonly settings: TenantSettingsStore;
  /** Where requests of the inference plane would be counted. */
  readonly limits: LimitsStore;
  /** Where application inference profiles lead; a test may put another answer in its place. */
  readonly profiles: { modelOf: InferenceProfiles['modelOf'] };
  advance(ms: number): void;
}

/** `over` stands before the store, to fail or to come between. */
export function administration(
  over: (store: TenancyStore) => Partial<TenancyStore> = () => ({}),
): Administration {
  const memory = createMemoryTenancy();
  const now = { ms: NOON_MS };
  const settings = createMemoryTenantSettings();
  const profiles: Administration['profiles'] = { modelOf: async () => 'amazon.nova-lite-v1:0' };
  const limits = createMemoryLimitsStore(createMemoryUsageStore());
  const spent = { nanoUsd: 0, debtNanoUsd: 0 };
  const handler = createHandler({
    ...memory,
    tenancy: { ...memory.tenancy, ...over(memory.tenancy) },
    limits: { ...limits, readSpend: async () => ({ ...spent }) },
    vault: createMemorySecretVault(),
    events: createMemoryEventBus(),
    settings: { baseUrl: async () => 'https://gateway.example/dev' },
    tenantSettings: settings,
    catalogue: CATALOGUE,
    aliases: { 'gpt-4.1': 'amazon.nova-pro-v1:0' },
    profiles: { modelOf: (arn) => profiles.modelOf(arn) },
    region: 'eu-west-1',
    secrets: testSecrets,
    clock: () => now.ms,
    random: randomBytes,
    log: recordingLog(),
    keyEnvironment: 'test',
  });
  const call = callerOf(handler, now);
  return {
    ...memory,
    call,
    settings,
    profiles,
    limits,
    newProject: async (body = {}) => {
      const name = `project ${newTenantRef(randomBytes)}`;
      return (await call('POST /organization/projects', { body: { name, ...body } })).body.id;
    },
    newAdmin: async ({ expiresInDays = 1 } = {}) => {
      const order = { action: 'create-admin-key', expiresInDays };
      const { id } = Object(await handler(order as never, lambdaContext()));
      const key = parseKeyId(id)?.key;
      if (key === undefined) throw new Error(`Not a key: ${id}`);
      return adminPrincipal({ key, expiresAtMs: now.ms + expiresInDays * 86_400_000 });
    },
    audit: (project) =>
      (memory.chains.get(chainOf(project)) ?? []).map(({ canonical }) => {
        const { type, subject } = JSON.parse(canonical);
        return { type, subject };
      }),
    spend: (nanoUsd, debtNanoUsd = 0) => {
      Object.assign(spent, { nanoUsd, debtNanoUsd });
    },
    advance: (ms) => {
      now.ms += ms;
    },
  };
}

const callerOf =
  (handler: ReturnType<typeof createHandler>, now: { readonly ms: number }): Administration['call'] =>
  async (route, of = {}) => {
    const [method = '', resource = ''] = route.split(' ');
    const event = gatewayEvent({
      method,
      resource: `/v1${resource}`,
      principal: adminPrincipal(),
      nowMs: now.ms,
      ...of,
    });
    const { statusCode, headers, body } = Object(await handler(event, lambdaContext()));
    return { status: statusCode, headers, body: JSON.parse(body) };
  };

const chainOf = (project: string | undefined): TenantRef =>
  project === undefined ? ORGANIZATION_REF : (parseProjectId(project) ?? ORGANIZATION_REF);

/** The id of a project that nobody has. */
export const unknownProject = (): string => projectId(newTenantRef(randomBytes));

/** What a refusal says, without its words. */
export const refusalOf = ({ status, body }: Answer) => ({
  status,
  code: body.error?.code,
  param: body.error?.param,
});
