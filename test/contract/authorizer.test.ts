import { digestKey } from '../../shared/domain/api-key.ts';
import { verifyContext } from '../../shared/domain/context-mac.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { DEFAULT_LIMITS } from '../../shared/domain/limits.ts';
import type { TenantCredential } from '../../shared/domain/tenancy.ts';
import type { CredentialStore } from '../../shared/ports.ts';
import {
  adminKey,
  adminKeyOf,
  authorizerEvent,
  authorizerOf,
  bearer,
  credentialOf,
  FULL_GRANT,
  mint,
  STAGE_ARN,
  scriptedStore,
  tenantKey,
} from '../support/credential-fixture.ts';
import { NOON_MS, TEST_SECRET } from '../support/gateway-event.ts';
import { seededRandom } from '../support/random.ts';

const random = seededRandom('authorizer');
const credential = credentialOf();
const UNAUTHORIZED = new Error('Unauthorized');
const presenting = (headers = bearer(tenantKey)) => authorizerEvent({ headers });

/** The principal that the authorizer signs for a request. */
async function principalFor(stored: Partial<TenantCredential>, nowMs = NOON_MS) {
  const { store } = scriptedStore({ credential: stored });
  const { context } = await authorizerOf(store, nowMs)(presenting());
  const binding = { requestId: 'r-1', method: 'POST', resourcePath: '/v1/chat/completions' };
  return verifyContext(TEST_SECRET, { context: context ?? {}, binding, nowMs });
}

