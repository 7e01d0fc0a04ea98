/** Service accounts and their keys by the official client over the whole stack: every method, and what each key opens. */
import OpenAI from 'openai';
import { apiRefusalOf, everyItem } from '../support/api-refusal.ts';
import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
let projects: OpenAI['admin']['organization']['projects'];
beforeAll(async () => {
  stack = await startTestStack();
  projects = stack.admin.projects;
}, 180_000);
afterAll(() => stack?.close());

const notFound = { status: 404, code: 'not_found', param: null };
const conflict = { status: 409, code: 'conflict', param: null };
const unauthorized = { status: 401, code: 'invalid_api_key', param: null };
const DAY = 86_400;
let made = 0;

/** A project of its own. */
async function newProject(): Promise<string> {
  made += 1;
  return (await projects.create({ name: `keys ${made}` })).id;
}

/** The SDK's types have none of our additions. */
const order = (of: object = {}) => ({ name: 'worker', ...of });

/** An account with a key, in a project of its own unless told otherwise. */
async function newAccount(of: object = {}, project?: string) {
  const project_id = project ?? (await newProject());
  const account = await projects.serviceAccounts.create(project_id, order(of));
  const value = account.api_key?.value ?? 'none';
  return {
    project_id,
    id: account.id,
    key: account.api_key?.id ?? '',
    client: stack.client({ apiKey: value }),
  };
}

const adminWith = (adminAPIKey: string) =>
  new OpenAI({ adminAPIKey, baseURL: stack.baseUrl, maxRetries: 0, fetch: stack.fetch }).admin.organization;

const ask = (client: OpenAI, of = model) =>
  client.chat.completions.create({ model: of, messages: [{ role: 'user', content: 'Hello' }] });

/** What the client threw, with its words. */
async function wordsOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.catch((thrown: unknown) => thrown);
  return error instanceof Error ? error.message : '';
}

