import { createProgram } from '../../../cli/run.ts';
import { ACCOUNT, answering, KEY, listOf, NOW_MS, PROJECT, refusing, runIn } from './world-fixture.ts';

const TENANT = {
  id: PROJECT,
  object: 'organization.project',
  name: 'search',
  status: 'active',
  created_at: 0,
};

describe('a list', () => {
  test('is a table of plain columns', async () => {
    const longer = { ...TENANT, id: 'proj_000000000b', name: 'a longer name', created_at: NOW_MS / 1000 };
    const { stdout, stderr } = await runIn(['tenants', 'list'], { api: answering(listOf(TENANT, longer)) });
    expect(stdout).toBe(
      [
        'ID               NAME           STATUS  CREATED',
        'proj_4fJq0c8ZtA  search         active  1970-01-01T00:00:00Z',
        'proj_000000000b  a longer name  active  2026-01-31T12:00:00Z',
        '',
      ].join('\n'),
    );
    expect(stderr).toBe('');
  });

  test('holds what all pages hold', async () => {
    const pages = [
      { ...listOf({ ...TENANT, id: 'proj_000000000a' }), has_more: true, last_id: 'proj_000000000a' },
      { ...listOf({ ...TENANT, id: 'proj_000000000b' }), has_more: true, last_id: 'proj_000000000b' },
      listOf({ ...TENANT, id: 'proj_000000000c' }),
    ];
    const outcome = await runIn(['tenants', 'list', '--json'], {
      api: (_sent, index) => ({ body: pages[index] }),
    });
    expect(JSON.parse(outcome.stdout)).toEqual({
      object: 'list',
      data: ['a', 'b', 'c'].map((end) => ({ ...TENANT, id: `proj_000000000${end}` })),
      first_id: 'proj_000000000a',
      last_id: 'proj_000000000c',
      has_more: false,
    });
    expect(outcome.sent.map(({ query }) => query.get('after'))).toEqual([
      null,
      'proj_000000000a',
      'proj_000000000b',
    ]);
  });

  test('ends at --limit, asks for no more than that, and says so', async () => {
    const page = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        ...TENANT,
        id: `proj_${String(index).padStart(10, '0')}`,
      }));
    const outcome = await runIn(['tenants', 'list', '--limit', '120'], {
      api: ({ query }) => ({
        body: {
          ...listOf(...page(Number(query.get('limit')))),
          has_more: true,
          last_id: `x${query.get('limit')}`,
        },
      }),
    });
    expect(outcome.sent.map(({ query }) => query.get('limit'))).toEqual(['100', '20']);
    expect(outcome.stdout.split('\n')).toHaveLength(122);
    expect(outcome.stderr).toContain('more than these 120');
  });

  test('ends where a server sends the same page for ever', async () => {
    const same = { ...listOf(TENANT), has_more: true, last_id: PROJECT };
    const { exitCode, sent } = await runIn(['tenants', 'list'], { api: answering(same) });
    expect({ exitCode, calls: sent.length }).toEqual({ exitCode: 0, calls: 2 });
  });

  test('shows no control characters of a server to the terminal', async () => {
    const evil = { ...TENANT, name: 'a\u001b[2Jb\nc\u202ed' };
    const { stdout } = await runIn(['tenants', 'list'], { api: answering(listOf(evil)) });
    expect(stdout).toContain('a\ufffd[2Jb\ufffdc\ufffdd');
  });
});

test('the list of admin keys has no column for what is never known', async () => {
  const key = { id: 'key_a', name: 'ci', scopes: ['usage:read'], expires_at: 0, last_used_at: null };
  const { stdout } = await runIn(['admin-keys', 'list'], { api: answering(listOf(key)) });
  expect(stdout.split('\n')[0]?.split(/ {2,}/)).toEqual(['ID', 'NAME', 'SCOPES', 'EXPIRES']);
});

describe('an answer', () => {
  test('is a line a field, nested ones dotted, where a person reads it', async () => {
    const body = { ...TENANT, archived_at: null, limits: { tokens_per_minute: 5, usd_per_month: null } };
    const { stdout } = await runIn(['tenants', 'show', PROJECT], { api: answering(body) });
    expect(stdout).toBe(
      [
        `id                        ${PROJECT}`,
        'name                      search',
        'status                    active',
        'created_at                1970-01-01T00:00:00Z',
        'archived_at               -',
        'limits.tokens_per_minute  5',
        'limits.usd_per_month      -',
        '',
      ].join('\n'),
    );
  });

  test("is the API's own document with --json, and nothing else", async () => {
    const body = { ...TENANT, unknown_field: [{ of: 'tomorrow' }] };
    const { stdout, stderr } = await runIn(['tenants', 'show', PROJECT, '--json'], { api: answering(body) });
    expect(JSON.parse(stdout)).toEqual(body);
    expect(stderr).toBe('');
  });
});

const ALERT = ['--project', PROJECT, '--email', 'ops@example.com'] as const;