describe('the authorizer', () => {
  test.each([
    ['Authorization: Bearer', bearer(tenantKey)],
    ['authorization in lower case', { authorization: `bearer ${tenantKey.text}` }],
    ['x-api-key', { 'x-api-key': tenantKey.text }],
    ['both with the same key', { ...bearer(tenantKey), 'X-Api-Key': tenantKey.text }],
  ])('admits a key in %s and signs its principal for this request', async (_where, headers) => {
    const { store } = scriptedStore({ credential });
    const { context } = await authorizerOf(store)(authorizerEvent({ headers }));
    const binding = { requestId: 'r-1', method: 'POST', resourcePath: '/v1/chat/completions' };
    expect(verifyContext(TEST_SECRET, { context: context ?? {}, binding, nowMs: NOON_MS })).toEqual({
      kind: 'key',
      tenant: credential.tenant.ref,
      account: credential.account.ref,
      key: tenantKey.key,
      ...FULL_GRANT,
      limits: DEFAULT_LIMITS,
    });
  });

  test.each<[string, string, string[]]>([
    ['POST /v1/chat/completions', '/v1/chat/completions', ['POST/v1/chat/completions']],
    ['GET /openai/v1/models', '/openai/v1/models', ['GET/openai/v1/models']],
  ])('allows %s on this API and stage, and a slash behind it', async (route, path, allowed) => {
    const { store } = scriptedStore({ credential });
    const event = authorizerEvent({ headers: bearer(tenantKey), route, path });
    expect((await authorizerOf(store)(event)).policyDocument).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'execute-api:Invoke',
          Resource: allowed.flatMap((one) => [`${STAGE_ARN}/${one}`, `${STAGE_ARN}/${one}/`]),
        },
      ],
    });
  });

  test('allows a route by its template, never by the path that the caller spelled', async () => {
    const { store } = scriptedStore({ credential });
    const route = 'GET /v1/models/{model+}';
    const path = '/v1/models/*';
    const event = authorizerEvent({ headers: bearer(tenantKey), route, path });
    expect((await authorizerOf(store)(event)).policyDocument.Statement).toEqual([
      expect.objectContaining({ Effect: 'Allow', Resource: [`${STAGE_ARN}/GET/v1/models/*`] }),
    ]);
  });

  test('denies all of the API to a key that may not call it, says which may, and signs nothing', async () => {
    const { store } = scriptedStore({ adminKeys: [adminKeyOf()] });
    const denied = await authorizerOf(store)(presenting(bearer(adminKey)));
    expect(denied).toEqual({
      principalId: adminKey.key,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Deny', Action: 'execute-api:Invoke', Resource: [`${STAGE_ARN}/*`] }],
      },
      context: {
        denial: 'An admin key cannot call POST /v1/chat/completions: use an API key (it begins with bpk_).',
        denialCode: 'insufficient_scope',
      },
    });
  });

  test('denies a route that no table knows, whoever asks', async () => {
    const { store } = scriptedStore({ credential, adminKeys: [adminKeyOf()] });
    for (const presented of [tenantKey, adminKey]) {
      const event = authorizerEvent({ headers: bearer(presented), route: 'GET /v1/constructor' });
      expect((await authorizerOf(store)(event)).policyDocument.Statement).toEqual([
        expect.objectContaining({ Effect: 'Deny' }),
      ]);
    }
  });

  test('carries the lists and limits that bind the key, and its end once that is in sight', async () => {
    const stored = credentialOf({
      key: { grant: { ...FULL_GRANT, models: ['amazon.nova-*'] }, expiresAtMs: NOON_MS + 14 * 86_400_000 },
      account: {
        grant: { ...FULL_GRANT, level: 'write', ipRanges: ['203.0.113.0/24'] },
        limits: { requestsPerMinute: 5 },
      },
      tenant: { modelPermissions: { mode: 'deny_list', models: ['openai.*'] } },
    });
    expect(await principalFor(stored)).toMatchObject({
      level: 'write',
      models: ['amazon.nova-*'],
      ipRanges: ['203.0.113.0/24'],
      modelPermissions: { mode: 'deny_list', models: ['openai.*'] },
      accountLimits: { requestsPerMinute: 5 },
      endsAtMs: NOON_MS + 14 * 86_400_000,
    });
  });

  test('names the end of a key from its last 14 days on, and at once where it has a successor', async () => {
    const expiresAtMs = NOON_MS + 14 * 86_400_000;
    const ending = credentialOf({ key: { expiresAtMs } });
    const succeeded = credentialOf({ key: { successor: mint('bpk').key } });
    expect(await principalFor(ending, NOON_MS - 1)).not.toHaveProperty('endsAtMs');
    expect(await principalFor(ending)).toHaveProperty('endsAtMs', expiresAtMs);
    expect(await principalFor(succeeded)).toHaveProperty('endsAtMs', succeeded.key.expiresAtMs);
  });

  test.each<[string, Partial<TenantCredential>]>([
    ['unknown', {}],
    ['known, with another secret', credentialOf({ key: { digest: digestKey(random, mint('bpk')) } })],
    ['pending, without a secret', { ...credential, key: withoutDigest() }],
    ['pending, with one', credentialOf({ key: { status: 'pending' } })],
    ['revoked', credentialOf({ key: { status: 'revoked' } })],
    ['expired', credentialOf({ key: { expiresAtMs: NOON_MS } })],
    ['of a deleted account', credentialOf({ account: { status: 'deleted' } })],
    ['of an account without a role', credentialOf({ account: { role: 'none' } })],
    ['of an account that is not there', { key: credential.key, tenant: credential.tenant }],
    ['of an archived tenant', credentialOf({ tenant: { status: 'archived' } })],
    ['of a tenant that is not there', { key: credential.key, account: credential.account }],
  ])('refuses a key that is %s with exactly Unauthorized', async (_what, stored) => {
    const { store, uses } = scriptedStore({ credential: stored });
    await expect(authorizerOf(store)(presenting())).rejects.toEqual(UNAUTHORIZED);
    expect(uses).toEqual([]);
  });

  test('admits a key one millisecond before it expires', async () => {
    const { store } = scriptedStore({ credential: credentialOf({ key: { expiresAtMs: NOON_MS + 1 } }) });
    await expect(authorizerOf(store)(presenting())).resolves.toMatchObject({ principalId: tenantKey.key });
  });

  test('admits an admin key while every key that it descends from is active', async () => {
    const [grandparent, parent] = [mint('bpa').key, mint('bpa').key];
    const child = adminKeyOf({ ancestors: [grandparent, parent] });
    const line = (change: object) => [
      child,
      adminKeyOf({ ref: parent }),
      adminKeyOf({ ref: grandparent, ...change }),
    ];
    const route = 'GET /v1/organization/projects';
    const asked = (adminKeys: ReturnType<typeof line>) =>
      authorizerOf(scriptedStore({ adminKeys }).store)(authorizerEvent({ headers: bearer(adminKey), route }));
    await expect(asked(line({}))).resolves.toMatchObject({ principalId: adminKey.key });
    await expect(asked(line({ status: 'revoked' }))).rejects.toEqual(UNAUTHORIZED);
    await expect(asked([child, adminKeyOf({ ref: parent })])).rejects.toEqual(UNAUTHORIZED);
  });

  test.each([
    ['unknown', []],
    ['revoked', [adminKeyOf({ status: 'revoked' })]],
    ['expired', [adminKeyOf({ expiresAtMs: NOON_MS })]],
    ['of another secret', [adminKeyOf({ digest: digestKey(random, mint('bpa')) })]],
  ])('refuses an admin key that is %s with exactly Unauthorized', async (_what, adminKeys) => {
    const { store } = scriptedStore({ adminKeys });
    await expect(authorizerOf(store)(presenting(bearer(adminKey)))).rejects.toEqual(UNAUTHORIZED);
  });

  test.each([
    ['no credential', {}],
    ['an empty header', { Authorization: '' }],
    ['Basic credentials', { Authorization: 'Basic dXNlcjpwYXNz' }],
    ['a mistyped key', { Authorization: `Bearer ${tenantKey.text.slice(0, -1)}!` }],
    ['the token of a claim link', bearer(mint('bpc'))],
    ['a header of a megabyte', { Authorization: `Bearer ${'x'.repeat(1_000_000)}` }],
    ['two different keys in two headers', { ...bearer(tenantKey), 'x-api-key': mint('bpk').text }],
    ['a key and an oversized second one', { ...bearer(tenantKey), 'x-api-key': 'x'.repeat(10_000) }],
  ])('refuses %s without reading the store', async (_what, headers) => {
    const { store, calls } = scriptedStore({ credential });
    await expect(authorizerOf(store)(authorizerEvent({ headers }))).rejects.toEqual(UNAUTHORIZED);
    expect(calls).toEqual([]);
  });

  test('refuses two Authorization headers without reading the store', async () => {
    const { store, calls } = scriptedStore({ credential });
    const multiValueHeaders = { Authorization: [bearer(tenantKey).Authorization, 'Bearer x'] };
    const event = authorizerEvent({ headers: bearer(tenantKey), multiValueHeaders });
    await expect(authorizerOf(store)(event)).rejects.toEqual(UNAUTHORIZED);
    expect(calls).toEqual([]);
  });

  test('does not call a key wrong when the store cannot answer', async () => {
    const outage = new GatewayError('service_unavailable', 'The key store cannot answer.');
    const store: CredentialStore = {
      readTenantKey: async () => Promise.reject(outage),
      readAdminKey: async () => Promise.reject(outage),
      noteUse: async () => undefined,
    };
    await expect(authorizerOf(store)(presenting())).rejects.toBe(outage);
    await expect(authorizerOf(store)(presenting(bearer(adminKey)))).rejects.toBe(outage);
  });
});

/** A key that waits to be claimed. */
function withoutDigest() {
  const { digest: _, ...rest } = credential.key;
  return { ...rest, status: 'pending' as const };
}
