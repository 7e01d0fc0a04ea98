import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { startParameterStore } from '../../../local/ssm/server.ts';
import type { SignedHttp } from '../../../shared/aws/signed-http.ts';
import { createTenantSettings } from '../../../shared/aws/tenant-settings.ts';
import { parseTenantRef, type TenantRef } from '../../../shared/domain/ids.ts';
import type { LogEvent } from '../../../shared/domain/log-event.ts';
import { noWaiting, sdkAccess, signedHttpTo } from '../../support/aws-emulator.ts';
import { hangUp, json, type ScriptedServer, startScriptedServer } from '../../support/scripted-server.ts';

const TENANT = tenantOf('AbCdEf0123');
const OTHER = tenantOf('AbCdEf0124');
const NAME = '/bedrock-proxy/test/tenants/AbCdEf0123/settings';
const NOVA = { modelAliases: { 'gpt-4o': 'amazon.nova-lite-v1:0' } };
const MICRO = { modelAliases: { 'gpt-4o': 'amazon.nova-micro-v1:0' } };
const MINUTES = 60_000;
const UNAVAILABLE = {
  code: 'service_unavailable',
  message: 'The settings of the project cannot be reached. Retry shortly.',
  retryAfterMs: 1_000,
};

function tenantOf(text: string): TenantRef {
  const tenant = parseTenantRef(text);
  if (tenant === undefined) throw new TypeError(`Not a tenant: ${text}`);
  return tenant;
}

test('settings are a parameter of the tenant that the AWS SDK reads, and each write is a version that stays', async () => {
  const store = await startParameterStore();
  const client = new SSMClient(sdkAccess(store.url));
  const http = signedHttpTo(store.url, 'ssm');
  const opened = () =>
    createTenantSettings({ http, stage: 'test', clock: () => 0, log: { write: () => undefined } });
  const settings = opened();
  expect(await settings.put(TENANT, NOVA)).toBe(1);
  expect(await settings.put(TENANT, MICRO)).toBe(2);
  expect(await settings.put(OTHER, MICRO)).toBe(1);
  const { Parameter } = await client.send(new GetParameterCommand({ Name: NAME }));
  expect(Parameter).toMatchObject({ Name: NAME, Type: 'String', Version: 2, Value: JSON.stringify(MICRO) });
  const read = opened();
  expect([await read.read(TENANT, 1), await read.read(TENANT, 2)]).toEqual([NOVA, MICRO]);
  await expect(opened().read(TENANT, 3)).rejects.toMatchObject(UNAVAILABLE);
  client.destroy();
  http.close();
  await store.close();
});

