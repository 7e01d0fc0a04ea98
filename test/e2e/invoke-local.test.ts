import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT, startProcess } from '../support/child-process.ts';

const EVENTS = 'test/fixtures/events';

/** `serverless invoke local -f … -p …`, to its end. */
async function invoke(name: string, event: string) {
  const invoked = startProcess({
    command: process.execPath,
    args: [
      path.join(ROOT, 'node_modules/serverless/bin/serverless.js'),
      ...['invoke', 'local', '-f', name, '-p', event],
    ],
    // What a developer without AWS has.
    environment: { AWS_ACCESS_KEY_ID: undefined, AWS_PROFILE: undefined, SLS_TELEMETRY_DISABLED: '1' },
  });
  const code = await invoked.ended;
  const { stdout, stderr } = invoked.output();
  return { code, stdout, stderr };
}

/** What the function returned: the CLI prints it as JSON, after whatever the function logged. */
function resultOf(stdout: string): Record<string, unknown> {
  const start = stdout.lastIndexOf('\n{\n') + 1;
  return JSON.parse(stdout.slice(start));
}

const bodyOf = (result: Record<string, unknown>) => JSON.parse(String(result['body']));

describe('serverless invoke local', () => {
  test('authorizer: turns the stack’s key into a policy and a signed context', async () => {
    const { code, stdout } = await invoke('authorizer', `${EVENTS}/authorizer.json`);
    expect(code).toBe(0);
    expect(resultOf(stdout)).toMatchObject({
      policyDocument: { Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke' }] },
      context: { p: expect.any(String), m: expect.any(String) },
    });
  }, 120_000);

  test('keyIssuer: lists the projects', async () => {
    const { code, stdout } = await invoke('keyIssuer', `${EVENTS}/key-issuer.json`);
    expect(code).toBe(0);
    const result = resultOf(stdout);
    expect(result['statusCode']).toBe(200);
    expect(bodyOf(result)).toMatchObject({ object: 'list', data: [{ name: 'playground' }] });
  }, 120_000);

  test('keyIssuer: makes an admin key by direct invocation', async () => {
    const { code, stdout } = await invoke('keyIssuer', `${EVENTS}/key-issuer-create-admin-key.json`);
    expect(code).toBe(0);
    expect(resultOf(stdout)).toMatchObject({
      object: 'organization.admin_api_key',
      value: expect.stringMatching(/^bpa_test_/),
    });
  }, 120_000);

  test('keyRotation: sweeps every tenant', async () => {
    const { code, stdout } = await invoke('keyRotation', `${EVENTS}/key-rotation.json`);
    expect(code).toBe(0);
    expect(resultOf(stdout)).toMatchObject({ tenants: 1, settled: 0, rotated: 0, failed: 0, left: 0 });
  }, 120_000);

  test('proxy: answers a chat completion', async () => {
    const { code, stdout } = await invoke('proxy', `${EVENTS}/proxy-chat-completion.json`);
    expect(code).toBe(0);
    const result = resultOf(stdout);
    expect(result['statusCode']).toBe(200);
    expect(bodyOf(result)).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: expect.stringMatching(/emulator/i) } }],
    });
  }, 120_000);

  test('proxy: streams a chat completion to its end', async () => {
    const { code, stdout } = await invoke('proxy', `${EVENTS}/proxy-chat-completion-stream.json`);
    expect(code).toBe(0);
    const result = resultOf(stdout);
    expect(result).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': expect.stringContaining('text/event-stream') },
    });
    expect(result['body']).toMatch(/^(data: |:)[\s\S]*"chat\.completion\.chunk"[\s\S]*data: \[DONE\]\n\n$/);
  }, 120_000);

  test('metrics: reports usage', async () => {
    const { code, stdout } = await invoke('metrics', `${EVENTS}/metrics.json`);
    expect(code).toBe(0);
    const result = resultOf(stdout);
    expect(result['statusCode']).toBe(200);
    expect(bodyOf(result)).toMatchObject({ object: 'page' });
  }, 120_000);

  test('ends with an error, and does end, where the event asks for what nobody has', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'events-'));
    const event = path.join(folder, 'event.json');
    await writeFile(event, '{"body": "{{nonsense}}"}');
    const { code, stderr } = await invoke('authorizer', event);
    await rm(folder, { recursive: true });
    expect(code).toBe(1);
    expect(stderr).toContain('{{nonsense}}');
  }, 120_000);

  test('ends with an error where the function throws', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'events-'));
    const event = path.join(folder, 'event.json');
    await writeFile(event, '{"headers": {}, "requestContext": {}}');
    const { code, stdout } = await invoke('authorizer', event);
    await rm(folder, { recursive: true });
    expect(code).toBe(1);
    expect(stdout).toContain('Unauthorized');
  }, 120_000);
});
