import type { RequestOptions } from 'node:http';
import { Agent } from 'node:https';
import { connect, type Socket } from 'node:net';
import {
  bedrockHttp,
  contextSecretOf,
  deploymentSettingsOf,
  eventBusOf,
  inferenceProfilesOf,
  leanDynamo,
  type Services,
  secretVaultOf,
  startServices,
  tenantSettingsOf,
} from '../../../shared/aws/services.ts';
import { CATALOGUE } from '../../../shared/domain/catalogue.ts';
import { parseAccountRef, parseKeyRef, parseTenantRef } from '../../../shared/domain/ids.ts';
import { json, type ScriptedServer, startScriptedServer } from '../../support/scripted-server.ts';

/** Where the services of a region are called, and as what: no endpoint is named, as in production. */
let server: ScriptedServer;
beforeAll(async () => {
  server = await startScriptedServer();
});
afterAll(() => server.close());

const ENVIRONMENT = {
  STAGE: 'test',
  AWS_REGION: 'eu-central-1',
  CONFIG_TABLE: 'config',
  LIMITS_TABLE: 'limits',
  USAGE_TABLE: 'usage',
  AUDIT_TABLE: 'audit',
  AUDIT_HEAD_TABLE: 'audit-head',
  CONTEXT_SECRET_ID: 'context',
  AUDIT_ARCHIVE: 'archive',
  BASE_URL_PARAMETER: '/bedrock-proxy/test/base-url',
  KEY_ENVIRONMENT: 'test',
  USAGE_RETENTION_DAYS: 'forever',
  AWS_ACCESS_KEY_ID: 'AKID',
  AWS_SECRET_ACCESS_KEY: 'secret',
};

/** Connects to the scripted server, without TLS, whatever it is asked for. */
class LoopbackAgent extends Agent {
  readonly asked: string[] = [];

  override createConnection(options: RequestOptions): Socket {
    this.asked.push(`${options.host}:${options.port}`);
    return connect(Number(new URL(server.endpoint).port), '127.0.0.1');
  }
}

const TENANT = parseTenantRef('AbCdEf0123') ?? fail('not a tenant');
const ACCOUNT = parseAccountRef('Acc0un') ?? fail('not an account');
const LINE = parseKeyRef('Acc0unAAAA') ?? fail('not a key');
const VERSION = {
  tenant: TENANT,
  account: ACCOUNT,
  line: LINE,
  versionId: 'issued-AbCdEf0123-Acc0unAAAA-000000',
};

function fail(why: string): never {
  throw new Error(why);
}

const scopeOf = (authorization = ''): string | undefined => /Credential=([^,]+)/.exec(authorization)?.[1];

test.each([
  {
    host: 'dynamodb.eu-central-1.amazonaws.com',
    scope: 'eu-central-1/dynamodb',
    call: (services: Services) => leanDynamo(services).getItem({ TableName: 't', Key: {} }),
  },
  {
    host: 'bedrock-runtime.eu-central-1.amazonaws.com',
    scope: 'eu-central-1/bedrock',
    call: (services: Services) =>
      bedrockHttp(services).send({ path: '/', headers: {}, body: '{}', timeoutMs: 20_000 }),
  },
  {
    host: 'secretsmanager.eu-central-1.amazonaws.com',
    scope: 'eu-central-1/secretsmanager',
    call: (services: Services) => contextSecretOf(services).current(),
  },
  {
    host: 'secretsmanager.eu-central-1.amazonaws.com',
    scope: 'eu-central-1/secretsmanager',
    call: (services: Services) => secretVaultOf(services).putPending(VERSION, 'value'),
  },
  {
    host: 'events.eu-central-1.amazonaws.com',
    scope: 'eu-central-1/events',
    call: (services: Services) =>
      eventBusOf(services).publish({ id: 'e', type: 'key.issued', atMs: 0, tenant: TENANT, detail: {} }),
  },
  {
    host: 'ssm.eu-central-1.amazonaws.com',
    scope: 'eu-central-1/ssm',
    call: (services: Services) => deploymentSettingsOf(services).baseUrl(),
  },
  {
    host: 'ssm.eu-central-1.amazonaws.com',
    scope: 'eu-central-1/ssm',
    call: (services: Services) => tenantSettingsOf(services).put(TENANT, { modelAliases: {} }),
  },
  {
    host: 'bedrock.eu-central-1.amazonaws.com',
    scope: 'eu-central-1/bedrock',
    call: (services: Services) => inferenceProfilesOf(services, { catalogue: CATALOGUE }).modelOf('arn'),
  },
])('$host is called and signed for as $scope', async ({ host, scope, call }) => {
  const keys = JSON.stringify({ current: 'k0', k0: 'zero'.repeat(10) });
  const answers = {
    SecretString: keys,
    ARN: 'arn',
    FailedEntryCount: 0,
    Parameter: { Value: 'https://a/b' },
    Version: 1,
    status: 'ACTIVE',
    models: [{ modelArn: 'arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0' }],
  };
  server.play(json(200, answers));
  const agent = new LoopbackAgent();
  await call({ ...startServices(ENVIRONMENT), agent });
  agent.destroy();
  expect(agent.asked).toEqual([`${host}:443`]);
  const [request] = server.requests;
  expect(request?.headers.host).toBe(host);
  expect(scopeOf(request?.headers.authorization)).toMatch(new RegExp(`^AKID/\\d{8}/${scope}/aws4_request$`));
});