describe('client.admin.organization.projects.serviceAccounts', () => {
  test('create, retrieve, update, list and delete', async () => {
    const project_id = await newProject();
    const accounts = projects.serviceAccounts;
    const created = await accounts.create(project_id, order({ expires_in_seconds: 40 * DAY }));
    expect(created).toMatchObject({
      id: expect.stringMatching(/^svc_[0-9A-Za-z]{16}$/),
      object: 'organization.project.service_account',
      role: 'member',
      api_key: { expires_at: created.created_at + 40 * DAY, value: expect.stringMatching(/^bpk_test_/) },
    });
    const { api_key, ...shown } = created;
    expect(await accounts.retrieve(created.id, { project_id })).toEqual(shown);
    const change = order({ name: 'renamed', level: 'read', limits: { requests_per_minute: 9 } });
    const updated = await accounts.update(created.id, { project_id, ...change });
    expect(updated).toMatchObject({ name: 'renamed', level: 'read', limits: { requests_per_minute: 9 } });
    expect((await accounts.list(project_id)).data).toEqual([updated]);
    expect(await accounts.delete(created.id, { project_id })).toEqual({
      id: created.id,
      object: 'organization.project.service_account.deleted',
      deleted: true,
    });
    expect(await apiRefusalOf(accounts.retrieve(created.id, { project_id }))).toEqual(notFound);
    expect((await accounts.list(project_id)).data).toEqual([]);
  });

  test('lists each account once, page by page', async () => {
    const project_id = await newProject();
    const ids = [];
    for (let count = 0; count < 5; count += 1) ids.push((await newAccount({}, project_id)).id);
    const first = await projects.serviceAccounts.list(project_id, { limit: 2 });
    expect([first.data.length, first.has_more, first.hasNextPage()]).toEqual([2, true, true]);
    const second = await first.getNextPage();
    expect(second.data).toHaveLength(2);
    const listed = await everyItem(projects.serviceAccounts.list(project_id, { limit: 2 }));
    expect(listed.map(({ id }) => id).sort()).toEqual(ids.sort());
  });

  test('gives an account without a role its first key once it has one', async () => {
    const { project_id, id } = await newAccount({ create_service_account_only: true });
    const accounts = projects.serviceAccounts;
    expect((await accounts.retrieve(id, { project_id })).role).toBe('none');
    expect(await apiRefusalOf(accounts.apiKeys.create(id, { project_id }))).toEqual(conflict);
    expect((await accounts.update(id, { project_id, role: 'member' })).role).toBe('member');
    const key = await accounts.apiKeys.create(id, { project_id, name: 'first' });
    expect((await ask(stack.client({ apiKey: key.value }))).object).toBe('chat.completion');
  });

  test.each<[string, object, { readonly code: string; readonly param: string }]>([
    ['no name', { name: undefined }, { code: 'missing_required_parameter', param: 'name' }],
    ['a name of the wrong type', { name: 7 }, { code: 'invalid_type', param: 'name' }],
    ['a field nobody knows', { nmae: 'x' }, { code: 'unsupported_parameter', param: 'nmae' }],
    ['an unknown scope', { scopes: ['everything'] }, { code: 'invalid_value', param: 'scopes[0]' }],
    ['no scope at all', { scopes: [] }, { code: 'invalid_value', param: 'scopes' }],
    ['an unknown level', { level: 'root' }, { code: 'invalid_value', param: 'level' }],
    ['no address', { allowed_ips: ['here'] }, { code: 'invalid_value', param: 'allowed_ips[0]' }],
    [
      'an end in the past',
      { expires_in_seconds: -1 },
      { code: 'invalid_value', param: 'expires_in_seconds' },
    ],
    [
      'an end beyond the policy',
      { expires_in_seconds: 90 * DAY + 1 },
      { code: 'invalid_value', param: 'expires_in_seconds' },
    ],
    [
      'a limit of nothing',
      { limits: { requests_per_day: 0 } },
      { code: 'invalid_value', param: 'limits.requests_per_day' },
    ],
  ])('refuses %s with 400, and makes nothing', async (_what, of, refusal) => {
    const project_id = await newProject();
    const refused = projects.serviceAccounts.create(project_id, order(of));
    expect(await apiRefusalOf(refused)).toEqual({ status: 400, ...refusal });
    expect((await projects.serviceAccounts.list(project_id)).data).toEqual([]);
  });

  test('finds nothing of another project, like nothing at all', async () => {
    const { id, project_id: other } = await newAccount();
    const project_id = await newProject();
    const accounts = projects.serviceAccounts;
    for (const unknown of [id, `${id.slice(0, -6)}zzzzzz`, 'svc_nonsense']) {
      expect(await apiRefusalOf(accounts.retrieve(unknown, { project_id }))).toEqual(notFound);
      expect(await apiRefusalOf(accounts.update(unknown, { project_id, name: 'x' }))).toEqual(notFound);
      expect(await apiRefusalOf(accounts.delete(unknown, { project_id }))).toEqual(notFound);
      expect(await apiRefusalOf(accounts.apiKeys.create(unknown, { project_id }))).toEqual(notFound);
    }
    const cursor = accounts.list(project_id, { after: id });
    expect(await apiRefusalOf(cursor)).toEqual({ status: 400, code: 'invalid_value', param: 'after' });
    expect((await accounts.retrieve(id, { project_id: other })).id).toBe(id);
  });

  test('makes one account of a repeated Idempotency-Key, and says which', async () => {
    const project_id = await newProject();
    const once = { headers: { 'Idempotency-Key': 'once' } };
    const first = await projects.serviceAccounts.create(project_id, order(), once);
    const repeat = projects.serviceAccounts.create(project_id, order(), once);
    expect(await wordsOf(repeat)).toContain(first.id);
    expect(await apiRefusalOf(projects.serviceAccounts.create(project_id, order(), once))).toEqual(conflict);
    expect((await projects.serviceAccounts.list(project_id)).data).toHaveLength(1);
  });
});

