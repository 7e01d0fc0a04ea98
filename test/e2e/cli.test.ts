/** The compiled command line, as a child process, through the whole life of a tenant. */
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compactDecrypt, exportJWK, generateKeyPair } from 'jose';
import OpenAI from 'openai';
import { ROOT, startProcess } from '../support/child-process.ts';
import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'bpx-e2e-'));
const program = path.join(folder, 'bpx.cjs');
const inFolder = (name: string): string => path.join(folder, name);
let stack: TestStack;

beforeAll(async () => {
  const build = startProcess({
    command: process.execPath,
    args: [path.join(ROOT, 'cli', 'build.mjs'), program],
  });
  if ((await build.ended) !== 0) throw new Error(build.output().stderr);
  stack = await startTestStack();
}, 60_000);
afterAll(() => stack?.close());

/** Runs the compiled file as its shebang would. */
async function bpx(args: readonly string[], environment: Readonly<Record<string, string | undefined>> = {}) {
  const child = startProcess({
    command: process.execPath,
    args: [program, ...args],
    environment: { BPX_URL: stack.baseUrl, BPX_ADMIN_KEY: stack.adminKey, ...environment },
  });
  const exitCode = await child.ended;
  return { exitCode, ...child.output() };
}

/** The JSON of a command that must succeed. */
async function jsonOf(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await bpx([...args, '--json']);
  if (exitCode !== 0) throw new Error(`bpx ${args.join(' ')} ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Whether a key opens the inference plane. */
async function statusOf(apiKey: string): Promise<number> {
  const client = new OpenAI({ apiKey, baseURL: stack.baseUrl, maxRetries: 0 });
  const answer = client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hello!' }] });
  return answer.then(
    () => 200,
    (error: { readonly status?: number }) => error.status ?? 0,
  );
}

const keyIn = (name: string): string => readFileSync(inFolder(name), 'utf8').trim();

async function newAccount(name: string) {
  const tenant = await jsonOf('tenants', 'create', name);
  const account = await jsonOf('accounts', 'create', 'worker', '--project', tenant.id);
  return { tenant: tenant.id, account: account.id, id: account.api_key.id, value: account.api_key.value };
}

describe('bpx', () => {
  test('makes a tenant, a workload and a key, which works', async () => {
    const tenant = await jsonOf('tenants', 'create', 'story', '--usd-per-month', '5');
    expect(tenant).toMatchObject({ name: 'story', limits: { usd_per_month: 5 } });
    const account = await jsonOf('accounts', 'create', 'worker', '--project', tenant.id, '--no-key');
    expect(account.api_key).toBeNull();
    await jsonOf('accounts', 'update', account.id, '--role', 'member');
    const file = inFolder('story.key');
    const issued = await bpx([
      'keys',
      'issue',
      '--account',
      account.id,
      '--expires-in',
      '30d',
      '--out',
      file,
    ]);
    expect(issued.exitCode).toBe(0);
    expect(issued.stderr).toContain('shown once');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(issued.stdout + issued.stderr).not.toContain(keyIn('story.key'));
    expect(await statusOf(keyIn('story.key'))).toBe(200);

    const { data } = await jsonOf('keys', 'list', '--project', tenant.id, '--account', account.id);
    expect(data).toMatchObject([{ name: 'worker', owner: { service_account: { id: account.id } } }]);
    expect(data[0].expires_at - data[0].created_at).toBe(30 * 86_400);
  });

  test('rotates a key, hands its successor over by a link, and revokes both', async () => {
    const { id, value } = await newAccount('rotated');
    const link = inFolder('rotated.link');
    const { exitCode } = await bpx(['keys', 'rotate', id, '--delivery', 'claim', '--out', link]);
    expect(exitCode).toBe(0);
    const file = inFolder('rotated.key');
    const nobody = { BPX_URL: undefined, BPX_ADMIN_KEY: undefined };
    const claimed = await bpx(['keys', 'claim', keyIn('rotated.link'), '--out', file], nobody);
    expect(claimed).toMatchObject({ exitCode: 0 });
    expect([await statusOf(value), await statusOf(keyIn('rotated.key'))]).toEqual([200, 200]);

    await jsonOf('keys', 'revoke', id, '--cascade');
    expect([await statusOf(value), await statusOf(keyIn('rotated.key'))]).toEqual([401, 401]);
    const again = await bpx(['keys', 'claim', keyIn('rotated.link')], nobody);
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toMatch(/status 4\d\d/);
  });

  test('seals a key to a public key', async () => {
    const { account } = await newAccount('sealed');
    const pair = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true });
    const jwk = { ...(await exportJWK(pair.publicKey)), alg: 'ECDH-ES' };
    writeFileSync(inFolder('public.jwk'), JSON.stringify(jwk));
    const args = ['--account', account, '--delivery', 'jwe', '--jwk', inFolder('public.jwk')];
    const issued = await jsonOf('keys', 'issue', ...args);
    expect(issued.value).toBeNull();
    const { plaintext } = await compactDecrypt(issued.delivery.jwe, pair.privateKey);
    expect(await statusOf(new TextDecoder().decode(plaintext))).toBe(200);
  });

  test('sets limits that act, and shows them', async () => {
    const { tenant, account, value } = await newAccount('limited');
    await jsonOf('limits', 'set', tenant, '--requests-per-minute', '7', '--inflight', '3');
    await jsonOf('limits', 'set', '--account', account, '--usd-per-month', '2');
    await jsonOf('limits', 'set', tenant, '--deny-models', model);
    expect(await statusOf(value)).toBe(404);
    expect(await jsonOf('limits', 'show', tenant)).toMatchObject({
      project: { limits: { requests_per_minute: 7, inflight_requests: 3, usd_per_month: null } },
      spend_limit: null,
      model_permissions: { mode: 'deny_list', model_ids: [model] },
      limit_usage: {
        limits: [
          { limit: 'requests_per_minute', owner: { type: 'project', id: tenant }, value: 7 },
          { limit: 'usd_per_month', owner: { type: 'service_account', id: account }, value: 2 },
        ],
        inflight: { value: 3, used: 0 },
      },
    });
    const both = await jsonOf('limits', 'set', tenant, '--all-models', '--requests-per-minute', '8');
    expect(both).toMatchObject({ project: { limits: { requests_per_minute: 8 } } });
    expect(await statusOf(value)).toBe(200);
    expect((await bpx(['limits', 'show', '--account', account])).stdout).toMatch(/limits.usd_per_month +2\n/);
  });

  test('sets limits of a model, how limits count, and whether answers tell their cost', async () => {
    const { tenant, value } = await newAccount('finely limited');
    await jsonOf('limits', 'set', tenant, '--model', model, '--requests-per-day', '1');
    expect([await statusOf(value), await statusOf(value)]).toEqual([200, 429]);
    await jsonOf('limits', 'set', tenant, '--model', model, '--shadow', 'requests-per-day');
    expect(await statusOf(value)).toBe(200);
    const set = await jsonOf('limits', 'set', tenant, '--clear-model', model, '--smoothing', '10s');
    expect(set.limits).toMatchObject({ smoothing: '10s', estimation: 'strict', models: {} });
    expect(await jsonOf('tenants', 'update', tenant, '--show-cost')).toMatchObject({ show_cost: true });
    expect(await jsonOf('tenants', 'update', tenant, '--no-show-cost')).toMatchObject({ show_cost: false });
  });

  test('restricts a workload to models, and lifts that', async () => {
    const { account, value } = await newAccount('restricted');
    await jsonOf('accounts', 'update', account, '--models', 'another-model');
    const restricted = await statusOf(value);
    expect(restricted).toBeGreaterThanOrEqual(400);
    const lifted = await jsonOf('accounts', 'update', account, '--models', 'none');
    expect([lifted.models, await statusOf(value)]).toEqual([null, 200]);
  });

  test('makes admin keys that can do less, and ends them', async () => {
    const file = inFolder('reader.key');
    const args = ['admin-keys', 'create', 'reader', '--scopes', 'projects:read', '--expires-in', '1h'];
    const created = await bpx([...args, '--out', file, '--json']);
    const { id } = JSON.parse(created.stdout);
    const reader = ['--admin-key-file', file];
    expect((await bpx(['tenants', 'list', ...reader])).exitCode).toBe(0);
    const refused = await bpx(['tenants', 'create', 'x', ...reader]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('code insufficient_scope');
    expect(await bpx(['admin-keys', 'revoke', id, ...reader])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('is the key of this very command'),
    });
    expect(await jsonOf('admin-keys', 'show', id)).toMatchObject({ name: 'reader' });
    await jsonOf('admin-keys', 'revoke', id);
    expect((await bpx(['tenants', 'list', ...reader])).stderr).toContain('status 401');
  });

  test('alerts, and lists and removes alerts', async () => {
    const { tenant } = await newAccount('alerted');
    const alert = await jsonOf(
      'alerts',
      'create',
      '--project',
      tenant,
      '--usd',
      '0.5',
      '--email',
      'a@example.com',
    );
    expect(await jsonOf('alerts', 'list', '--project', tenant)).toMatchObject({
      data: [{ id: alert.id, threshold_amount: 50 }],
    });
    const changed = await jsonOf('alerts', 'update', alert.id, '--usd', '0.75');
    expect(changed).toEqual({ ...alert, threshold_amount: 75 });
    await jsonOf('alerts', 'delete', alert.id);
    expect(await jsonOf('alerts', 'list', '--project', tenant)).toMatchObject({ data: [] });
  });

  test('reports what was used', async () => {
    const { tenant, value } = await newAccount('used');
    await statusOf(value);
    const report = await jsonOf(
      'usage',
      '--from',
      '1d',
      '--projects',
      tenant,
      '--group-by',
      'project_id,model',
    );
    const results = report.data.flatMap((bucket: { results: object[] }) => bucket.results);
    expect(results).toMatchObject([{ project_id: tenant, model, num_model_requests: 1 }]);
    const minutes = await bpx(['usage', '--bucket', '1m', '--from', '2d', '--projects', tenant]);
    expect(minutes.stdout.trim().split('\n')).toHaveLength(2);
    const costs = await bpx(['costs', '--from', '1d', '--projects', tenant, '--group-by', 'line_item']);
    expect(costs.stdout).toMatch(new RegExp(`${model} +0\\.0\\d+ +USD`));
  });

  test('archives a tenant, whose keys stop and which is listed only when asked for', async () => {
    const { tenant, value } = await newAccount('archived');
    await jsonOf('tenants', 'archive', tenant, '--yes');
    expect(await statusOf(value)).toBe(401);
    const idsOf = async (...args: string[]) =>
      (await jsonOf('tenants', 'list', ...args)).data.map((one: { id: string }) => one.id);
    expect(await idsOf()).not.toContain(tenant);
    expect(await idsOf('--archived')).toContain(tenant);
  });

  test('makes nothing twice under one name', async () => {
    const args = ['tenants', 'create', 'once', '--idempotency-key', 'e2e-once'];
    const { id } = await jsonOf(...args);
    const again = await bpx(args);
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toContain(id);
  });

  test('verifies every chain, the archived tenants included, and lists who did what', async () => {
    const { exitCode, stdout } = await bpx(['audit', 'verify']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.not.stringContaining('BROKEN') });
    const unknown = await bpx(['audit', 'verify', '--project', 'proj_zzzzzzzzzz']);
    expect(unknown).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('No such tenant'),
    });
    const { data } = await jsonOf('tenants', 'list', '--archived');
    for (const { id } of data) expect(stdout).toMatch(new RegExp(`^${id} +[1-9]\\d* +holds`, 'm'));
    expect(stdout).toMatch(/^org +\d+ +holds/m);
    const { data: events } = await jsonOf('audit', 'list', '--types', 'project.archived', '--from', '1h');
    expect(events).toMatchObject([{ type: 'project.archived' }]);
  });

  test('ends with 3 where nothing listens', async () => {
    const { exitCode, stderr } = await bpx(['tenants', 'create', 'x'], { BPX_URL: 'http://127.0.0.1:1' });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('Cannot reach http://127.0.0.1:1/v1');
    expect(stderr).toContain('--idempotency-key');
  });
});
