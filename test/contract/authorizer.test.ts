import type { APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { createHandler } from '../../functions/authorizer/create-handler.ts';
import { digestKey, type KeyKind, mintKey, type ParsedKey } from '../../shared/domain/api-key.ts';
import { verifyContext } from '../../shared/domain/context-mac.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { newAccountRef, newKeyRef, newTenantRef, ORGANIZATION_REF } from '../../shared/domain/ids.ts';
import { DEFAULT_LIMITS } from '../../shared/domain/limits.ts';
import type { AdminKey, ApiKey, TenantCredential } from '../../shared/domain/tenancy.ts';
import type { CredentialStore } from '../../shared/ports.ts';
import { NOON_MS, recordingLog, TEST_SECRET, testSecrets } from '../support/gateway-event.ts';
import { seededRandom } from '../support/random.ts';

const random = seededRandom('authorizer');
const account = newAccountRef(random);
const tenant = newTenantRef(random);
const mint = (kind: KeyKind, owner = tenant): ParsedKey =>
  mintKey(random, { kind, environment: 'test', tenant: owner, key: newKeyRef(random, account) });

const presented = mint('bpk');
const stored: TenantCredential = {
  key: {
    tenant,
    ref: presented.key,
    name: 'first',
    environment: 'test',
    status: 'active',
    scopes: ['inference'],
    digest: digestKey(random, presented),
    createdAtMs: NOON_MS,
    expiresAtMs: NOON_MS + 1000,
  },
  account: { tenant, ref: account, name: 'workload', status: 'active', createdAtMs: NOON_MS },
  tenant: { ref: tenant, name: 'team', status: 'active', limits: DEFAULT_LIMITS, createdAtMs: NOON_MS },
};
const withKey = (change: Partial<ApiKey>): TenantCredential => ({
  ...stored,
  key: { ...stored.key, ...change },
});

const adminText = mint('bpa', ORGANIZATION_REF);
const adminKey: AdminKey = {
  ...stored.key,
  ref: adminText.key,
  scopes: ['organization:write'],
  digest: digestKey(random, adminText),
};

function storeOf(found: Partial<TenantCredential>) {
  const reads: string[] = [];
  const store: CredentialStore = {
    readTenantKey: async (owner, key) => {
      reads.push(`${owner}${key}`);
      return found;
    },
    readAdminKey: async () => adminKey,
  };
  return { store, reads };
}

const ARN = 'arn:aws:execute-api:eu-central-1:000000000000:abc123/dev/POST/v1/chat/completions';

function eventWith(headers: Record<string, string>, multiValueHeaders?: Record<string, string[]>) {
  return {
    type: 'REQUEST',
    methodArn: ARN,
    httpMethod: 'POST',
    resource: '/v1/chat/completions',
    headers,
    multiValueHeaders: multiValueHeaders ?? null,
    requestContext: { requestId: 'r-1', resourcePath: '/v1/chat/completions' },
  } as unknown as APIGatewayRequestAuthorizerEvent;
}

const bearer = (key: ParsedKey) => ({ Authorization: `Bearer ${key.text}` });

function authorizerOf(credentials: CredentialStore, nowMs = NOON_MS) {
  return createHandler({ credentials, secrets: testSecrets, clock: () => nowMs, log: recordingLog() });
}

describe('the authorizer', () => {
  test.each([
    ['Authorization: Bearer', bearer(presented)],
    ['authorization in lower case', { authorization: `bearer ${presented.text}` }],
    ['x-api-key', { 'x-api-key': presented.text }],
    ['both with the same key', { ...bearer(presented), 'X-Api-Key': presented.text }],
  ])('admits a key in %s and signs its principal for this request', async (_where, headers) => {
    const { store } = storeOf(stored);
    const { context } = await authorizerOf(store)(eventWith(headers));
    const binding = { requestId: 'r-1', method: 'POST', resourcePath: '/v1/chat/completions' };
    expect(verifyContext(TEST_SECRET, { context: context ?? {}, binding, nowMs: NOON_MS })).toEqual({
      kind: 'key',
      tenant,
      account,
      key: presented.key,
      scopes: ['inference'],
      limits: DEFAULT_LIMITS,
    });
  });

  test('allows a tenant key this API and stage, on the inference plane and its own usage only', async () => {
    const { policyDocument } = await authorizerOf(storeOf(stored).store)(eventWith(bearer(presented)));
    const api = 'arn:aws:execute-api:eu-central-1:000000000000:abc123/dev';
    expect(policyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'execute-api:Invoke',
        Resource: [
          `${api}/POST/v1/chat/completions`,
          `${api}/POST/openai/v1/chat/completions`,
          `${api}/GET/v1/models`,
          `${api}/GET/openai/v1/models`,
          `${api}/GET/v1/models/*`,
          `${api}/GET/openai/v1/models/*`,
          `${api}/GET/v1/organization/usage/*`,
          `${api}/GET/openai/v1/organization/usage/*`,
        ],
      },
    ]);
  });

  test('allows an admin key the administration plane and nothing else', async () => {
    const { policyDocument } = await authorizerOf(storeOf({}).store)(eventWith(bearer(adminText)));
    const api = 'arn:aws:execute-api:eu-central-1:000000000000:abc123/dev';
    expect(policyDocument.Statement).toEqual([
      expect.objectContaining({
        Effect: 'Allow',
        Resource: ['GET', 'POST', 'DELETE'].flatMap((method) => [
          `${api}/${method}/v1/organization/*`,
          `${api}/${method}/openai/v1/organization/*`,
        ]),
      }),
    ]);
  });

  test.each<[string, Partial<TenantCredential>]>([
    ['unknown', {}],
    ['known, with another secret', withKey({ digest: digestKey(random, mint('bpk')) })],
    ['revoked', withKey({ status: 'revoked' })],
    ['expired', withKey({ expiresAtMs: NOON_MS })],
    ['of a deleted account', { ...stored, account: { ...stored.account, status: 'deleted' } }],
    ['of an archived tenant', { ...stored, tenant: { ...stored.tenant, status: 'archived' } }],
    ['of a tenant that is not there', { key: stored.key, account: stored.account }],
  ])('refuses a key that is %s with exactly Unauthorized', async (_what, found) => {
    const refused = authorizerOf(storeOf(found).store)(eventWith(bearer(presented)));
    await expect(refused).rejects.toEqual(new Error('Unauthorized'));
  });

  test('admits a key one millisecond before it expires', async () => {
    const admitted = authorizerOf(storeOf(stored).store, NOON_MS + 999)(eventWith(bearer(presented)));
    await expect(admitted).resolves.toMatchObject({ principalId: presented.key });
  });

  test.each([
    ['no credential', eventWith({})],
    ['an empty header', eventWith({ Authorization: '' })],
    ['Basic credentials', eventWith({ Authorization: 'Basic dXNlcjpwYXNz' })],
    ['a mistyped key', eventWith({ Authorization: `Bearer ${presented.text.slice(0, -1)}!` })],
    ['a header of a megabyte', eventWith({ Authorization: `Bearer ${'x'.repeat(1_000_000)}` })],
    ['two different keys in two headers', eventWith({ ...bearer(presented), 'x-api-key': mint('bpk').text })],
    [
      'a key and an oversized second one',
      eventWith({ ...bearer(presented), 'x-api-key': 'x'.repeat(10_000) }),
    ],
    [
      'two Authorization headers',
      eventWith(bearer(presented), { Authorization: [bearer(presented).Authorization, 'Bearer x'] }),
    ],
  ])('refuses %s without reading the store', async (_what, event) => {
    const { store, reads } = storeOf(stored);
    await expect(authorizerOf(store)(event)).rejects.toEqual(new Error('Unauthorized'));
    expect(reads).toEqual([]);
  });

  test('does not call a key wrong when the store cannot answer', async () => {
    const outage = new GatewayError('service_unavailable', 'The key store cannot answer.');
    const store: CredentialStore = {
      readTenantKey: async () => Promise.reject(outage),
      readAdminKey: async () => undefined,
    };
    await expect(authorizerOf(store)(eventWith(bearer(presented)))).rejects.toBe(outage);
  });
});