describe('client.admin.organization.projects.apiKeys', () => {
  test('create, retrieve, update, list and delete', async () => {
    const { project_id, id, key: first } = await newAccount();
    const created = await projects.serviceAccounts.apiKeys.create(id, {
      project_id,
      name: 'second',
      expires_in_seconds: 30 * DAY,
      scopes: ['chat.completions:write'],
    });
    expect(created).toMatchObject({
      object: 'organization.project.service_account.api_key',
      name: 'second',
      expires_at: created.created_at + 30 * DAY,
      scopes: ['chat.completions:write'],
    });
    const keys = projects.apiKeys;
    const shown = await keys.retrieve(created.id, { project_id });
    expect(shown).toMatchObject({
      object: 'organization.project.api_key',
      owner: { type: 'service_account', service_account: { id } },
      owner_project_access: 'active',
      last_used_at: null,
      status: 'active',
    });
    expect(JSON.stringify(shown)).not.toContain(created.value.slice(30, 60));
    const updated = await keys.update(created.id, { project_id, expires_in_seconds: 20 * DAY });
    expect(updated.expires_at).toBeLessThan(created.expires_at ?? 0);
    expect((await everyItem(keys.list(project_id, { limit: 1 }))).map((one) => one.id).sort()).toEqual(
      [first, created.id].sort(),
    );
    await ask(stack.client({ apiKey: created.value }));
    expect((await keys.retrieve(created.id, { project_id })).last_used_at).toEqual(expect.any(Number));
    expect((await keys.delete(created.id, { project_id })).deleted).toBe(true);
    expect((await keys.delete(created.id, { project_id })).deleted).toBe(true);
    expect(await apiRefusalOf(keys.retrieve(created.id, { project_id }))).toEqual(notFound);
    expect(await apiRefusalOf(keys.update(created.id, { project_id, scopes: [] }))).toMatchObject({
      status: 400,
    });
    expect(await apiRefusalOf(ask(stack.client({ apiKey: created.value })))).toEqual(unauthorized);
  });

  test('lists the keys of those who have no access, through pages that hold none of them', async () => {
    const project_id = await newProject();
    const accounts = [];
    for (let count = 0; count < 6; count += 1) accounts.push(await newAccount({}, project_id));
    const gone = accounts.slice(0, 2);
    for (const { id } of gone) await projects.serviceAccounts.delete(id, { project_id });
    const listed = async (owner_project_access: 'any' | 'active' | 'inactive') =>
      (await everyItem(projects.apiKeys.list(project_id, { owner_project_access, limit: 1 })))
        .map(({ id }) => id)
        .sort();
    expect(await listed('inactive')).toEqual(gone.map(({ key }) => key).sort());
    expect(await listed('active')).toEqual(
      accounts
        .slice(2)
        .map(({ key }) => key)
        .sort(),
    );
    expect(await listed('any')).toHaveLength(6);
  });

  test('gives a key no more than its account has', async () => {
    const grant = { scopes: ['chat.completions:write'], models: ['amazon.nova-lite*'], level: 'write' };
    const { project_id, id } = await newAccount({ ...grant, allowed_ips: ['127.0.0.0/8'] });
    for (const [param, value] of [
      ['scopes', ['chat.completions:write', 'models:read']],
      ['models', ['amazon.*']],
      ['level', 'exec'],
      ['allowed_ips', ['0.0.0.0/0']],
    ] as const) {
      const refused = projects.serviceAccounts.apiKeys.create(id, { project_id, [param]: value });
      expect(await apiRefusalOf(refused)).toEqual({ status: 400, code: 'invalid_value', param });
    }
  });

  test('finds nothing of another project, like nothing at all', async () => {
    const { key } = await newAccount();
    const project_id = await newProject();
    for (const unknown of [key, `${key.slice(0, -4)}zzzz`, 'key_nonsense']) {
      expect(await apiRefusalOf(projects.apiKeys.retrieve(unknown, { project_id }))).toEqual(notFound);
      const update = projects.apiKeys.update(unknown, { project_id, expires_in_seconds: 9 });
      expect(await apiRefusalOf(update)).toEqual(notFound);
      expect(await apiRefusalOf(projects.apiKeys.delete(unknown, { project_id }))).toEqual(notFound);
    }
    expect(await apiRefusalOf(projects.apiKeys.list('proj_unknown'))).toEqual(notFound);
    const cursor = projects.apiKeys.list(project_id, { after: key });
    expect(await apiRefusalOf(cursor)).toEqual({ status: 400, code: 'invalid_value', param: 'after' });
  });
});

