import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, request as send } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import OpenAI, { AuthenticationError } from 'openai';
import { startEventBridge } from '../../local/eventbridge/server.ts';
import { reachStack } from '../../local/invoke-local/reach-stack.ts';
import { publishDevFile } from '../../local/stack/dev-file.ts';
import { withEnvironment } from '../../local/stack/environment.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { createDeploymentSettings } from '../../shared/aws/deployment-settings.ts';
import { createEventBus } from '../../shared/aws/event-bus.ts';
import { ORGANIZATION_REF } from '../../shared/domain/ids.ts';
import { signedHttpTo } from '../support/aws-emulator.ts';

const ask = { model: 'amazon.nova-lite-v1:0', messages: [{ role: 'user' as const, content: 'Hello!' }] };

/** Stands before a service and notes who signs what goes to it. */
async function startRecorder(target: string) {
  const scopes: string[] = [];
  const server = createServer((request, response) => {
    const [, key, region, service] =
      /Credential=([^/]*)\/\d+\/([^/]*)\/([^/]*)\//.exec(request.headers.authorization ?? '') ?? [];
    scopes.push(`${key} of ${region} for ${service}`);
    const { method, headers, url = '' } = request;
    const passed = send(target + url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}`, callers: () => [...new Set(scopes)], close };
}

describe('a stack on a machine without a DynamoDB', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ ephemeral: true, stores: 'memory' });
  }, 60_000);
  afterAll(() => stack?.close());

  test('says that data are in memory', () => {
    expect(stack.endpoints.dynamodb).toBeNull();
  });

  test('answers, reports usage and refuses a revoked key, as with one', async () => {
    const client = new OpenAI({ baseURL: stack.baseUrl, apiKey: stack.apiKey, maxRetries: 0 });
    const { organization } = new OpenAI({ baseURL: stack.baseUrl, adminAPIKey: stack.adminKey }).admin;
    const completion = await client.chat.completions.create(ask);
    expect(completion.choices[0]?.message.content).toMatch(/emulator/i);

    const dayAgo = Math.floor(Date.now() / 1000) - 86_400;
    const usage = await organization.usage.completions({ start_time: dayAgo });
    expect(usage.data.flatMap((bucket) => bucket.results)).toEqual([
      expect.objectContaining({ num_model_requests: 1 }),
    ]);

    await organization.projects.apiKeys.delete(stack.apiKeyId, { project_id: stack.projectId });
    await expect(client.chat.completions.create(ask)).rejects.toBeInstanceOf(AuthenticationError);
  });
});

describe('a stack where AWS credentials are exported', () => {
  const variables = { AWS_ACCESS_KEY_ID: 'exported', AWS_SECRET_ACCESS_KEY: 'x', AWS_REGION: 'eu-central-1' };
  const within = <Result>(work: () => Promise<Result>, more: Record<string, string> = {}) =>
    withEnvironment({ variables: { ...variables, ...more }, environment: process.env }, work);

  test('starts in memory as well', async () => {
    const stack = await within(() => startStack({ ephemeral: true, stores: 'memory' }));
    const client = new OpenAI({ baseURL: stack.baseUrl, apiKey: stack.apiKey, maxRetries: 0 });
    expect((await client.chat.completions.create(ask)).object).toBe('chat.completion');
    await stack.close();
  }, 60_000);

  test('makes tables, secrets and parameters as the caller that its functions are', async () => {
    const behind = await startStack({ ephemeral: true });
    const [dynamodb, secrets, parameters] = await Promise.all([
      startRecorder(behind.endpoints.dynamodb ?? ''),
      startRecorder(behind.endpoints.secretsManager),
      startRecorder(behind.endpoints.ssm),
    ]);
    const stack = await within(() => startStack({ ephemeral: true }), {
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
      AWS_ENDPOINT_URL_SSM: parameters.url,
    });
    const client = new OpenAI({ baseURL: stack.baseUrl, apiKey: stack.apiKey, maxRetries: 0 });
    await client.models.list();
    await stack.close();
    await behind.close();
    for (const recorder of [dynamodb, secrets, parameters]) recorder.close();
    expect(dynamodb.callers()).toEqual(['exported of eu-central-1 for dynamodb']);
    expect(secrets.callers()).toEqual(['exported of eu-central-1 for secretsmanager']);
    expect(parameters.callers()).toEqual(['exported of eu-central-1 for ssm']);
  }, 60_000);
});

describe('what key delivery asks of a stack', () => {
  const event = { id: 'e', type: 'key.issued', atMs: 0, tenant: ORGANIZATION_REF, detail: {} } as const;
  const publishTo = async ({ endpoints }: Stack) => {
    const http = signedHttpTo(endpoints.eventBridge, 'events');
    await createEventBus({ http, stage: 'dev' }).publish(event);
    http.close();
  };

  test('is where the API is, in Parameter Store, and a bus that remembers', async () => {
    const stack = await startStack({ ephemeral: true, stores: 'memory' });
    const http = signedHttpTo(stack.endpoints.ssm, 'ssm');
    const baseUrlParameter = '/bedrock-proxy/dev/base-url';
    const baseUrl = await createDeploymentSettings({ http, baseUrlParameter }).baseUrl();
    expect(`${baseUrl}/v1`).toBe(stack.baseUrl);
    await publishTo(stack);
    expect(stack.eventBridge?.events()).toMatchObject([{ 'detail-type': 'key.issued' }]);
    http.close();
    await stack.close();
  }, 60_000);

  test('is kept in events.jsonl where data are kept', async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'bedrock-proxy-'));
    const stack = await startStack({ dataDir, stores: 'memory' });
    await publishTo(stack);
    await stack.close();
    const lines = (await readFile(path.join(dataDir, 'events.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ source: 'bedrock-proxy' }]);
    await rm(dataDir, { recursive: true });
  }, 60_000);

  test('is another bus where the environment names one', async () => {
    const other = await startEventBridge();
    const stack = await withEnvironment(
      { variables: { AWS_ENDPOINT_URL_EVENTBRIDGE: other.url }, environment: process.env },
      () => startStack({ ephemeral: true, stores: 'memory' }),
    );
    await publishTo(stack);
    expect([stack.eventBridge, other.events().length]).toEqual([undefined, 1]);
    await stack.close();
    await other.close();
  }, 60_000);
});

describe('invoke local', () => {
  test('uses the stack that runs, and leaves it running', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bedrock-proxy-'));
    const stack = await startStack({ ephemeral: true });
    const { baseUrl, stage, adminKey, apiKey, endpoints } = stack;
    await publishDevFile(folder, {
      ...{ baseUrl, stage, adminKey, apiKey, endpoints },
      ...{ issuerUrl: null, pid: process.pid },
    });
    const reached = await reachStack('dev', folder);
    expect(reached.keys).toEqual({ adminKey, apiKey });
    expect(reached.environment).toEqual({
      AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
      AWS_ENDPOINT_URL_BEDROCK: endpoints.bedrock,
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: endpoints.bedrock,
      AWS_ENDPOINT_URL_EVENTBRIDGE: endpoints.eventBridge,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
      AWS_ENDPOINT_URL_SSM: endpoints.ssm,
    });
    await reached.close();
    const client = new OpenAI({ baseURL: baseUrl, apiKey, maxRetries: 0 });
    expect((await client.models.list()).object).toBe('list');
    await stack.close();
    await rm(folder, { recursive: true });
  }, 60_000);
});

test('a stack whose port is taken starts nothing and leaves nothing running', async () => {
  const first = await startStack({ ephemeral: true });
  const port = Number(new URL(first.baseUrl).port);
  await expect(startStack({ ephemeral: true, port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  const client = new OpenAI({ baseURL: first.baseUrl, apiKey: first.apiKey, maxRetries: 0 });
  expect((await client.chat.completions.create(ask)).object).toBe('chat.completion');
  await first.close();
}, 60_000);
