import { createHandler } from '../../functions/key-issuer/create-handler.ts';
import { createMemoryEventBus } from '../../local/memory/event-bus.ts';
import { createMemoryLimitsStore } from '../../local/memory/limits-store.ts';
import { createMemorySecretVault } from '../../local/memory/secret-vault.ts';
import { createMemoryTenancy } from '../../local/memory/tenancy.ts';
import { createMemoryTenantSettings } from '../../local/memory/tenant-settings.ts';
import { createMemoryUsageStore } from '../../local/memory/usage-store.ts';
import { parseKey, verifyKey } from '../../shared/domain/api-key.ts';
import { CATALOGUE } from '../../shared/domain/catalogue.ts';
import { ORGANIZATION_REF } from '../../shared/domain/ids.ts';
import { gatewayEvent, lambdaContext, NOON_MS, recordingLog, testSecrets } from '../support/gateway-event.ts';
import { seededRandom } from '../support/random.ts';

const DAY_SECONDS = 86_400;

function keyIssuer() {
  const memory = createMemoryTenancy();
  const handler = createHandler({
    ...memory,
    vault: createMemorySecretVault(),
    events: createMemoryEventBus(),
    settings: { baseUrl: async () => 'https://gateway.example/dev' },
    limits: createMemoryLimitsStore(createMemoryUsageStore()),
    secrets: testSecrets,
    tenantSettings: createMemoryTenantSettings(),
    catalogue: CATALOGUE,
    aliases: {},
    profiles: { modelOf: async () => 'amazon.nova-lite-v1:0' },
    region: 'eu-west-1',
    clock: () => NOON_MS,
    random: seededRandom('bootstrap'),
    log: recordingLog(),
    keyEnvironment: 'test',
  });
  return {
    ...memory,
    invoke: (event: unknown) => handler(event as never, lambdaContext()),
    audited: () => (memory.chains.get(ORGANIZATION_REF) ?? []).map(({ canonical }) => JSON.parse(canonical)),
  };
}

describe('the first admin key, by direct invocation', () => {
  test('is issued once, expires, is stored as a digest and audited with the invocation', async () => {
    const { invoke, credentials, audited } = keyIssuer();
    const answer = Object(await invoke({ action: 'create-admin-key', expiresInDays: 1 }));
    expect(answer).toMatchObject({
      object: 'organization.admin_api_key',
      expires_at: NOON_MS / 1000 + DAY_SECONDS,
      value: expect.stringMatching(/^bpa_test_0{10}/),
    });
    const presented = parseKey(answer.value);
    if (presented === undefined) throw new Error('The key does not parse.');
    const stored = await credentials.readAdminKey(presented.key);
    expect(verifyKey(presented, stored?.digest)).toBe(true);
    expect(audited()).toEqual([
      expect.objectContaining({
        type: 'tenant.admin_api_key.created',
        actor: { kind: 'direct-invocation', awsRequestId: lambdaContext().awsRequestId },
        subject: expect.objectContaining({ id: answer.id }),
      }),
    ]);
  });

  test.each([
    ['nothing', {}],
    ['no object', 'create-admin-key'],
    ['another action', { action: 'delete-everything', expiresInDays: 1 }],
    ['no expiry', { action: 'create-admin-key' }],
    ['an expiry beyond 30 days', { action: 'create-admin-key', expiresInDays: 30.01 }],
    ['an expiry in the past', { action: 'create-admin-key', expiresInDays: 0 }],
    ['a field too many', { action: 'create-admin-key', expiresInDays: 1, scopes: ['*'] }],
  ])('is refused for %s, and nothing is left', async (_what, order) => {
    const { invoke, audited } = keyIssuer();
    await expect(invoke(order)).rejects.toMatchObject({ name: 'GatewayError' });
    expect(audited()).toEqual([]);
  });

  test('is not to be had through API Gateway, whatever the body says', async () => {
    const { invoke, audited } = keyIssuer();
    const order = { action: 'create-admin-key', expiresInDays: 1 };
    const event = {
      ...gatewayEvent({ method: 'POST', resource: '/v1/organization/projects', body: order }),
      ...order,
    };
    expect(await invoke(event)).toMatchObject({ statusCode: 503 });
    expect(audited()).toEqual([]);
  });
});
