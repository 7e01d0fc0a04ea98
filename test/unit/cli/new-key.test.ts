import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mintKey } from '../../../shared/domain/api-key.ts';
import { newAccountRef, newKeyRef, newTenantRef } from '../../../shared/domain/ids.ts';
import { seededRandom } from '../../support/random.ts';
import { ACCOUNT, answering, KEY, newFolder, PROJECT, refusing, runIn } from './world-fixture.ts';

const SECRET = 'bpk_test_4fJq0c8ZtA9bXk2QmNp7_secret';
const CREATED = {
  id: KEY,
  object: 'organization.project.service_account.api_key',
  value: SECRET,
  delivery: { method: 'response' },
};
const LINK = 'https://gateway.example.com/v1/api_keys/claim#bpc_test_token';
const PENDING = { ...CREATED, value: null, delivery: { method: 'claim', claim_url: LINK, expires_at: 0 } };
const ISSUE = ['keys', 'issue', '--account', ACCOUNT] as const;
const PUBLIC_JWK = { kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ' };

describe('a new key', () => {
  test('is shown once, and says so beside the answer', async () => {
    const { stdout, stderr } = await runIn(ISSUE, { api: answering(CREATED) });
    expect(stdout.split(SECRET)).toHaveLength(2);
    expect(stderr).toContain(`shown once and stored nowhere: keep it now. If it is lost, revoke ${KEY}`);
    expect(stderr).not.toContain(SECRET);
  });

  test('is in the document with --json', async () => {
    const { stdout } = await runIn([...ISSUE, '--json'], { api: answering(CREATED) });
    expect(JSON.parse(stdout)).toEqual(CREATED);
  });

  test.each([
    ['a key', CREATED, SECRET],
    ['a claim link', PENDING, LINK],
    ['a sealed key', { ...CREATED, value: null, delivery: { method: 'jwe', jwe: 'a.b.c.d.e' } }, 'a.b.c.d.e'],
  ])('of which %s is written to a file is shown nowhere', async (_what, document, secret) => {
    for (const form of [[], ['--json']]) {
      const cwd = newFolder();
      const outcome = await runIn([...ISSUE, '--out', 'worker.key', ...form], {
        api: answering(document),
        cwd,
      });
      const file = path.join(cwd, 'worker.key');
      expect(outcome.exitCode).toBe(0);
      expect(readFileSync(file, 'utf8')).toBe(`${secret}\n`);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(outcome.stdout + outcome.stderr).not.toContain(secret);
      expect(outcome.stdout).toContain(KEY);
    }
  });

  test('is not made where its file is there already', async () => {
    const cwd = newFolder();
    writeFileSync(path.join(cwd, 'worker.key'), 'another');
    const { exitCode, sent } = await runIn([...ISSUE, '--out', 'worker.key'], { cwd });
    expect({ exitCode, sent }).toEqual({ exitCode: 2, sent: [] });
    expect(readFileSync(path.join(cwd, 'worker.key'), 'utf8')).toBe('another');
  });

  test.each([
    ['its delivery shows none', [...ISSUE, '--delivery', 'secrets_manager']],
    ['a rotation shows none', ['keys', 'rotate', KEY, '--delivery', 'secrets_manager']],
    ['none is asked for', ['accounts', 'create', 'indexer', '--project', PROJECT, '--no-key']],
  ])('is not promised to a file where %s', async (_what, args) => {
    const cwd = newFolder();
    const { exitCode, stderr, sent } = await runIn([...args, '--out', 'worker.key'], { cwd });
    expect({ exitCode, sent }).toEqual({ exitCode: 2, sent: [] });
    expect(stderr).toContain('the file of --out');
    expect(existsSync(path.join(cwd, 'worker.key'))).toBe(false);
  });

  test('that was refused leaves no file', async () => {
    const cwd = newFolder();
    const api = refusing(404, { message: 'No such service account.', code: 'not_found' });
    const { exitCode } = await runIn([...ISSUE, '--out', 'worker.key'], { cwd, api });
    expect({ exitCode, exists: existsSync(path.join(cwd, 'worker.key')) }).toEqual({
      exitCode: 1,
      exists: false,
    });
  });

  test('of a service account is inside its answer, and leaves only the file', async () => {
    const cwd = newFolder();
    const args = ['accounts', 'create', 'indexer', '--project', PROJECT, '--out', 'indexer.key', '--json'];
    const account = { id: ACCOUNT, object: 'organization.project.service_account', api_key: CREATED };
    const { stdout } = await runIn(args, { api: answering(account), cwd });
    expect(JSON.parse(stdout)).toEqual({ ...account, api_key: { ...CREATED, value: null } });
    expect(readFileSync(path.join(cwd, 'indexer.key'), 'utf8')).toBe(`${SECRET}\n`);
  });
});

describe('a call that makes something', () => {
  test('asks for what was typed, once, under a name of its own', async () => {
    const cwd = newFolder();
    writeFileSync(path.join(cwd, 'worker.jwk'), JSON.stringify(PUBLIC_JWK));
    const args = [
      ...[
        '--name',
        'nightly',
        '--scopes',
        'models:read, keys:rotate',
        '--models',
        'amazon.*',
        '--level',
        'read',
      ],
      ...['--allowed-ips', '203.0.113.0/24,2001:db8::/32', '--expires-in', '30d'],
      ...['--delivery', 'jwe', '--jwk', 'worker.jwk', '--rotation-delivery', 'secrets_manager'],
      ...['--rotation-overlap', '7d'],
    ];
    const { exitCode, sent } = await runIn([...ISSUE, ...args], { api: answering(CREATED), cwd });
    expect(exitCode).toBe(0);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      method: 'POST',
      url: `https://gateway.example.com/v1/organization/projects/${PROJECT}/service_accounts/${ACCOUNT}/api_keys`,
      body: {
        name: 'nightly',
        scopes: ['models:read', 'keys:rotate'],
        models: ['amazon.*'],
        level: 'read',
        allowed_ips: ['203.0.113.0/24', '2001:db8::/32'],
        expires_in_seconds: 30 * 86_400,
        delivery: { method: 'jwe', jwk: PUBLIC_JWK },
        rotation: { delivery: { method: 'secrets_manager' }, overlap_seconds: 7 * 86_400 },
      },
    });
    expect(sent[0]?.headers.get('idempotency-key')).toBe('11111111-2222-4333-8444-555555555555');
  });

  test('asks for nothing that was not typed', async () => {
    const { sent } = await runIn(ISSUE, { api: answering(CREATED) });
    expect(sent[0]?.body).toEqual({});
  });

  test.each([
    ['the connection breaks', () => new TypeError('fetch failed'), 3],
    ['the gateway gives up', answering({ error: { message: 'The request took too long.' } }, 504), 1],
  ])('is not repeated where %s, and says how to', async (_what, api, exitCode) => {
    const outcome = await runIn(ISSUE, { api, readRetries: 2 });
    expect({ exitCode: outcome.exitCode, calls: outcome.sent.length }).toEqual({ exitCode, calls: 1 });
    expect(outcome.stderr).toContain('--idempotency-key 11111111-2222-4333-8444-555555555555');
  });

  test('repeats under the name that it is given', async () => {
    const { sent } = await runIn([...ISSUE, '--idempotency-key', 'again'], { api: answering(CREATED) });
    expect(sent[0]?.headers.get('idempotency-key')).toBe('again');
  });

  test('never sends a private key', async () => {
    const cwd = newFolder();
    writeFileSync(path.join(cwd, 'worker.jwk'), JSON.stringify({ ...PUBLIC_JWK, d: 'c2VjcmV0' }));
    const { exitCode, stderr, sent } = await runIn([...ISSUE, '--delivery', 'jwe', '--jwk', 'worker.jwk'], {
      cwd,
    });
    expect({ exitCode, sent }).toEqual({ exitCode: 2, sent: [] });
    expect(stderr).not.toContain('c2VjcmV0');
  });

  test('rotates with an overlap and a delivery', async () => {
    const args = ['keys', 'rotate', KEY, '--overlap', '2d', '--delivery', 'claim'];
    const { sent, stderr } = await runIn(args, { api: answering(PENDING) });
    expect(sent[0]).toMatchObject({
      url: `https://gateway.example.com/v1/organization/projects/${PROJECT}/api_keys/${KEY}/rotate`,
      body: { overlap_seconds: 172_800, delivery: { method: 'claim' } },
    });
    expect(stderr).toContain('bpx keys claim <link>');
  });
});

