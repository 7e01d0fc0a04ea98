import { randomBytes } from 'node:crypto';
import { DAY_MS } from '../../../shared/domain/tenancy.ts';
import { refusalOf } from '../../support/administration-fixture.ts';
import { type KeyWorld, keyWorld, projectWithKey } from '../../support/key-world.ts';

const ACCOUNTS = '/organization/projects/{project_id}/service_accounts';
const ACCOUNT = `${ACCOUNTS}/{service_account_id}`;
const KEYS = '/organization/projects/{project_id}/api_keys';
const KEY = `${KEYS}/{api_key_id}`;
const newWorld = () => keyWorld({ random: randomBytes });
type Made = Awaited<ReturnType<typeof projectWithKey>>;
const pathOf = (of: Made) => ({
  project_id: of.project,
  service_account_id: of.account,
  api_key_id: of.key,
});
const invalid = (param: string) => ({ status: 400, code: 'invalid_value', param });
const notFound = { status: 404, code: 'not_found', param: null };
const conflict = { status: 409, code: 'conflict', param: null };
const auditOf = (world: KeyWorld) =>
  [...world.chains.values()].flat().map(({ canonical }) => JSON.parse(canonical).type);

describe('service accounts', () => {
  test('are made with a key that may do what they may, and shown with grant and limits', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, {
      scopes: ['chat.completions:write', 'keys:rotate'],
      level: 'write',
      models: ['amazon.nova-*'],
      allowed_ips: ['203.0.113.0/24'],
      limits: { tokens_per_minute: 1000, usd_per_month: 2.5 },
    });
    const shown = {
      object: 'organization.project.service_account',
      name: 'worker',
      role: 'member',
      scopes: ['chat.completions:write', 'keys:rotate'],
      level: 'write',
      models: ['amazon.nova-*'],
      allowed_ips: ['203.0.113.0/24'],
      limits: {
        requests_per_minute: null,
        requests_per_day: null,
        tokens_per_minute: 1000,
        tokens_per_day: null,
        tokens_per_month: null,
        usd_per_day: null,
        usd_per_month: 2.5,
        shadow: [],
      },
    };
    const account = await world.call(`GET ${ACCOUNT}`, { path: pathOf(made) });
    expect(account.body).toEqual({ id: made.account, created_at: world.nowMs() / 1000, ...shown });
    expect(await world.use(made.value)).toMatchObject({
      scopes: ['chat.completions:write', 'keys:rotate'],
      models: ['amazon.nova-*'],
      ipRanges: ['203.0.113.0/24'],
      accountLimits: { tokensPerMinute: 1000, nanoUsdPerMonth: 2_500_000_000 },
    });
  });

  test('of create_service_account_only have no role and no key, until they are members', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { create_service_account_only: true });
    const issue = () => world.call(`POST ${ACCOUNT}/api_keys`, { path: pathOf(made), body: {} });
    expect(made.key).toBeUndefined();
    expect(refusalOf(await issue())).toEqual(conflict);
    await world.call(`POST ${ACCOUNT}`, { path: pathOf(made), body: { role: 'member' } });
    expect((await issue()).status).toBe(200);
  });

  test.each([
    [
      'a life for no key',
      { create_service_account_only: true, expires_in_seconds: 60 },
      'expires_in_seconds',
    ],
    ['an unknown scope', { scopes: ['files:write'] }, 'scopes[0]'],
    ['no scope at all', { scopes: [] }, 'scopes'],
    ['an unknown level', { level: 'root' }, 'level'],
    ['a range that is none', { allowed_ips: ['203.0.113.0/33'] }, 'allowed_ips[0]'],
    ['a life beyond the policy', { expires_in_seconds: 90 * 86_400 + 1 }, 'expires_in_seconds'],
    ['a life in the past', { expires_in_seconds: -1 }, 'expires_in_seconds'],
    ['an unknown delivery', { delivery: { method: 'email' } }, 'delivery.method'],
    [
      'an automatic rotation that shows the key',
      { rotation: { delivery: { method: 'response' } } },
      'rotation.delivery.method',
    ],
    ['a limit below one', { limits: { tokens_per_minute: 0 } }, 'limits.tokens_per_minute'],
  ])('are refused for %s, and nothing is left', async (_what, body, param) => {
    const world = newWorld();
    const project = await world.call('POST /organization/projects', { body: { name: 'strict' } });
    const refused = await world.call(`POST ${ACCOUNTS}`, {
      path: { project_id: project.body.id },
      body: { name: 'worker', ...body },
    });
    expect(refusalOf(refused)).toEqual(invalid(param));
    expect(auditOf(world)).toEqual(['project.created']);
  });

  test('narrow the keys that they have, on the next request', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    await world.call(`POST ${ACCOUNT}`, {
      path: pathOf(made),
      body: { scopes: ['models:read'], models: ['amazon.*'], level: 'read' },
    });
    expect(await world.use(made.value)).toBeUndefined();
    expect(await world.use(made.value, 'GET /models')).toMatchObject({
      scopes: ['models:read'],
      models: ['amazon.*'],
      level: 'read',
    });
  });

  test('end their keys at once when they are deleted, and are gone', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    const deleted = await world.call(`DELETE ${ACCOUNT}`, { path: pathOf(made) });
    expect(deleted.body).toEqual({
      id: made.account,
      object: 'organization.project.service_account.deleted',
      deleted: true,
    });
    expect(await world.use(made.value)).toBeUndefined();
    expect(refusalOf(await world.call(`GET ${ACCOUNT}`, { path: pathOf(made) }))).toEqual(notFound);
    expect(refusalOf(await world.call(`DELETE ${ACCOUNT}`, { path: pathOf(made) }))).toEqual(notFound);
    const [key] = (await world.call(`GET ${KEYS}`, { path: pathOf(made) })).body.data;
    expect(key.owner_project_access).toBe('inactive');
  });

  test('of a repeated Idempotency-Key are made once', async () => {
    const world = newWorld();
    const project = await world.call('POST /organization/projects', { body: { name: 'once' } });
    const create = (header: string) =>
      world.call(`POST ${ACCOUNTS}`, {
        path: { project_id: project.body.id },
        headers: { 'idempotency-key': header },
        body: { name: 'worker' },
      });
    const racing = await Promise.all([create('a'), create('a'), create('a')]);
    expect(racing.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect((await create('b')).status).toBe(200);
    world.advance(DAY_MS);
    expect((await create('a')).status).toBe(200);
  });

  test('of a repeated Idempotency-Key speak of a secret where one was shown', async () => {
    const world = newWorld();
    const { body: project } = await world.call('POST /organization/projects', { body: { name: 'told' } });
    const call = (body: { readonly create_service_account_only?: true }) =>
      world.call(`POST ${ACCOUNTS}`, {
        path: { project_id: project.id },
        headers: { 'idempotency-key': Object.keys(body).join() || 'with-a-key' },
        body: { name: 'worker', ...body },
      });
    const repeated = async (body: Parameters<typeof call>[0]) => {
      const { id } = (await call(body)).body;
      return { id, message: (await call(body)).body.error.message };
    };
    const withKey = await repeated({});
    expect(withKey.message).toContain(
      `shown once and not again: where that answer was lost, delete ${withKey.id}`,
    );
    const alone = await repeated({ create_service_account_only: true });
    expect(alone.message).toContain(alone.id);
    expect(alone.message).not.toContain('secret');
  });

  test('with limits of their own are a hundred a project at most', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    const path = pathOf(made);
    const limits = { requests_per_day: 10 };
    const create = (body: object) =>
      world.call(`POST ${ACCOUNTS}`, { path, body: { name: 'limited', ...body } });
    for (let index = 0; index < 99; index += 1) await create({ limits });
    const last = (await create({ limits })).body;
    expect(refusalOf(await create({ limits }))).toEqual({ ...conflict, param: 'limits' });
    const update = await world.call(`POST ${ACCOUNT}`, { path, body: { limits } });
    expect(refusalOf(update)).toEqual({ ...conflict, param: 'limits' });
    await world.call(`POST ${ACCOUNT}`, {
      path: { ...path, service_account_id: last.id },
      body: { limits: null },
    });
    expect((await create({ limits })).status).toBe(200);
    expect((await create({})).status).toBe(200);
  });

  test('of an archived project cannot be made or changed', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    await world.call('POST /organization/projects/{project_id}/archive', { path: pathOf(made) });
    const create = world.call(`POST ${ACCOUNTS}`, { path: pathOf(made), body: { name: 'late' } });
    const update = world.call(`POST ${ACCOUNT}`, { path: pathOf(made), body: { name: 'late' } });
    expect([refusalOf(await create), refusalOf(await update)]).toEqual([conflict, conflict]);
    expect(await world.use(made.value)).toBeUndefined();
  });
});

