import { administration, refusalOf, unknownProject } from '../../support/administration-fixture.ts';
import { adminPrincipal, keyPrincipal, NOON_MS } from '../../support/gateway-event.ts';

const PROJECTS = '/organization/projects';
const PROJECT = `${PROJECTS}/{project_id}`;
const NOON = NOON_MS / 1000;

const taken = { status: 409, code: 'conflict', param: 'name' };
const archivedAlready = { status: 409, code: 'conflict', param: null };
const unknown = { status: 404, code: 'not_found', param: null };

describe('POST /organization/projects', () => {
  test('answers a project, and records it with what it is called', async () => {
    const { call, audit } = administration();
    const { status, body, headers } = await call(`POST ${PROJECTS}`, { body: { name: ' Team  One ' } });
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      id: expect.stringMatching(/^proj_[0-9A-Za-z]{10}$/),
      object: 'organization.project',
      name: 'Team  One',
      created_at: NOON,
      archived_at: null,
      status: 'active',
      limits: {
        inflight_requests: 100,
        requests_per_minute: null,
        requests_per_day: null,
        tokens_per_minute: null,
        tokens_per_day: null,
        tokens_per_month: null,
        usd_per_day: null,
        usd_per_month: null,
        shadow: [],
        default_max_completion_tokens: 4096,
        smoothing: null,
        token_counting: null,
        estimation: 'strict',
        models: {},
      },
      show_cost: false,
    });
    expect(audit(body.id)).toEqual([
      { type: 'project.created', subject: { id: body.id, name: 'Team  One' } },
    ]);
  });

  test('gives a name once, to one of those who race for it', async () => {
    const { call } = administration();
    const names = ['Rivals', 'rivals', ' RIVALS ', 'ｒｉｖａｌｓ', 'rivals'];
    const answers = await Promise.all(names.map((name) => call(`POST ${PROJECTS}`, { body: { name } })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
    const refused = answers.filter(({ status }) => status === 409).map(refusalOf);
    expect(refused).toEqual([taken, taken, taken, taken]);
    expect((await call(`GET ${PROJECTS}`)).body.data).toHaveLength(1);
  });

  test.each(['external_key_id', 'geography', 'residency'])(
    'refuses a %s by name, but not its null',
    async (field) => {
      const { call } = administration();
      const refused = await call(`POST ${PROJECTS}`, { body: { name: 'x', [field]: 'US' } });
      expect(refusalOf(refused)).toEqual({ status: 400, code: 'unsupported_parameter', param: field });
      expect((await call(`POST ${PROJECTS}`, { body: { name: 'x', [field]: null } })).status).toBe(200);
    },
  );

  test('makes one project of calls that carry the same Idempotency-Key', async () => {
    const { call } = administration();
    const headers = { 'Idempotency-Key': 'once' };
    const first = await call(`POST ${PROJECTS}`, { body: { name: 'a' }, headers });
    const again = await call(`POST ${PROJECTS}`, { body: { name: 'b' }, headers });
    expect(again.status).toBe(409);
    expect(again.body.error.message).toBe(
      `A call with this Idempotency-Key has made ${first.body.id} already. Go on with that, or call with another header to make another.`,
    );
    expect((await call(`GET ${PROJECTS}`)).body.data).toHaveLength(1);
  });

  test('is closed to a tenant’s key and to an admin key without the scope', async () => {
    const { call } = administration();
    const body = { name: 'x' };
    const principals = [keyPrincipal(), adminPrincipal({ scopes: ['projects:read', 'keys:write'] })];
    for (const principal of principals) {
      const refused = await call(`POST ${PROJECTS}`, { body, principal });
      expect(refusalOf(refused)).toEqual({ status: 403, code: 'insufficient_scope', param: null });
    }
    expect((await call(`GET ${PROJECTS}`)).body.data).toEqual([]);
  });
});