test.each([['0'], ['0s']])('a rotation with an overlap of %s ends the old key at once', async (overlap) => {
  const { exitCode, sent } = await runIn(['keys', 'rotate', KEY, '--overlap', overlap], {
    api: answering(CREATED),
  });
  expect({ exitCode, body: sent[0]?.body }).toEqual({ exitCode: 0, body: { overlap_seconds: 0 } });
});

describe('a claim', () => {
  const random = seededRandom('claim');
  const token = mintKey(random, {
    kind: 'bpc',
    environment: 'test',
    tenant: newTenantRef(random),
    key: newKeyRef(random, newAccountRef(random)),
  }).text;
  const link = `https://gateway.example.com/prod/v1/api_keys/claim#${token}`;

  test('goes where its link says, without any key', async () => {
    const { exitCode, sent } = await runIn(['keys', 'claim', link], { api: answering(CREATED) });
    expect(exitCode).toBe(0);
    expect(sent).toMatchObject([
      { method: 'POST', url: 'https://gateway.example.com/prod/v1/api_keys/claim', body: { token } },
    ]);
    expect(sent[0]?.headers.has('authorization')).toBe(false);
  });

  test('needs neither deployment nor key', async () => {
    const { exitCode } = await runIn(['keys', 'claim', link], { api: answering(CREATED), env: {} });
    expect(exitCode).toBe(0);
  });

  test('goes to the deployment with a bare token, still without a key', async () => {
    const { sent } = await runIn(['keys', 'claim', token], { api: answering(CREATED) });
    expect(sent[0]?.url).toBe('https://gateway.example.com/v1/api_keys/claim');
    expect(sent[0]?.headers.has('authorization')).toBe(false);
  });

  test('takes the link from the standard input', async () => {
    const { sent } = await runIn(['keys', 'claim', '-'], { api: answering(CREATED), stdin: `${link}\n` });
    expect(sent[0]?.body).toEqual({ token });
  });

  test.each([
    ['a mistyped token', token.slice(0, -1)],
    ['a link to something else', `https://gateway.example.com/v1/other#${token}`],
    ['a link without a token', 'https://gateway.example.com/v1/api_keys/claim'],
    ['a link that anybody on the way can read', link.replace('https', 'http')],
    ['an API key', SECRET],
    ['nothing', ''],
  ])('of %s is refused and not sent', async (_what, text) => {
    const { exitCode, stderr, sent } = await runIn(['keys', 'claim', '-'], { stdin: text });
    expect({ exitCode, sent }).toEqual({ exitCode: 2, sent: [] });
    expect(stderr).not.toContain('bpc_');
  });

  test('whose answer was lost may be repeated', async () => {
    const { stderr } = await runIn(['keys', 'claim', link], { api: () => new TypeError('fetch failed') });
    expect(stderr).toContain('Claim again by the same link');
  });
});