describe('a key opens', () => {
  test('what its scopes name, and is told which one is missing', async () => {
    const { client } = await newAccount({ scopes: ['models:read'] });
    expect((await client.models.list()).data.length).toBeGreaterThan(0);
    expect(await apiRefusalOf(ask(client))).toEqual({
      status: 403,
      code: 'insufficient_scope',
      param: null,
    });
    expect(await wordsOf(ask(client))).toContain(
      'This key lacks the scope for POST /v1/chat/completions: it needs chat.completions:write.',
    );
  });

  test('nothing of the administration plane', async () => {
    const { client, project_id } = await newAccount();
    const words = await wordsOf(adminWith(client.apiKey ?? '').projects.apiKeys.list(project_id));
    expect(words).toContain('use an admin key');
  });

  test('reads alone at the level of reading', async () => {
    const { client } = await newAccount({ level: 'read' });
    expect((await client.models.list()).data.length).toBeGreaterThan(0);
    expect(await wordsOf(ask(client))).toContain('This key may only read');
  });

  test('only the models that it names; others do not exist for it', async () => {
    const { client } = await newAccount({ models: ['amazon.nova-lite*'] });
    expect((await ask(client)).object).toBe('chat.completion');
    const other = ask(client, 'amazon.nova-micro-v1:0');
    expect(await apiRefusalOf(other)).toMatchObject({ status: 404, code: 'model_not_found' });
    const ids = (await everyItem(client.models.list())).map(({ id }) => id);
    expect(ids.filter((id) => !id.startsWith('amazon.nova-lite'))).toEqual([]);
  });

  test('nothing from an address outside of its ranges', async () => {
    const { client } = await newAccount({ allowed_ips: ['203.0.113.0/24', '2001:db8::/32'] });
    expect(await apiRefusalOf(client.models.list())).toEqual({
      status: 403,
      code: 'ip_not_allowed',
      param: null,
    });
    const inside = await newAccount({ allowed_ips: ['127.0.0.0/8', '::1'] });
    expect((await inside.client.models.list()).data.length).toBeGreaterThan(0);
  });

  test('less on the next request, once its account has less', async () => {
    const { client, project_id, id } = await newAccount();
    await ask(client);
    const narrower = order({ scopes: ['models:read'] });
    await projects.serviceAccounts.update(id, { project_id, ...narrower });
    expect(await apiRefusalOf(ask(client))).toMatchObject({ status: 403, code: 'insufficient_scope' });
    await client.models.list();
  });

  test('nothing any more once its account is deleted or its project archived', async () => {
    const deleted = await newAccount();
    await ask(deleted.client);
    await projects.serviceAccounts.delete(deleted.id, { project_id: deleted.project_id });
    expect(await apiRefusalOf(ask(deleted.client))).toEqual(unauthorized);
    const archived = await newAccount();
    await ask(archived.client);
    await projects.archive(archived.project_id);
    expect(await apiRefusalOf(ask(archived.client))).toEqual(unauthorized);
    const { project_id, id, key } = archived;
    for (const refused of [
      projects.serviceAccounts.create(project_id, order()),
      projects.serviceAccounts.update(id, { project_id, name: 'x' }),
      projects.serviceAccounts.apiKeys.create(id, { project_id }),
      projects.apiKeys.update(key, { project_id, expires_in_seconds: DAY }),
    ]) {
      expect(await apiRefusalOf(refused)).toEqual(conflict);
    }
  });
});