describe('POST /organization/projects/{project_id}', () => {
  test('changes name and limits, keeps what is not named, and records what was asked for', async () => {
    const { call, newProject, audit } = administration();
    const project_id = await newProject({
      name: 'before',
      limits: { usd_per_month: 5, tokens_per_minute: 9 },
    });
    const body = { name: 'after', limits: { tokens_per_minute: null, inflight_requests: 7 } };
    const answer = await call(`POST ${PROJECT}`, { path: { project_id }, body });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        id: project_id,
        name: 'after',
        limits: { inflight_requests: 7, tokens_per_minute: null, usd_per_month: 5 },
      },
    });
    expect((await call(`GET ${PROJECT}`, { path: { project_id } })).body).toEqual(answer.body);
    expect(audit(project_id)[1]).toEqual({
      type: 'project.updated',
      subject: {
        ...{ id: project_id, name: 'after', changed: ['name', 'limits'] },
        ...{ 'limits.tokens_per_minute': null, 'previous.limits.tokens_per_minute': 9 },
        ...{ 'limits.inflight_requests': 7, 'previous.limits.inflight_requests': 100 },
      },
    });
  });

  test('counts each change in the version of the limits, so that what was checked before is stale', async () => {
    const { call, newProject, tenancy } = administration();
    const project_id = await newProject();
    await call(`POST ${PROJECT}`, { path: { project_id }, body: { limits: { inflight_requests: 7 } } });
    const { items } = await tenancy.listTenants({ limit: 1, archived: 'include' });
    expect(items[0]).toMatchObject({ revision: 2, limits: { version: 2, inflightMax: 7 } });
  });

  test('removes every limit with null', async () => {
    const { call, newProject } = administration();
    const project_id = await newProject({ limits: { usd_per_month: 5, inflight_requests: 7 } });
    const { body } = await call(`POST ${PROJECT}`, { path: { project_id }, body: { limits: null } });
    expect(body.limits).toMatchObject({ usd_per_month: null, inflight_requests: 100 });
  });

  test('gives the old name free with the new one, and to one who races for it', async () => {
    const { call, newProject } = administration();
    const project_id = await newProject({ name: 'old' });
    await newProject({ name: 'other' });
    const rename = (name: string) => call(`POST ${PROJECT}`, { path: { project_id }, body: { name } });
    const refused = await rename('OTHER');
    expect(refusalOf(refused)).toEqual(taken);
    expect(refused.body.error.message).toMatch(/of that name \(proj_[0-9A-Za-z]{10}\)\./);
    expect((await call(`GET ${PROJECT}`, { path: { project_id } })).body.name).toBe('old');
    expect((await rename('new')).status).toBe(200);
    const races = await Promise.all([
      call(`POST ${PROJECTS}`, { body: { name: 'old' } }),
      call(`POST ${PROJECTS}`, { body: { name: 'Old' } }),
    ]);
    expect(races.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  test('respells a name that stays the same, and holds it still', async () => {
    const { call, newProject } = administration();
    const project_id = await newProject({ name: 'team' });
    const { body } = await call(`POST ${PROJECT}`, { path: { project_id }, body: { name: 'Team' } });
    expect(body.name).toBe('Team');
    expect(refusalOf(await call(`POST ${PROJECTS}`, { body: { name: 'TEAM' } }))).toEqual(taken);
  });

  test('keeps both of two changes that are made at once', async () => {
    const { call, newProject, audit } = administration();
    const project_id = await newProject();
    const bodies = [{ name: 'renamed' }, { limits: { inflight_requests: 3 } }, { name: 'renamed' }];
    const answers = await Promise.all(
      bodies.map((body) => call(`POST ${PROJECT}`, { path: { project_id }, body })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const { body } = await call(`GET ${PROJECT}`, { path: { project_id } });
    expect(body).toMatchObject({ name: 'renamed', limits: { inflight_requests: 3 } });
    expect(audit(project_id)).toHaveLength(3);
  });

  test.each([{}, { name: null }, { external_key_id: null, geography: null }])(
    'changes nothing, and records nothing, for %j',
    async (body) => {
      const { call, newProject, audit } = administration();
      const project_id = await newProject();
      expect((await call(`POST ${PROJECT}`, { path: { project_id }, body })).status).toBe(200);
      expect(audit(project_id)).toHaveLength(1);
    },
  );

  test.each<[object, string, string]>([
    [{ name: '' }, 'invalid_value', 'name'],
    [{ name: 7 }, 'invalid_type', 'name'],
    [{ nmae: 'x' }, 'unsupported_parameter', 'nmae'],
    [{ geography: 'EU' }, 'unsupported_parameter', 'geography'],
    [{ external_key_id: 'k' }, 'unsupported_parameter', 'external_key_id'],
    [{ limits: { tokens_per_minute: 0 } }, 'invalid_value', 'limits.tokens_per_minute'],
    [{ limits: { inflight_requests: 401 } }, 'invalid_value', 'limits.inflight_requests'],
  ])('refuses %j by name and without effect', async (body, code, param) => {
    const { call, newProject, audit } = administration();
    const project_id = await newProject();
    const refused = await call(`POST ${PROJECT}`, { path: { project_id }, body });
    expect(refusalOf(refused)).toEqual({ status: 400, code, param });
    expect(audit(project_id)).toHaveLength(1);
  });
});

describe('POST /organization/projects/{project_id}/archive', () => {
  test('archives once, however often it is asked, and keeps the name', async () => {
    const { call, newProject, audit, advance } = administration();
    const project_id = await newProject({ name: 'ended' });
    const archive = () => call(`POST ${PROJECT}/archive`, { path: { project_id } });
    const first = await archive();
    expect(first).toMatchObject({ status: 200, body: { status: 'archived', archived_at: NOON } });
    advance(5_000);
    expect((await archive()).body).toEqual(first.body);
    expect(audit(project_id).slice(1)).toEqual([{ type: 'project.archived', subject: { id: project_id } }]);
    const again = await call(`POST ${PROJECTS}`, { body: { name: 'Ended' } });
    expect(refusalOf(again)).toEqual(taken);
    expect(again.body.error.message).toContain(`of that name (archived, ${project_id}).`);
  });

  test('takes every key’s tenant away at once', async () => {
    const { call, newProject, tenancy } = administration();
    const project_id = await newProject();
    await call(`POST ${PROJECT}/archive`, { path: { project_id } });
    const { items } = await tenancy.listTenants({ limit: 1, archived: 'include' });
    expect(items[0]).toMatchObject({ status: 'archived', revision: 2, limits: { version: 2 } });
  });

  test('leaves a project that can be seen and not changed', async () => {
    const { call, newProject, audit } = administration();
    const project_id = await newProject();
    await call(`POST ${PROJECT}/archive`, { path: { project_id } });
    expect((await call(`GET ${PROJECT}`, { path: { project_id } })).body.status).toBe('archived');
    const refused = await call(`POST ${PROJECT}`, { path: { project_id }, body: { name: 'again' } });
    expect(refusalOf(refused)).toEqual(archivedAlready);
    expect(audit(project_id)).toHaveLength(2);
  });
});

describe('GET /organization/projects', () => {
  test('pages by creation, and shows the archived ones where they are asked for', async () => {
    const { call, newProject, advance } = administration();
    const ids = [];
    for (let made = 0; made < 3; made += 1) {
      ids.push(await newProject());
      advance(1_000);
    }
    await call(`POST ${PROJECT}/archive`, { path: { project_id: ids[1] ?? '' } });
    const list = async (query: Record<string, string[]>) => {
      const { body } = await call(`GET ${PROJECTS}`, { query });
      return { ids: body.data.map(({ id }: { id: string }) => id), last: body.last_id, more: body.has_more };
    };
    expect(await list({})).toEqual({ ids: [ids[0], ids[2]], last: ids[2], more: false });
    expect(await list({ include_archived: ['false'] })).toMatchObject({ ids: [ids[0], ids[2]] });
    expect(await list({ include_archived: ['true'] })).toMatchObject({ ids });
    expect(await list({ limit: ['1'] })).toEqual({ ids: [ids[0]], last: ids[0], more: true });
    expect(await list({ limit: ['1'], after: [ids[0] ?? ''] })).toMatchObject({ ids: [ids[2]], more: false });
    expect(await list({ after: [ids[1] ?? ''], include_archived: ['true'] })).toMatchObject({
      ids: [ids[2]],
    });
  });

  test.each<[Record<string, string[]>, string, string]>([
    [{ order: ['asc'] }, 'unsupported_parameter', 'order'],
    [{ include_archived: ['yes'] }, 'invalid_value', 'include_archived'],
    [{ limit: ['101'] }, 'invalid_value', 'limit'],
    [{ after: ['proj_1'] }, 'invalid_value', 'after'],
    [{ after: ['proj_zzzzzzzzzz'] }, 'invalid_value', 'after'],
  ])('refuses %j by name', async (query, code, param) => {
    const { call } = administration();
    expect(refusalOf(await call(`GET ${PROJECTS}`, { query }))).toEqual({ status: 400, code, param });
  });
});

test.each(['GET', 'POST'])(
  '%s of a project that is unknown, malformed or the organisation is 404',
  async (method) => {
    const { call } = administration();
    for (const project_id of [unknownProject(), 'proj_short', 'proj_0000000000', '']) {
      const answer = await call(`${method} ${PROJECT}`, { path: { project_id }, body: {} });
      expect(refusalOf(answer)).toEqual(unknown);
    }
  },
);
