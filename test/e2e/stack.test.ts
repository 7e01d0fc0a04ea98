import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import OpenAI, { AuthenticationError } from 'openai';
import { reachStack } from '../../local/invoke-local/reach-stack.ts';
import { publishDevFile } from '../../local/stack/dev-file.ts';
import { type Stack, startStack } from '../../local/stack.ts';

const ask = { model: 'amazon.nova-lite-v1:0', messages: [{ role: 'user' as const, content: 'Hello!' }] };

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