describe('the exit code', () => {
  test('is 1 where the API refuses, with all that it says on stderr', async () => {
    const api = refusing(409, { message: 'There is already one.', code: 'conflict', param: 'name' });
    const { exitCode, stdout, stderr } = await runIn(['tenants', 'create', 'search', '--json'], { api });
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'bpx: There is already one.\n(status 409, code conflict, param name, request 01JREQUEST)\n',
    });
  });

  test('is 1 where the key is not accepted, naming where it came from', async () => {
    const api = refusing(401, { message: 'Incorrect API key provided.', code: 'invalid_api_key' });
    const { exitCode, stderr } = await runIn(['tenants', 'list'], { api });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('The key came from BPX_ADMIN_KEY');
  });

  test('is 3 where nothing answers, naming the address and the cause', async () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const api = () => new TypeError('fetch failed', { cause: refused });
    const { exitCode, stderr } = await runIn(['tenants', 'list'], { api });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('Cannot reach https://gateway.example.com/v1 (ECONNREFUSED)');
  });

  test('is 3 where something else answers', async () => {
    const { exitCode, stderr } = await runIn(['tenants', 'list'], { api: answering('<html>') });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('Check --url');
  });

  test.each([
    ['an unknown command', ['tenant', 'list']],
    ['no command of a group', ['tenants']],
    ['an unknown option', ['tenants', 'list', '--all']],
    ['a missing argument', ['tenants', 'show']],
    ['a missing option', ['accounts', 'list']],
    ['an argument too many', ['tenants', 'show', PROJECT, PROJECT]],
    ['a limit that is no count', ['tenants', 'list', '--limit', '0']],
    ['an amount that is none', ['tenants', 'create', 'x', '--usd-per-month', '-1']],
    ['a tenant where a key is wanted', ['keys', 'show', PROJECT]],
    ['a change of nothing', ['keys', 'update', KEY]],
    ['a delivery without its key', ['keys', 'issue', '--account', ACCOUNT, '--delivery', 'jwe']],
    ['nobody to limit', ['limits', 'set', '--usd-per-month', '5']],
    ['two to limit', ['limits', 'show', PROJECT, '--account', ACCOUNT]],
    [
      'limits and a list of models at once',
      ['limits', 'set', PROJECT, '--inflight', '5', '--allow-models', 'a'],
    ],
    ['an alert below one cent', ['alerts', 'create', ...ALERT, '--usd', '0.004']],
    ['an alert of a part of a cent', ['alerts', 'create', ...ALERT, '--usd', '1.005']],
    ['a change of nothing in an alert', ['alerts', 'update', 'alert_4fJq0c8ZtA9bXk2QmNp7']],
    ['keys of nobody', ['keys', 'list']],
    ['what only tenants have', ['limits', 'set', '--account', ACCOUNT, '--default-max-tokens', '5']],
    ['an end in the past', ['keys', 'issue', '--account', ACCOUNT, '--expires-in', '2026-01-31']],
  ])('is 2 for %s, and nothing is sent', async (_what, args) => {
    const { exitCode, stdout, stderr, sent } = await runIn(args);
    expect({ exitCode, stdout, sent }).toEqual({ exitCode: 2, stdout: '', sent: [] });
    expect(stderr).not.toBe('');
  });

  test('is 2 for a key where an id is wanted, which is not repeated', async () => {
    const { exitCode, stderr } = await runIn(['keys', 'revoke', 'bpk_live_secret']);
    expect(exitCode).toBe(2);
    expect(stderr).not.toContain('secret');
  });
});

describe('the help', () => {
  const world = { env: {}, cwd: '/', stdout: { write: () => true }, stderr: { write: () => true } };
  const program = createProgram({
    ...world,
    readStdin: async () => '',
    fetch,
    clock: () => 0,
    newUuid: () => '',
    readRetries: 0,
  });
  const commands = program.commands.flatMap((command) =>
    command.commands.length === 0
      ? [[command.name()]]
      : command.commands.map((inner) => [command.name(), inner.name()]),
  );

  test('is about thirty commands', () => {
    expect(commands.length).toBeGreaterThan(28);
  });

  test.each(commands.map((names) => names.join(' ')))('of %s has an example of it', async (names) => {
    const { exitCode, stdout } = await runIn([...names.split(' '), '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`$ bpx ${names}`);
  });

  test('of a workload without a key says how it comes to have one', async () => {
    const { stdout } = await runIn(['accounts', 'create', '--help']);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('bpx accounts update <id> --role member');
  });

  test('of a new workload has an example that may call chats', async () => {
    const { stdout } = await runIn(['accounts', 'create', '--help']);
    expect(stdout).not.toContain('embeddings:write');
    expect(stdout).toContain('--scopes chat.completions:write,models:read');
  });

  test.each([
    ['help keys issue', '$ bpx keys issue'],
    ['help keys', 'Usage: bpx keys'],
    ['keys help issue', '$ bpx keys issue'],
    ['help usage', '$ bpx usage'],
    ['help', 'Usage: bpx [options]'],
  ])('is what %s asks for', async (line, part) => {
    const { exitCode, stdout, stderr } = await runIn(line.split(' '));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(part);
  });

  test('of limits set names the scopes that its key must have', async () => {
    const { stdout } = await runIn(['limits', 'set', '--help']);
    for (const scope of ['limits:write', 'projects:write', 'keys:write']) expect(stdout).toContain(scope);
  });
});