describe('the routes of accounts and keys', () => {
  const routes: readonly (readonly [
    string,
    (admin: TestStack['admin'], project_id: string) => Promise<unknown>,
  ])[] = [
    ['keys:read', (admin, project_id) => admin.projects.serviceAccounts.list(project_id)],
    ['keys:read', (admin, project_id) => admin.projects.serviceAccounts.retrieve('svc_x', { project_id })],
    ['keys:write', (admin, project_id) => admin.projects.serviceAccounts.create(project_id, order())],
    ['keys:write', (admin, project_id) => admin.projects.serviceAccounts.update('svc_x', { project_id })],
    ['keys:write', (admin, project_id) => admin.projects.serviceAccounts.delete('svc_x', { project_id })],
    [
      'keys:write',
      (admin, project_id) => admin.projects.serviceAccounts.apiKeys.create('svc_x', { project_id }),
    ],
    ['keys:read', (admin, project_id) => admin.projects.apiKeys.list(project_id)],
    ['keys:read', (admin, project_id) => admin.projects.apiKeys.retrieve('key_x', { project_id })],
    ['keys:write', (admin, project_id) => admin.projects.apiKeys.update('key_x', { project_id })],
    ['keys:write', (admin, project_id) => admin.projects.apiKeys.delete('key_x', { project_id })],
  ];

  test('are closed to admin keys without the scope, which is named', async () => {
    const { value } = await stack.admin.adminAPIKeys.create(order({ scopes: ['projects:write'] }));
    for (const [scope, call] of routes) {
      expect(await wordsOf(call(adminWith(value), stack.projectId))).toContain(`it needs ${scope}.`);
      expect(await apiRefusalOf(call(adminWith(value), stack.projectId))).toMatchObject({ status: 403 });
    }
  });

  test('are closed to whoever has no key', async () => {
    for (const [, call] of routes) {
      expect(await apiRefusalOf(call(adminWith('bpa_test_wrong'), stack.projectId))).toEqual(unauthorized);
    }
  });

  test('let nobody who may not set limits do so', async () => {
    const { value } = await stack.admin.adminAPIKeys.create(order({ scopes: ['keys:write'] }));
    const limited = order({ limits: { requests_per_day: 5 } });
    const { id, project_id } = await newAccount();
    const accounts = adminWith(value).projects.serviceAccounts;
    expect(await apiRefusalOf(accounts.update(id, { project_id, ...limited }))).toEqual({
      status: 403,
      code: 'insufficient_scope',
      param: 'limits',
    });
    expect((await accounts.update(id, { project_id, name: 'renamed' })).name).toBe('renamed');
  });

  test('answer what is no JSON with 400, another type with 415, and what does not exist with 404', async () => {
    const send = async (of: { readonly path: string; readonly type: string; readonly body: string }) => {
      const response = await stack.fetch(
        `${stack.baseUrl}/organization/projects/${stack.projectId}${of.path}`,
        {
          method: 'POST',
          headers: { authorization: `Bearer ${stack.adminKey}`, 'content-type': of.type },
          body: of.body,
        },
      );
      const { error } = JSON.parse(await response.text());
      return { status: response.status, code: error.code };
    };
    const path = '/service_accounts';
    const type = 'application/json';
    expect(await send({ path, type, body: '{' })).toEqual({ status: 400, code: 'invalid_json' });
    const text = { path, type: 'text/plain', body: '{"name":"x"}' };
    expect(await send(text)).toEqual({ status: 415, code: 'unsupported_media_type' });
    const unknown = { path: '/service_account', type, body: '{}' };
    expect(await send(unknown)).toEqual({ status: 404, code: 'unknown_url' });
  });
});

describe('an unknown id, a wrong secret and a malformed key', () => {
  /** Everything that a caller is answered, but for what names the request or the time. */
  async function answerTo(of: { readonly key: string; readonly path: string }) {
    const response = await stack.fetch(stack.baseUrl + of.path, {
      headers: { authorization: `Bearer ${of.key}` },
    });
    const own = /^(date|x-request-id|x-amzn-requestid|x-amzn-trace-id|x-amz-apigw-id)$/;
    const headers = [...response.headers].filter(([name]) => !own.test(name)).sort();
    return { status: response.status, headers, body: await response.text() };
  }

  const other = (digit: string) => (digit === 'A' ? 'B' : 'A');
  /** Another digit at a place; the checksum is then wrong too, unless it is made again. */
  const changed = (key: string, place: number) =>
    key.slice(0, place) + other(key.charAt(place)) + key.slice(place + 1);

  test.each(['/models', '/organization/projects', '/organization/projects/proj_unknown'])(
    'get the same status, headers and bytes at %s',
    async (path) => {
      const revoked = await stack.newKey();
      const deleted = { project_id: stack.projectId };
      await projects.apiKeys.delete(revoked.id, deleted);
      const keys = [
        'nonsense',
        'bpk_test_',
        changed(stack.apiKey, 12),
        changed(stack.apiKey, 40),
        changed(stack.adminKey, 40),
        `${stack.apiKey}x`,
        revoked.value,
      ];
      const [first, ...others] = await Promise.all(keys.map((key) => answerTo({ key, path })));
      expect(first?.status).toBe(401);
      for (const answer of others) expect(answer).toEqual(first);
    },
  );
});
