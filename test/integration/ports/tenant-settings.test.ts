/** TenantSettingsStore by what it promises: in memory, and over Parameter Store's protocol. */
import { randomBytes } from 'node:crypto';
import { createMemoryTenantSettings } from '../../../local/memory/tenant-settings.ts';
import { startParameterStore } from '../../../local/ssm/server.ts';
import { createTenantSettings } from '../../../shared/aws/tenant-settings.ts';
import { newTenantRef } from '../../../shared/domain/ids.ts';
import type { TenantSettings } from '../../../shared/domain/tenant-settings.ts';
import type { TenantSettingsStore } from '../../../shared/ports.ts';
import { noWaiting, signedHttpTo } from '../../support/aws-emulator.ts';

const parameters = await startParameterStore();
const http = signedHttpTo(parameters.url, 'ssm');
afterAll(async () => {
  http.close();
  await parameters.close();
});

const overParameterStore = (): TenantSettingsStore =>
  createTenantSettings({
    http,
    stage: 'test',
    clock: () => 0,
    log: { write: () => undefined },
    waiting: noWaiting(),
  });
const settingsOf = (target: string): TenantSettings => ({ modelAliases: { 'gpt-4o': target } });

describe.each([
  ['in memory', createMemoryTenantSettings],
  ['in Parameter Store', overParameterStore],
])('the settings of tenants %s', (_where, open) => {
  test('are read by version, each as it was written', async () => {
    const store = open();
    const tenant = newTenantRef(randomBytes);
    const first = await store.put(tenant, settingsOf('one'));
    const second = await store.put(tenant, settingsOf('two'));
    expect(second).toBeGreaterThan(first);
    expect(await store.read(tenant, second)).toEqual(settingsOf('two'));
    expect(await store.read(tenant, first)).toEqual(settingsOf('one'));
  });

  test('are a tenant’s own', async () => {
    const store = open();
    const version = await store.put(newTenantRef(randomBytes), settingsOf('one'));
    await expect(store.read(newTenantRef(randomBytes), version)).rejects.toMatchObject({
      code: 'service_unavailable',
      retryAfterMs: 1_000,
    });
  });

  test('that were never written are service_unavailable: nothing is decided on a guess', async () => {
    const store = open();
    const tenant = newTenantRef(randomBytes);
    await expect(store.read(tenant, 1)).rejects.toMatchObject({ code: 'service_unavailable' });
    const version = await store.put(tenant, settingsOf('one'));
    await expect(open().read(tenant, version + 1)).rejects.toMatchObject({ code: 'service_unavailable' });
  });
});
