import { CATALOGUE } from '../../../shared/domain/catalogue.ts';
import { parseProjectId, rateLimitId } from '../../../shared/domain/ids.ts';
import { administration, refusalOf, unknownProject } from '../../support/administration-fixture.ts';
import { adminPrincipal } from '../../support/gateway-event.ts';

const PROJECT = '/organization/projects/{project_id}';
const RATE_LIMITS = `${PROJECT}/rate_limits`;
const RATE_LIMIT = `${RATE_LIMITS}/{rate_limit_id}`;
const UNLIMITED = 1_000_000_000;

const idOf = (project: string): string => project.replace(/^proj_(.*)$/, 'rl_$1_all');

async function projectWithLimits(limits: object = {}) {
  const plane = administration();
  const project_id = await plane.newProject({ limits });
  const path = { project_id, rate_limit_id: idOf(project_id) };
  return {
    ...plane,
    path,
    list: (query: Record<string, string[]> = {}) =>
      plane.call(`GET ${RATE_LIMITS}`, { path: { project_id }, query }),
    update: (body: object) => plane.call(`POST ${RATE_LIMIT}`, { path, body }),
  };
}

describe('GET …/rate_limits', () => {
  test('lists one limit for all models, the largest number where there is none', async () => {
    const { list, path } = await projectWithLimits({ tokens_per_minute: 5_000 });
    expect(await list()).toMatchObject({
      status: 200,
      body: {
        object: 'list',
        data: [
          {
            id: path.rate_limit_id,
            object: 'project.rate_limit',
            model: '*',
            max_requests_per_1_minute: UNLIMITED,
            max_tokens_per_1_minute: 5_000,
            max_requests_per_1_day: UNLIMITED,
          },
        ],
        first_id: path.rate_limit_id,
        last_id: path.rate_limit_id,
        has_more: false,
      },
    });
  });

  test('has nothing behind or before it', async () => {
    const { list, path } = await projectWithLimits();
    for (const name of ['after', 'before']) {
      const { body } = await list({ [name]: [path.rate_limit_id] });
      expect([body.data, body.has_more]).toEqual([[], false]);
    }
  });

  test.each<[Record<string, string[]>, string, string]>([
    [{ order: ['asc'] }, 'unsupported_parameter', 'order'],
    [{ limit: ['0'] }, 'invalid_value', 'limit'],
    [{ after: ['rl_0000000000_all'] }, 'invalid_value', 'after'],
    [{ before: ['nonsense'] }, 'invalid_value', 'before'],
    [{ before: ['a'], after: ['a'] }, 'invalid_value', 'before'],
  ])('refuses %j by name', async (query, code, param) => {
    const { list } = await projectWithLimits();
    expect(refusalOf(await list(query))).toEqual({ status: 400, code, param });
  });
});

const NOVA = 'amazon.nova-lite-v1:0';
const CLAUDE = 'anthropic.claude-haiku-4-5-20251001-v1:0';

