import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { baseUrlOf } from '../../../cli/deployment.ts';
import { mintKey } from '../../../shared/domain/api-key.ts';
import { newAccountRef, newKeyRef, ORGANIZATION_REF } from '../../../shared/domain/ids.ts';
import { seededRandom } from '../../support/random.ts';
import { ADMIN_KEY, answering, listOf, newFolder, runIn } from './world-fixture.ts';

const LIST = ['tenants', 'list'] as const;
const api = answering(listOf());

/** A folder inside one that has a local stack's facts. */
function folderWithStack(facts: object): string {
  const root = newFolder();
  mkdirSync(path.join(root, '.local'));
  writeFileSync(path.join(root, '.local', 'dev.json'), JSON.stringify(facts));
  const inner = path.join(root, 'some', 'where');
  mkdirSync(inner, { recursive: true });
  return inner;
}
const LOCAL = { baseUrl: 'http://127.0.0.1:8787/v1', adminKey: 'bpa_test_local' };

describe('the deployment', () => {
  test.each([
    ['https://gateway.example.com', 'https://gateway.example.com/v1'],
    ['https://gateway.example.com/', 'https://gateway.example.com/v1'],
    ['https://gateway.example.com/v1', 'https://gateway.example.com/v1'],
    [
      'https://x.execute-api.us-east-1.amazonaws.com/prod',
      'https://x.execute-api.us-east-1.amazonaws.com/prod/v1',
    ],
    [
      'https://x.execute-api.us-east-1.amazonaws.com/prod/v1/',
      'https://x.execute-api.us-east-1.amazonaws.com/prod/v1',
    ],
    ['http://127.0.0.1:8787/v1', 'http://127.0.0.1:8787/v1'],
    ['http://[::1]:8787', 'http://[::1]:8787/v1'],
  ])('%s is reached at %s', (url, baseUrl) => {
    expect(baseUrlOf(url)).toBe(baseUrl);
  });

  test.each([
    'http://gateway.example.com',
    'http://127.0.0.1.example.com',
    'ftp://gateway.example.com',
    'gateway',
  ])('%s is sent nothing', async (url) => {
    const { exitCode, sent } = await runIn([...LIST, '--url', url]);
    expect({ exitCode, sent }).toEqual({ exitCode: 2, sent: [] });
  });

  test('is that of the environment, with its key and no other credential', async () => {
    const { exitCode, sent } = await runIn(LIST, { api });
    expect(exitCode).toBe(0);
    expect(sent[0]?.url).toBe('https://gateway.example.com/v1/organization/projects');
    expect(sent[0]?.headers.get('authorization')).toBe(`Bearer ${ADMIN_KEY}`);
  });

  test('is that of the option, before the environment, wherever the option stands', async () => {
    const { sent } = await runIn(['--url', 'https://other.example.com', ...LIST], { api });
    const { sent: after } = await runIn([...LIST, '--url', 'https://other.example.com'], { api });
    expect([sent[0]?.url, after[0]?.url]).toEqual(
      Array(2).fill('https://other.example.com/v1/organization/projects'),
    );
  });

  test('has the key of a file, which may end in a new line', async () => {
    const cwd = newFolder();
    writeFileSync(path.join(cwd, 'admin.key'), 'bpa_test_file\n');
    const { sent } = await runIn([...LIST, '--admin-key-file', 'admin.key'], { api, cwd });
    expect(sent[0]?.headers.get('authorization')).toBe('Bearer bpa_test_file');
  });

  test.each([
    ['is not there', undefined, 'ENOENT'],
    ['is empty', ' \n', 'holds no key'],
    ['holds lines', 'one\ntwo', 'holds no key'],
  ])('is sent nothing where the file of the key %s', async (_what, text, said) => {
    const cwd = newFolder();
    if (text !== undefined) writeFileSync(path.join(cwd, 'admin.key'), text);
    const { exitCode, stderr, sent } = await runIn([...LIST, '--admin-key-file', 'admin.key'], { cwd });
    expect({ exitCode, sent }).toEqual({ exitCode: 2, sent: [] });
    expect(stderr).toContain(said);
    expect(stderr).not.toContain('two');
  });

  test('is the local stack of a folder above, where nothing is named', async () => {
    const { sent } = await runIn(LIST, { api, env: {}, cwd: folderWithStack(LOCAL) });
    expect(sent[0]?.url).toBe('http://127.0.0.1:8787/v1/organization/projects');
    expect(sent[0]?.headers.get('authorization')).toBe('Bearer bpa_test_local');
  });

  test("never gets another one's key: a folder's facts and the environment are not mixed", async () => {
    const cwd = folderWithStack(LOCAL);
    const keyOnly = await runIn(LIST, { env: { BPX_ADMIN_KEY: ADMIN_KEY }, cwd });
    const urlOnly = await runIn(LIST, { env: { BPX_URL: 'https://gateway.example.com' }, cwd });
    expect([keyOnly, urlOnly]).toMatchObject(Array(2).fill({ exitCode: 2, sent: [] }));
    expect(keyOnly.stderr).toContain('BPX_URL');
    expect(urlOnly.stderr).toContain('BPX_ADMIN_KEY');
  });

  test('is the local stack for a key of a file, which is chosen for this command', async () => {
    const cwd = folderWithStack(LOCAL);
    writeFileSync(path.join(cwd, 'reader.key'), 'bpa_test_reader\n');
    const { exitCode, sent } = await runIn([...LIST, '--admin-key-file', 'reader.key'], {
      api,
      env: {},
      cwd,
    });
    expect(exitCode).toBe(0);
    expect(sent[0]?.url).toBe('http://127.0.0.1:8787/v1/organization/projects');
    expect(sent[0]?.headers.get('authorization')).toBe('Bearer bpa_test_reader');
  });

  test.each(['http://127.0.0.1:8787', 'http://127.0.0.1:8787/v1/'])(
    "has the local stack's own key where %s is its URL",
    async (url) => {
      const outcome = await runIn(LIST, { api, env: { BPX_URL: url }, cwd: folderWithStack(LOCAL) });
      expect(outcome.exitCode).toBe(0);
      expect(outcome.sent[0]?.headers.get('authorization')).toBe('Bearer bpa_test_local');
    },
  );

  const liveKey = mintKey(seededRandom('live'), {
    kind: 'bpa',
    environment: 'live',
    tenant: ORGANIZATION_REF,
    key: newKeyRef(seededRandom('live'), newAccountRef(seededRandom('live'))),
  }).text;

  test.each([
    ['the facts name another machine', { ...LOCAL, baseUrl: 'https://evil.example.com/v1' }, 'bpa_test_x'],
    ['the key is one of production', LOCAL, liveKey],
    ['there are no facts', undefined, 'bpa_test_x'],
  ])('is not guessed for a key of a file where %s', async (_what, facts, text) => {
    const cwd = facts === undefined ? newFolder() : folderWithStack(facts);
    writeFileSync(path.join(cwd, 'some.key'), text);
    const outcome = await runIn([...LIST, '--admin-key-file', 'some.key'], { env: {}, cwd });
    expect(outcome).toMatchObject({ exitCode: 2, sent: [] });
    expect(outcome.stderr).toContain('but not whose: set BPX_URL or give --url');
  });

  test("gets no key of a dev.json where its URL is another machine's or another port", async () => {
    const far = { ...LOCAL, baseUrl: 'https://gateway.example.com/v1' };
    const outcomes = [
      await runIn(LIST, { env: { BPX_URL: 'https://gateway.example.com' }, cwd: folderWithStack(far) }),
      await runIn(LIST, { env: { BPX_URL: 'http://127.0.0.1:8788' }, cwd: folderWithStack(LOCAL) }),
    ];
    expect(outcomes).toMatchObject(Array(2).fill({ exitCode: 2, sent: [] }));
  });

  test.each([
    ['there are no facts at all', undefined],
    ['the facts name no URL', { adminKey: 'bpa_test_local' }],
  ])('is asked for, with the remedy, where %s', async (_what, facts) => {
    const cwd = facts === undefined ? newFolder() : folderWithStack(facts);
    const { exitCode, stderr } = await runIn(LIST, { env: {}, cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('npm start');
  });
});
