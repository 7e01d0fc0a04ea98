import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { startParameterStore } from '../../../local/ssm/server.ts';
import { createDeploymentSettings } from '../../../shared/aws/deployment-settings.ts';
import type { SignedHttp } from '../../../shared/aws/signed-http.ts';
import { noWaiting, sdkAccess, signedHttpTo } from '../../support/aws-emulator.ts';
import { hangUp, json, type ScriptedServer, startScriptedServer } from '../../support/scripted-server.ts';

const NAME = '/bedrock-proxy/test/base-url';
const URL_OF_API = 'https://abc123.execute-api.eu-central-1.amazonaws.com/test';

test('the base URL is the parameter that the AWS SDK wrote', async () => {
  const store = await startParameterStore();
  const client = new SSMClient(sdkAccess(store.url));
  await client.send(new PutParameterCommand({ Name: NAME, Value: URL_OF_API, Type: 'String' }));
  const http = signedHttpTo(store.url, 'ssm');
  const settings = createDeploymentSettings({ http, baseUrlParameter: NAME });
  expect(await settings.baseUrl()).toBe(URL_OF_API);
  client.destroy();
  http.close();
  await store.close();
});

describe('deployment settings', () => {
  let server: ScriptedServer;
  let http: SignedHttp;
  beforeAll(async () => {
    server = await startScriptedServer();
    http = signedHttpTo(server.endpoint, 'ssm');
  });
  afterAll(async () => {
    http.close();
    await server.close();
  });

  const opened = () => createDeploymentSettings({ http, baseUrlParameter: NAME, waiting: noWaiting() });
  const found = (Value: unknown) => json(200, { Parameter: { Name: NAME, Value } });

  test('are read once for all who ask, at the same time and later', async () => {
    server.play(found(URL_OF_API));
    const settings = opened();
    const urls = await Promise.all([settings.baseUrl(), settings.baseUrl()]);
    expect([...urls, await settings.baseUrl()]).toEqual([URL_OF_API, URL_OF_API, URL_OF_API]);
    expect(server.requests.map(({ body }) => body)).toEqual([`{"Name":"${NAME}"}`]);
  });

  test('name the parameter that is missing, and look again when asked again', async () => {
    server.play(json(400, { __type: 'ParameterNotFound' }), found(URL_OF_API));
    const settings = opened();
    await expect(settings.baseUrl()).rejects.toMatchObject({
      code: 'service_unavailable',
      cause: { message: expect.stringContaining(`no ${NAME}`) },
    });
    expect(await settings.baseUrl()).toBe(URL_OF_API);
  });

  test.each([
    ['an answer of 500', json(500, { __type: 'InternalServerError' })],
    ['throttling', json(400, { __type: 'ThrottlingException' })],
    ['a lost response', hangUp],
  ])('are there after two times %s', async (_what, script) => {
    server.play(script, script, found(URL_OF_API));
    expect(await opened().baseUrl()).toBe(URL_OF_API);
    expect(server.requests).toHaveLength(3);
  });

  test.each([
    ['with a slash at the end', `${URL_OF_API}/`],
    ['with /v1', `${URL_OF_API}/v1`],
    ['without a scheme', 'abc123.execute-api.eu-central-1.amazonaws.com/test'],
    ['with a query', `${URL_OF_API}?x=1`],
    ['of another type', 7],
  ])('refuse a base URL %s: links are made by appending to it', async (_what, value) => {
    server.play(found(value));
    await expect(opened().baseUrl()).rejects.toMatchObject({ code: 'service_unavailable' });
  });
});