describe('the rate limits of models', () => {
  const objectOf = (project: string, of: { readonly model: string; readonly tokens?: number }) => ({
    id: idOf(project).replace(/all$/, of.model),
    object: 'project.rate_limit',
    model: of.model,
    max_requests_per_1_minute: UNLIMITED,
    max_tokens_per_1_minute: of.tokens ?? UNLIMITED,
    max_requests_per_1_day: UNLIMITED,
  });

  async function projectWithModels(models: object = {}) {
    const plane = await projectWithLimits({ models });
    const id = plane.path.project_id;
    return {
      ...plane,
      id,
      updateModel: (model: string, body: object) =>
        plane.call(`POST ${RATE_LIMIT}`, {
          path: { project_id: id, rate_limit_id: idOf(id).replace(/all$/, model) },
          body,
        }),
      models: async () =>
        (await plane.call(`GET ${PROJECT}`, { path: { project_id: id } })).body.limits.models,
    };
  }

  test('are listed behind the one for all, also where a model is limited in other ways', async () => {
    const { list, id } = await projectWithModels({
      [NOVA]: { tokens_per_minute: 7 },
      [`us.${CLAUDE}`]: { usd_per_day: 1 },
    });
    const { body } = await list();
    expect(body.data).toEqual([
      { ...objectOf(id, { model: '*' }), id: idOf(id) },
      objectOf(id, { model: NOVA, tokens: 7 }),
      objectOf(id, { model: CLAUDE }),
    ]);
    expect((await list({ after: [body.data[1].id], limit: ['1'] })).body.data).toEqual([body.data[2]]);
    expect((await list({ before: [body.data[1].id] })).body.data).toEqual([body.data[0]]);
  });

  test('are made for a model of the catalogue, under the model behind a profile, and audited', async () => {
    const { updateModel, models, audit, id } = await projectWithModels();
    const made = await updateModel(`us.${CLAUDE}`, { max_tokens_per_1_minute: 9 });
    expect([made.status, made.body]).toEqual([200, objectOf(id, { model: CLAUDE, tokens: 9 })]);
    expect(await models()).toMatchObject({ [CLAUDE]: { tokens_per_minute: 9, requests_per_day: null } });
    expect(audit(id)[1]).toEqual({
      type: 'rate_limit.updated',
      subject: {
        ...{ id: made.body.id, project_id: id },
        ...{ max_tokens_per_1_minute: 9, 'previous.max_tokens_per_1_minute': UNLIMITED },
      },
    });
  });

  test('are removed by the largest value, the model with them unless it has other limits', async () => {
    const { updateModel, list, models, id } = await projectWithModels({
      [NOVA]: { tokens_per_minute: 7, shadow: ['tokens_per_minute'] },
      [CLAUDE]: { tokens_per_minute: 8, usd_per_day: 1 },
    });
    const none = { max_tokens_per_1_minute: UNLIMITED };
    expect((await updateModel(NOVA, none)).body).toEqual(objectOf(id, { model: NOVA }));
    await updateModel(CLAUDE, none);
    expect(await models()).toEqual({ [CLAUDE]: expect.objectContaining({ usd_per_day: 1, shadow: [] }) });
    expect((await list()).body.data).toHaveLength(2);
  });

  test('change and record nothing where nothing is named, nor where a model is unknown or the project another', async () => {
    const { call, updateModel, newProject, audit, id } = await projectWithModels();
    expect((await updateModel(NOVA, {})).body).toEqual(objectOf(id, { model: NOVA }));
    const foreign = idOf(await newProject()).replace(/all$/, NOVA);
    const path = { project_id: id, rate_limit_id: foreign };
    const refused = await call(`POST ${RATE_LIMIT}`, { path, body: { max_requests_per_1_day: 1 } });
    expect(refusalOf(refused)).toEqual({ status: 404, code: 'not_found', param: null });
    for (const model of ['gpt-4o', '', `zz.${NOVA}`, 'amazon.nova-*', '__proto__']) {
      const refused = await updateModel(model, { max_requests_per_1_day: 1 });
      expect(refusalOf(refused)).toEqual({ status: 404, code: 'not_found', param: null });
    }
    expect(audit(id)).toHaveLength(1);
  });

  test('are refused where they would not fit into a request’s identity', async () => {
    const { updateModel, list } = await projectWithModels();
    const ids = CATALOGUE.map((model) => model.id).filter((model) => model.startsWith('anthropic.'));
    const body = { max_requests_per_1_minute: 999_999_999, max_tokens_per_1_minute: 999_999_999 };
    const answers = [];
    for (const model of ids) answers.push(await updateModel(model, body));
    const [refused] = answers.filter(({ status }) => status !== 200);
    if (refused === undefined) throw new Error(`All ${ids.length} fit.`);
    expect(refusalOf(refused)).toEqual({ status: 400, code: 'invalid_value', param: 'rate_limit_id' });
    const { data } = (await list({ limit: ['100'] })).body;
    expect(data.length - 1).toBe(answers.filter(({ status }) => status === 200).length);
    expect(data.length).toBeGreaterThan(4);
  });
});

