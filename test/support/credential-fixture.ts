/** Keys as the credential store knows them, and authorizers that ask it. */
import type { APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { createHandler } from '../../functions/authorizer/create-handler.ts';
import { digestKey, type KeyKind, mintKey, type ParsedKey } from '../../shared/domain/api-key.ts';
import { type Grant, KEY_SCOPES } from '../../shared/domain/grant.ts';
import {
  type KeyRef,
  newAccountRef,
  newKeyRef,
  newTenantRef,
  ORGANIZATION_REF,
} from '../../shared/domain/ids.ts';
import { DEFAULT_ROTATION } from '../../shared/domain/key-delivery.ts';
import { DEFAULT_LIMITS } from '../../shared/domain/limits.ts';
import { ADMIN_SCOPES } from '../../shared/domain/principal.ts';
import {
  type AdminKey,
  type ApiKey,
  DAY_MS,
  type KeyUse,
  type ServiceAccount,
  type Tenant,
  type TenantCredential,
} from '../../shared/domain/tenancy.ts';
import type { CredentialStore } from '../../shared/ports.ts';
import { NOON_MS, recordingLog, testSecrets } from './gateway-event.ts';
import { seededRandom } from './random.ts';

const random = seededRandom('credentials');
const account = newAccountRef(random);
const tenant = newTenantRef(random);

/** A key of the fixture's account; an admin key is of the organisation. */
export const mint = (kind: KeyKind): ParsedKey =>
  mintKey(random, {
    kind,
    environment: 'test',
    tenant: kind === 'bpa' ? ORGANIZATION_REF : tenant,
    key: newKeyRef(random, account),
  });

/** Everything that a key can be granted. */
export const FULL_GRANT: Grant = { scopes: KEY_SCOPES, level: 'exec' };

export const tenantKey = mint('bpk');
export const adminKey = mint('bpa');

const key: ApiKey = {
  tenant,
  ref: tenantKey.key,
  name: 'first',
  environment: 'test',
  status: 'active',
  grant: FULL_GRANT,
  digest: digestKey(random, tenantKey),
  createdAtMs: NOON_MS - DAY_MS,
  expiresAtMs: NOON_MS + 89 * DAY_MS,
  lifetimeMs: 90 * DAY_MS,
  rotation: DEFAULT_ROTATION,
  line: tenantKey.key,
  generation: 0,
  revision: 1,
};

/** What the store holds of the fixture's tenant key, changed as told. It was used a moment ago. */
export function credentialOf(
  change: {
    readonly key?: Partial<ApiKey>;
    readonly account?: Partial<ServiceAccount>;
    readonly tenant?: Partial<Tenant>;
    readonly use?: KeyUse;
  } = {},
): TenantCredential {
  return {
    key: { ...key, ...change.key },
    account: {
      tenant,
      ref: account,
      name: 'workload',
      role: 'member',
      status: 'active',
      grant: FULL_GRANT,
      createdAtMs: NOON_MS - DAY_MS,
      revision: 1,
      ...change.account,
    },
    tenant: {
      ref: tenant,
      name: 'team',
      status: 'active',
      limits: DEFAULT_LIMITS,
      createdAtMs: NOON_MS - DAY_MS,
      revision: 1,
      ...change.tenant,
    },
    use: change.use ?? { lastUsedAtMs: NOON_MS - 1000, claim: 0 },
  };
}

/** What the store holds of an admin key, by default the fixture's. */
export const adminKeyOf = (change: Partial<AdminKey> = {}): AdminKey => ({
  ref: adminKey.key,
  name: 'operator',
  environment: 'test',
  status: 'active',
  scopes: ADMIN_SCOPES,
  digest: digestKey(random, adminKey),
  createdAtMs: NOON_MS - 1000,
  expiresAtMs: NOON_MS + 3_600_000,
  ancestors: [],
  revision: 1,
  ...change,
});

export interface StoreScript {
  readonly credential?: Partial<TenantCredential>;
  readonly adminKeys?: readonly AdminKey[];
  /** What noting a use rejects with. */
  readonly noting?: Error;
}

/** A store that holds what the script says and keeps what it is asked. */
export function scriptedStore(script: StoreScript = {}) {
  const calls: string[] = [];
  const uses: KeyUse[] = [];
  const adminKeys = new Map<KeyRef, AdminKey>(script.adminKeys?.map((one) => [one.ref, one]));
  const store: CredentialStore = {
    readTenantKey: async (owner, ref) => {
      calls.push(`readTenantKey ${owner} ${ref}`);
      return script.credential ?? {};
    },
    readAdminKey: async (ref) => {
      calls.push(`readAdminKey ${ref}`);
      return adminKeys.get(ref);
    },
    noteUse: async ({ use }) => {
      uses.push(use);
      if (script.noting !== undefined) throw script.noting;
    },
  };
  return { store, calls, uses };
}

export const authorizerOf = (credentials: CredentialStore, nowMs = NOON_MS) =>
  createHandler({ credentials, secrets: testSecrets, clock: () => nowMs, log: recordingLog() });

export const bearer = (presented: ParsedKey) => ({ Authorization: `Bearer ${presented.text}` });

/** The API and stage of the fixture's events. */
export const STAGE_ARN = 'arn:aws:execute-api:eu-central-1:000000000000:abc123/dev';

/** A path that a route's template matches. */
export const pathOf = (template: string): string =>
  template.replace(/\{(\w+)(\+?)\}/g, (_, name: string, greedy: string) =>
    greedy === '' ? `${name}-1` : `${name}/1`,
  );

/** The event of a request to a route, `POST /v1/chat/completions` by default. */
export function authorizerEvent(of: {
  readonly headers: Record<string, string>;
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly route?: string;
  readonly path?: string;
  readonly sourceIp?: string;
}): APIGatewayRequestAuthorizerEvent {
  const [method = '', template = ''] = (of.route ?? 'POST /v1/chat/completions').split(' ');
  const event = {
    type: 'REQUEST',
    methodArn: `${STAGE_ARN}/${method}${of.path ?? pathOf(template)}`,
    httpMethod: method,
    resource: template,
    headers: of.headers,
    multiValueHeaders: of.multiValueHeaders ?? null,
    requestContext: {
      requestId: 'r-1',
      resourcePath: template,
      identity: { sourceIp: of.sourceIp ?? '203.0.113.7' },
    },
  };
  return event as unknown as APIGatewayRequestAuthorizerEvent;
}