describe('tenants’ settings', () => {
  let server: ScriptedServer;
  let http: SignedHttp;
  let nowMs = 0;
  let log: LogEvent[] = [];
  beforeAll(async () => {
    server = await startScriptedServer();
    http = signedHttpTo(server.endpoint, 'ssm');
  });
  beforeEach(() => {
    nowMs = Date.UTC(2026, 10, 21, 12);
    log = [];
  });
  afterAll(async () => {
    http.close();
    await server.close();
  });

  const opened = (options: { readonly tenantsMax?: number } = {}) =>
    createTenantSettings({
      http,
      stage: 'test',
      clock: () => nowMs,
      log: { write: (event) => void log.push(event) },
      waiting: noWaiting(),
      ...options,
    });
  const found = (value: unknown) =>
    json(200, { Parameter: { Value: typeof value === 'string' ? value : JSON.stringify(value) } });
  const asked = () => server.requests.map(({ body }) => JSON.parse(body).Name);
  const DOWN = json(500, { __type: 'InternalServerError' });
  const THROTTLED = json(400, { __type: 'ThrottlingException' });

  test('are read once for all who ask for a version, at the same time and for ever after', async () => {
    server.play(found(NOVA), DOWN);
    const settings = opened();
    const first = await Promise.all([settings.read(TENANT, 7), settings.read(TENANT, 7)]);
    nowMs += 365 * 24 * 60 * MINUTES;
    expect([...first, await settings.read(TENANT, 7)]).toEqual([NOVA, NOVA, NOVA]);
    expect(asked()).toEqual([`${NAME}:7`]);
  });

  test('are read again for another version and another tenant, also for an earlier one', async () => {
    server.play(found(NOVA), found(MICRO), found(NOVA), found(MICRO));
    const settings = opened();
    expect(await settings.read(TENANT, 7)).toEqual(NOVA);
    expect(await settings.read(TENANT, 8)).toEqual(MICRO);
    expect(await settings.read(TENANT, 7)).toEqual(NOVA);
    expect(await settings.read(OTHER, 7)).toEqual(MICRO);
    expect(asked()).toEqual([`${NAME}:7`, `${NAME}:8`, `${NAME}:7`, `${NAME.replace('0123', '0124')}:7`]);
  });

  test('are forgotten of the tenant that was named longest ago, once there is no room', async () => {
    server.play(found(NOVA));
    const settings = opened({ tenantsMax: 2 });
    const third = tenantOf('AbCdEf0125');
    for (const tenant of [TENANT, OTHER, TENANT, third, TENANT]) await settings.read(tenant, 1);
    expect(asked()).toHaveLength(3);
    await settings.read(OTHER, 1);
    expect(asked()).toHaveLength(4);
  });

  test.each([
    ['an answer of 500', DOWN],
    ['throttling', THROTTLED],
    ['a lost response', hangUp],
    ['a version that is not everywhere yet', json(400, { __type: 'ParameterVersionNotFound' })],
  ])('are there after two times %s', async (_what, script) => {
    server.play(script, script, found(NOVA));
    expect(await opened().read(TENANT, 1)).toEqual(NOVA);
    expect(server.requests).toHaveLength(3);
  });

  test.each([
    ['is down', DOWN],
    ['throttles', THROTTLED],
    ['has not the version', json(400, { __type: 'ParameterVersionNotFound' })],
    ['refuses', json(400, { __type: 'AccessDeniedException' })],
  ])('of five minutes ago serve where Parameter Store %s, and no longer', async (_what, script) => {
    const settings = opened();
    server.play(found(NOVA));
    await settings.read(TENANT, 1);
    nowMs += 60 * MINUTES;
    await settings.read(TENANT, 1);
    server.play(script);
    nowMs += 5 * MINUTES;
    expect(await settings.read(TENANT, 2)).toEqual(NOVA);
    expect(log).toEqual([
      { level: 'warn', event: 'tenant_settings.last_good_served', tenant: TENANT, version: 2 },
    ]);
    nowMs += 1;
    await expect(settings.read(TENANT, 2)).rejects.toMatchObject(UNAVAILABLE);
  });

  test('of one tenant never serve another', async () => {
    const settings = opened();
    server.play(found(NOVA));
    await settings.read(TENANT, 1);
    server.play(DOWN);
    await expect(settings.read(OTHER, 1)).rejects.toMatchObject(UNAVAILABLE);
  });

  test('are asked for again five seconds after Parameter Store failed, not before', async () => {
    const settings = opened();
    server.play(found(NOVA));
    await settings.read(TENANT, 1);
    server.play(DOWN);
    await settings.read(TENANT, 2);
    server.play(found(MICRO));
    nowMs += 4_999;
    expect(await settings.read(TENANT, 2)).toEqual(NOVA);
    expect(asked()).toEqual([]);
    nowMs += 1;
    expect(await settings.read(TENANT, 2)).toEqual(MICRO);
    expect(asked()).toEqual([`${NAME}:2`]);
  });

  test.each([
    ['no JSON', '{"modelAliases":{"gpt-4o":"secret'],
    ['no aliases', '{}'],
    ['a list', '[]'],
    ['aliases that are a list', { modelAliases: [] }],
    ['a target that is no text', { modelAliases: { a: 1 } }],
  ])('that are %s refuse the request, whatever was in force, and are not shown', async (_what, value) => {
    const settings = opened();
    server.play(found(NOVA));
    await settings.read(TENANT, 1);
    server.play(found(value));
    await expect(settings.read(TENANT, 2)).rejects.toMatchObject(UNAVAILABLE);
    expect(log).toEqual([{ level: 'error', event: 'tenant_settings.broken', tenant: TENANT, version: 2 }]);
  });

  test('of a later release keep what this one knows', async () => {
    server.play(found({ ...NOVA, guardrail: 'x' }));
    expect(await opened().read(TENANT, 1)).toEqual(NOVA);
  });

  test.each([
    ['is down', DOWN],
    ['refuses', json(400, { __type: 'AccessDeniedException' })],
    ['names no version', json(200, {})],
    ['names a version that is none', json(200, { Version: 0 })],
  ])('cannot be written where Parameter Store %s', async (_what, script) => {
    server.play(script);
    await expect(opened().put(TENANT, NOVA)).rejects.toMatchObject(UNAVAILABLE);
  });

  test('are written again after a lost response: a version more, which nobody names', async () => {
    server.play(hangUp, json(200, { Version: 2 }));
    expect(await opened().put(TENANT, NOVA)).toBe(2);
    expect(server.requests.map(({ body }) => JSON.parse(body))).toEqual(
      Array(2).fill({ Name: NAME, Value: JSON.stringify(NOVA), Type: 'String', Overwrite: true }),
    );
  });
});