describe('POST …/rate_limits/{rate_limit_id}', () => {
  test('sets what is named, keeps the rest, and acts in the project too', async () => {
    const { call, update, path, audit, tenancy } = await projectWithLimits({ tokens_per_minute: 5_000 });
    const { status, body } = await update({ max_requests_per_1_minute: 60, max_requests_per_1_day: 1_000 });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      max_requests_per_1_minute: 60,
      max_tokens_per_1_minute: 5_000,
      max_requests_per_1_day: 1_000,
    });
    const project = await call(`GET ${PROJECT}`, { path });
    expect(project.body.limits).toMatchObject({ requests_per_minute: 60, requests_per_day: 1_000 });
    const tenant = parseProjectId(path.project_id);
    if (tenant === undefined) throw new Error(path.project_id);
    expect(rateLimitId(tenant)).toBe(path.rate_limit_id);
    expect(await tenancy.readTenant(tenant)).toMatchObject({
      revision: 2,
      limits: { version: 2, requestsPerMinute: 60, requestsPerDay: 1_000, tokensPerMinute: 5_000 },
    });
    expect(audit(path.project_id)[1]).toEqual({
      type: 'rate_limit.updated',
      subject: {
        id: path.rate_limit_id,
        project_id: path.project_id,
        max_requests_per_1_minute: 60,
        max_requests_per_1_day: 1_000,
        'previous.max_requests_per_1_minute': UNLIMITED,
        'previous.max_requests_per_1_day': UNLIMITED,
      },
    });
  });

  test('takes what it sets out of shadow, of a project as of a model, and the log says so', async () => {
    const { call, update, path, audit } = await projectWithLimits({
      ...{ tokens_per_minute: 5_000, requests_per_day: 9, shadow: ['tokens_per_minute', 'requests_per_day'] },
      models: { [NOVA]: { requests_per_minute: 4, shadow: ['requests_per_minute'] } },
    });
    const limits = async () => (await call(`GET ${PROJECT}`, { path })).body.limits;
    await update({ max_tokens_per_1_minute: 5_000 });
    expect(await limits()).toMatchObject({ tokens_per_minute: 5_000, shadow: ['requests_per_day'] });
    const rate_limit_id = path.rate_limit_id.replace(/all$/, NOVA);
    await call(`POST ${RATE_LIMIT}`, {
      path: { ...path, rate_limit_id },
      body: { max_requests_per_1_minute: 3 },
    });
    expect((await limits()).models[NOVA]).toMatchObject({ requests_per_minute: 3, shadow: [] });
    const event = (subject: object) => ({
      type: 'rate_limit.updated',
      subject: { project_id: path.project_id, ...subject },
    });
    expect(audit(path.project_id).slice(1)).toEqual([
      event({
        ...{ id: path.rate_limit_id, max_tokens_per_1_minute: 5_000 },
        'previous.max_tokens_per_1_minute': 5_000,
        'limits.shadow': ['requests_per_day'],
        'previous.limits.shadow': ['requests_per_day', 'tokens_per_minute'],
      }),
      event({
        ...{ id: rate_limit_id, max_requests_per_1_minute: 3, 'previous.max_requests_per_1_minute': 4 },
        [`limits.models.${NOVA}.shadow`]: null,
        [`previous.limits.models.${NOVA}.shadow`]: ['requests_per_minute'],
      }),
    ]);
  });

  test('removes a limit with the largest value', async () => {
    const { call, update, path } = await projectWithLimits({ tokens_per_minute: 5_000 });
    await update({ max_tokens_per_1_minute: UNLIMITED });
    const { body } = await call(`GET ${PROJECT}`, { path });
    expect(body.limits.tokens_per_minute).toBeNull();
  });

  test('changes and records nothing where nothing is named', async () => {
    const { update, audit, path } = await projectWithLimits();
    expect((await update({})).status).toBe(200);
    expect(audit(path.project_id)).toHaveLength(1);
  });

  test.each<[object, string, string]>([
    [{ max_images_per_1_minute: 1 }, 'unsupported_parameter', 'max_images_per_1_minute'],
    [{ max_audio_megabytes_per_1_minute: 1 }, 'unsupported_parameter', 'max_audio_megabytes_per_1_minute'],
    [{ batch_1_day_max_input_tokens: 1 }, 'unsupported_parameter', 'batch_1_day_max_input_tokens'],
    [{ max_requests: 1 }, 'unsupported_parameter', 'max_requests'],
    [{ max_requests_per_1_minute: 0 }, 'invalid_value', 'max_requests_per_1_minute'],
    [{ max_requests_per_1_day: UNLIMITED + 1 }, 'invalid_value', 'max_requests_per_1_day'],
    [{ max_tokens_per_1_minute: 1.5 }, 'invalid_type', 'max_tokens_per_1_minute'],
    [{ max_tokens_per_1_minute: null }, 'invalid_type', 'max_tokens_per_1_minute'],
  ])('refuses %j by name and without effect', async (body, code, param) => {
    const { update, audit, path } = await projectWithLimits();
    expect(refusalOf(await update(body))).toEqual({ status: 400, code, param });
    expect(audit(path.project_id)).toHaveLength(1);
  });

  test('finds no other limit: unknown, malformed or another project’s', async () => {
    const { call, newProject, path } = await projectWithLimits();
    const other = idOf(await newProject());
    for (const rate_limit_id of [other, idOf(unknownProject()), 'rl_x', '']) {
      const refused = await call(`POST ${RATE_LIMIT}`, { path: { ...path, rate_limit_id }, body: {} });
      expect(refusalOf(refused)).toEqual({ status: 404, code: 'not_found', param: null });
    }
  });

  test('is refused in an archived project, and without the scope', async () => {
    const { call, path } = await projectWithLimits();
    const body = { max_requests_per_1_minute: 1 };
    const principal = adminPrincipal({ scopes: ['limits:read', 'projects:write'] });
    expect((await call(`POST ${RATE_LIMIT}`, { path, body, principal })).status).toBe(403);
    expect((await call(`GET ${RATE_LIMITS}`, { path, principal })).status).toBe(200);
    await call(`POST ${PROJECT}/archive`, { path });
    expect((await call(`POST ${RATE_LIMIT}`, { path, body })).status).toBe(409);
  });
});