describe('API keys', () => {
  test('lie within their account: a wider scope, level, model or range is refused by name', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, {
      scopes: ['models:read'],
      level: 'read',
      models: ['amazon.*'],
      allowed_ips: ['10.0.0.0/8'],
    });
    const wider = [
      ['scopes', { scopes: ['usage:read'] }],
      ['level', { level: 'write' }],
      ['models', { models: ['a*'] }],
      ['allowed_ips', { allowed_ips: ['10.0.0.0/7'] }],
    ] as const;
    for (const [param, body] of wider) {
      const created = await world.call(`POST ${ACCOUNT}/api_keys`, { path: pathOf(made), body });
      const updated = await world.call(`POST ${KEY}`, { path: pathOf(made), body });
      expect([refusalOf(created), refusalOf(updated)]).toEqual([invalid(param), invalid(param)]);
    }
    const within = { models: ['amazon.nova-*'], allowed_ips: ['10.1.0.0/16'] };
    expect((await world.call(`POST ${ACCOUNT}/api_keys`, { path: pathOf(made), body: within })).status).toBe(
      200,
    );
  });

  test('take their account’s lists back with null, which an account has none of then', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { models: ['amazon.*'], allowed_ips: ['10.0.0.0/8'] });
    await world.call(`POST ${KEY}`, { path: pathOf(made), body: { models: ['amazon.nova-lite-v1:0'] } });
    const key = await world.call(`POST ${KEY}`, { path: pathOf(made), body: { models: null } });
    expect(key.body.models).toEqual(['amazon.*']);
    const account = await world.call(`POST ${ACCOUNT}`, {
      path: pathOf(made),
      body: { models: null, allowed_ips: null },
    });
    expect(account.body).toMatchObject({ models: null, allowed_ips: null });
  });

  test('whose lists would not fit a request are refused when they are set', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    const models = Array.from({ length: 20 }, (_, index) => `${'m'.repeat(60)}${index}`);
    const refused = await world.call(`POST ${KEY}`, { path: pathOf(made), body: { models } });
    expect(refusalOf(refused)).toEqual(invalid('models'));
  });

  test('are shown without their secret, with their last use', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    world.advance(5_000);
    await world.use(made.value);
    const shown = await world.call(`GET ${KEY}`, { path: pathOf(made) });
    expect(shown.body).toMatchObject({
      id: made.key,
      object: 'organization.project.api_key',
      status: 'active',
      last_used_at: world.nowMs() / 1000,
      owner: {
        type: 'service_account',
        service_account: { id: made.account, name: 'worker', role: 'member' },
      },
      owner_project_access: 'active',
      redacted_value: expect.stringContaining('…'),
    });
    expect(JSON.stringify(shown.body)).not.toContain(made.value.slice(30));
  });

  test('are given another end within ninety days of their birth, and no further', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    const update = (seconds: number) =>
      world.call(`POST ${KEY}`, { path: pathOf(made), body: { expires_in_seconds: seconds } });
    expect((await update(60)).body.expires_at).toBe(world.nowMs() / 1000 + 60);
    expect((await update(90 * 86_400)).status).toBe(200);
    world.advance(1_000);
    expect(refusalOf(await update(90 * 86_400))).toEqual(invalid('expires_in_seconds'));
    world.advance(90 * DAY_MS);
    expect(refusalOf(await update(60))).toEqual(conflict);
  });

  test('that have ended, or whose project is archived, are shown as what they are', async () => {
    const world = newWorld();
    const made = await projectWithKey(world, { expires_in_seconds: 60 });
    world.advance(60_000);
    expect((await world.call(`GET ${KEY}`, { path: pathOf(made) })).body.status).toBe('expired');
    await world.call('POST /organization/projects/{project_id}/archive', { path: pathOf(made) });
    const list = await world.call(`GET ${KEYS}`, {
      path: pathOf(made),
      query: { owner_project_access: ['inactive'] },
    });
    expect(list.body.data).toMatchObject([
      { id: made.key, status: 'expired', owner_project_access: 'inactive' },
    ]);
  });

  test('that end already are not given more time', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    await world.call(`POST ${KEY}/rotate`, { path: pathOf(made) });
    const more = await world.call(`POST ${KEY}`, {
      path: pathOf(made),
      body: { expires_in_seconds: 15 * 86_400 },
    });
    expect(refusalOf(more)).toEqual(invalid('expires_in_seconds'));
  });

  test('of another project are as unknown as those of none, to every call', async () => {
    const world = newWorld();
    const [mine, other] = [await projectWithKey(world), await projectWithKey(world)];
    const before = auditOf(world).length;
    const expectUnknown = async (route: string, path: Record<string, string>) => {
      const body = route.startsWith('POST') ? {} : undefined;
      const answer = await world.call(route, { path: { ...pathOf(mine), ...path }, body });
      expect([route, path, refusalOf(answer)]).toEqual([route, path, notFound]);
    };
    const keys = [other.key, `key_${'a'.repeat(20)}`, 'key_', "'", mine.account];
    const ofKeys = ['GET', 'POST', 'DELETE'].map((method) => `${method} ${KEY}`);
    for (const route of [...ofKeys, `POST ${KEY}/rotate`, `POST ${KEY}/claim_link`]) {
      for (const api_key_id of keys) await expectUnknown(route, { api_key_id });
    }
    const accounts = [other.account, `svc_${'a'.repeat(16)}`, 'svc', mine.key];
    const ofAccounts = ['GET', 'POST', 'DELETE'].map((method) => `${method} ${ACCOUNT}`);
    for (const route of [...ofAccounts, `POST ${ACCOUNT}/api_keys`]) {
      for (const service_account_id of accounts) await expectUnknown(route, { service_account_id });
    }
    expect(auditOf(world)).toHaveLength(before);
  });

  test('are listed page by page; a cursor of another project is refused', async () => {
    const world = newWorld();
    const [made, other] = [await projectWithKey(world), await projectWithKey(world)];
    for (let index = 0; index < 4; index += 1) {
      await world.call(`POST ${ACCOUNT}/api_keys`, { path: pathOf(made), body: { name: `key ${index}` } });
    }
    const list = (query: Record<string, string[]>) =>
      world.call(`GET ${KEYS}`, { path: pathOf(made), query });
    const first = (await list({ limit: ['3'] })).body;
    const second = (await list({ limit: ['3'], after: [first.last_id] })).body;
    expect([first.data.length, first.has_more, second.data.length, second.has_more]).toEqual([
      3,
      true,
      2,
      false,
    ]);
    expect(new Set([...first.data, ...second.data].map(({ id }: { id: string }) => id)).size).toBe(5);
    expect(refusalOf(await list({ after: [other.key] }))).toEqual(invalid('after'));
    expect(refusalOf(await list({ owner_project_access: ['maybe'] }))).toEqual(
      invalid('owner_project_access'),
    );
    expect((await list({ owner_project_access: ['inactive'] })).body.data).toEqual([]);
  });

  test('are revoked once: a repeat changes nothing and adds no event', async () => {
    const world = newWorld();
    const made = await projectWithKey(world);
    const revoke = () => world.call(`DELETE ${KEY}`, { path: pathOf(made) });
    const both = [(await revoke()).body, (await revoke()).body];
    expect(both).toEqual(
      Array(2).fill({ id: made.key, object: 'organization.project.api_key.deleted', deleted: true }),
    );
    expect(auditOf(world).filter((type) => type === 'api_key.deleted')).toHaveLength(1);
    expect(refusalOf(await world.call(`GET ${KEY}`, { path: pathOf(made) }))).toEqual(notFound);
    const maybe = await world.call(`DELETE ${KEY}`, { path: pathOf(made), query: { cascade: ['maybe'] } });
    expect(refusalOf(maybe)).toEqual(invalid('cascade'));
  });
});
