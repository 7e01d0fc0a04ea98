/** Limits, alerts and model permissions of a project, and its costs, by the official client over the whole stack. */
import OpenAI from 'openai';
import { apiRefusalOf, everyItem } from '../support/api-refusal.ts';
import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
let admin: OpenAI['admin']['organization'];
beforeAll(async () => {
  stack = await startTestStack();
  admin = stack.admin;
}, 180_000);
afterAll(() => stack?.close());

const UNLIMITED = 1_000_000_000;
const other = 'amazon.nova-micro-v1:0';
const notFound = { status: 404, code: 'not_found', param: null };
let projects = 0;

/** A project of its own for each test, with a client of one of its keys. */
async function newProject() {
  projects += 1;
  const project = await admin.projects.create({ name: `limits ${projects}` });
  const { api_key } = await admin.projects.serviceAccounts.create(project.id, { name: 'worker' });
  const client = stack.client({ apiKey: api_key?.value ?? '' });
  const ask = (of = model) =>
    client.chat.completions.create({
      model: of,
      max_completion_tokens: 20,
      messages: [{ role: 'user', content: '[[emulator tokens=10]] Hello' }],
    });
  return { id: project.id, key: api_key, client, ask };
}

const alertOrder = (threshold_amount: number) => ({
  currency: 'USD' as const,
  interval: 'month' as const,
  threshold_amount,
  notification_channel: {
    type: 'email' as const,
    recipients: ['team@example.com'],
    subject_prefix: '[spend]',
  },
});

describe('client.admin.organization.projects.rateLimits', () => {
  test('lists and updates the limit, which acts on the next request', async () => {
    const { id, ask } = await newProject();
    const [limit, ...none] = await everyItem(admin.projects.rateLimits.listRateLimits(id));
    expect(none).toEqual([]);
    expect(limit).toEqual({
      id: id.replace(/^proj_(.*)$/, 'rl_$1_all'),
      object: 'project.rate_limit',
      model: '*',
      max_requests_per_1_minute: UNLIMITED,
      max_tokens_per_1_minute: UNLIMITED,
      max_requests_per_1_day: UNLIMITED,
    });
    await ask();
    const update = (body: object) =>
      admin.projects.rateLimits.updateRateLimit(limit?.id ?? '', { project_id: id, ...body });
    expect(await update({ max_tokens_per_1_minute: 5 })).toEqual({ ...limit, max_tokens_per_1_minute: 5 });
    expect(await apiRefusalOf(ask())).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    await update({ max_tokens_per_1_minute: UNLIMITED });
    expect((await ask()).object).toBe('chat.completion');
    expect(await apiRefusalOf(update({ max_images_per_1_minute: 1 }))).toEqual({
      status: 400,
      code: 'unsupported_parameter',
      param: 'max_images_per_1_minute',
    });
  });

  test('lists, makes and removes those of a model, whose id has dots and a colon', async () => {
    const { id, ask } = await newProject();
    const limitId = id.replace(/^proj_(.*)$/, `rl_$1_${other}`);
    const update = (body: object) =>
      admin.projects.rateLimits.updateRateLimit(limitId, { project_id: id, ...body });
    const object = {
      ...{ id: limitId, object: 'project.rate_limit', model: other },
      max_requests_per_1_minute: UNLIMITED,
      max_tokens_per_1_minute: UNLIMITED,
    };
    expect(await update({ max_requests_per_1_day: 1 })).toEqual({ ...object, max_requests_per_1_day: 1 });
    const [all, ...ofModels] = await everyItem(admin.projects.rateLimits.listRateLimits(id, { limit: 1 }));
    expect([all?.model, ofModels]).toEqual(['*', [{ ...object, max_requests_per_1_day: 1 }]]);
    await ask(other);
    expect(await apiRefusalOf(ask(other))).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    await ask(model);
    await update({ max_requests_per_1_day: UNLIMITED });
    await ask(other);
    expect(await everyItem(admin.projects.rateLimits.listRateLimits(id))).toHaveLength(1);
    // As a client that encodes every character, and one that encodes none, writes it.
    for (const encoded of [limitId, encodeURIComponent(limitId), limitId.replaceAll('.', '%2E')]) {
      const answer = await stack.fetch(
        `${stack.baseUrl}/organization/projects/${id}/rate_limits/${encoded}`,
        {
          method: 'POST',
          headers: { authorization: `Bearer ${stack.adminKey}`, 'content-type': 'application/json' },
          body: '{}',
        },
      );
      expect([answer.status, Object(await answer.json()).id]).toEqual([200, limitId]);
    }
  });

  test('finds another project’s limit no more than an unknown one', async () => {
    const { id } = await newProject();
    for (const foreign of [stack.projectId.replace(/^proj_(.*)$/, 'rl_$1_all'), 'rl_unknown']) {
      const refused = admin.projects.rateLimits.updateRateLimit(foreign, { project_id: id });
      expect(await apiRefusalOf(refused)).toEqual(notFound);
    }
  });
});

test('client.admin.organization.projects.spendLimit sets, shows and removes a limit that acts', async () => {
  const { id, ask } = await newProject();
  const limits = admin.projects.spendLimit;
  expect(await apiRefusalOf(limits.retrieve(id))).toEqual(notFound);
  const order = { currency: 'USD', interval: 'month', threshold_amount: 1 } as const;
  const set = await limits.update(id, order);
  expect(set).toEqual({ object: 'project.spend_limit', ...order, enforcement: { status: 'inactive' } });
  expect(await limits.retrieve(id)).toEqual(set);
  await ask();
  // A hundred-thousandth of a cent is less than what one request costs.
  await admin.projects.update(id, { limits: { usd_per_month: 1e-7 } } as object);
  expect((await limits.retrieve(id)).enforcement.status).toBe('enforcing');
  expect(await apiRefusalOf(ask())).toMatchObject({ status: 429 });
  expect(await apiRefusalOf(limits.update(id, { ...order, threshold_amount: 0 }))).toMatchObject({
    status: 400,
    param: 'threshold_amount',
  });
  expect(await limits.delete(id)).toEqual({ object: 'project.spend_limit.deleted', deleted: true });
  expect(await apiRefusalOf(limits.retrieve(id))).toEqual(notFound);
  await ask();
});

test('client.admin.organization.projects.spendAlerts makes, shows, changes, lists and deletes alerts', async () => {
  const { id } = await newProject();
  const alerts = admin.projects.spendAlerts;
  const made = [];
  for (const cents of [100, 200, 300]) made.push(await alerts.create(id, alertOrder(cents)));
  const [first, second, third] = made;
  if (first === undefined || second === undefined) throw new Error('No alert was made.');
  expect(first).toEqual({
    id: expect.stringMatching(/^alert_/),
    object: 'project.spend_alert',
    ...alertOrder(100),
  });
  const changed = await alerts.update(second.id, { project_id: id, ...alertOrder(250) });
  expect(changed).toEqual({ ...second, threshold_amount: 250 });
  expect(await alerts.retrieve(second.id, { project_id: id })).toEqual(changed);
  expect(await everyItem(alerts.list(id, { limit: 1 }))).toHaveLength(3);
  const newestFirst = await everyItem(alerts.list(id, { limit: 2, order: 'desc' }));
  expect(newestFirst.map(({ id: alert }) => alert).sort()).toEqual(made.map(({ id: alert }) => alert).sort());
  expect((await alerts.list(id, { before: newestFirst[1]?.id ?? '', order: 'desc' })).data).toEqual([
    newestFirst[0],
  ]);
  expect(await alerts.delete(second.id, { project_id: id })).toEqual({
    id: second.id,
    object: 'project.spend_alert.deleted',
    deleted: true,
  });
  expect(await apiRefusalOf(alerts.retrieve(second.id, { project_id: id }))).toEqual(notFound);
  expect(await apiRefusalOf(alerts.delete(first.id, { project_id: stack.projectId }))).toEqual(notFound);
  expect(third).toBeDefined();
  const attempts = await Promise.allSettled(
    Array.from({ length: 10 }, (_, index) => alerts.create(id, alertOrder(index + 1))),
  );
  const statuses = attempts.map((attempt) => (attempt.status === 'fulfilled' ? 200 : attempt.reason.status));
  expect(statuses.filter((status) => status === 200)).toHaveLength(8);
  expect(statuses.filter((status) => status === 409)).toHaveLength(2);
  const nobody = { ...alertOrder(1), notification_channel: { type: 'email' as const, recipients: ['x'] } };
  expect(await apiRefusalOf(alerts.create(id, nobody))).toMatchObject({
    status: 400,
    param: 'notification_channel.recipients[0]',
  });
});

test('a project has limits of days, months and models beside OpenAI’s, which act, and may only watch', async () => {
  const { id, ask } = await newProject();
  const set = (limits: object) => admin.projects.update(id, { limits } as object);
  await set({ tokens_per_day: 1 });
  expect(await apiRefusalOf(ask())).toMatchObject({ status: 429 });
  const shown = await set({ shadow: ['tokens_per_day'], smoothing: '10s', estimation: 'balanced' });
  expect(shown).toMatchObject({
    limits: { tokens_per_day: 1, shadow: ['tokens_per_day'], smoothing: '10s', estimation: 'balanced' },
  });
  expect(await admin.projects.retrieve(id)).toEqual(shown);
  await ask();
  await set({ usd_per_month: 5, models: { [`us.${other}`]: { usd_per_day: 1e-9 } } });
  expect(await apiRefusalOf(ask(other))).toMatchObject({ status: 429 });
  await ask(model);
  expect(await admin.projects.spendLimit.retrieve(id)).toMatchObject({ threshold_amount: 500, debt_usd: 0 });
  expect(await apiRefusalOf(set({ models: { 'gpt-4o': { usd_per_day: 1 } } }))).toEqual({
    ...{ status: 400, code: 'invalid_value' },
    param: 'limits.models.gpt-4o',
  });
});

test('limit_usage tells what a refusal tells, to an administrator and to a key of the project alone', async () => {
  const { id, ask } = await newProject();
  await admin.projects.update(id, { limits: { tokens_per_month: 600 } } as object);
  await ask();
  const show = async (key: string, project = id) => {
    const answer = await stack.fetch(`${stack.baseUrl}/organization/projects/${project}/limit_usage`, {
      headers: { authorization: `Bearer ${key}` },
    });
    return { status: answer.status, ...Object(await answer.json()) };
  };
  const shown = await show(stack.adminKey);
  const [limit, ...others] = shown.limits;
  expect([shown.status, shown.object, others]).toEqual([200, 'project.limit_usage', []]);
  expect(limit).toEqual({
    ...{ limit: 'tokens_per_month', owner: { type: 'project', id }, value: 600, mode: 'enforce' },
    ...{ used: expect.any(Number), reserved: 0, remaining: 600 - limit.used, resets_at: expect.any(Number) },
  });
  expect(limit.used).toBeGreaterThan(0);
  const now = new Date();
  const monthEnd = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1) / 1000;
  expect(limit.resets_at).toBe(monthEnd);
  // Enough for one more, less what was used.
  const value = 200;
  await admin.projects.update(id, { limits: { tokens_per_month: value } } as object);
  const refused: unknown = await ask().catch((error: unknown) => error);
  expect(String(refused)).toContain(`limit ${value} tokens, used or reserved ${limit.used} tokens`);
  expect((await show(stack.adminKey)).limits).toEqual([{ ...limit, value, remaining: value - limit.used }]);
  const { api_key } = await admin.projects.serviceAccounts.create(id, {
    name: 'reader',
    scopes: ['usage:read'],
  } as { name: string });
  expect((await show(api_key?.value ?? '')).limits).toEqual((await show(stack.adminKey)).limits);
  expect(await show(api_key?.value ?? '', stack.projectId)).toMatchObject({ status: 404 });
});

test('client.admin.organization.projects.modelPermissions acts on the next request', async () => {
  const { id, client, ask } = await newProject();
  const permissions = admin.projects.modelPermissions;
  expect(await apiRefusalOf(permissions.retrieve(id))).toEqual(notFound);
  const denied = await permissions.update(id, { mode: 'deny_list', model_ids: [model] });
  expect(denied).toEqual({ object: 'project.model_permissions', mode: 'deny_list', model_ids: [model] });
  expect(await apiRefusalOf(ask())).toMatchObject({ status: 404, code: 'model_not_found' });
  await ask(other);
  await permissions.update(id, { mode: 'allow_list', model_ids: ['amazon.nova-lite*'] });
  expect((await everyItem(client.models.list())).every((one) => one.id.startsWith('amazon.nova-lite'))).toBe(
    true,
  );
  expect(await apiRefusalOf(ask(other))).toMatchObject({ status: 404 });
  expect((await permissions.retrieve(id)).mode).toBe('allow_list');
  expect(await permissions.delete(id)).toEqual({
    object: 'project.model_permissions.deleted',
    deleted: true,
  });
  await ask(other);
  const empty = permissions.update(id, { mode: 'allow_list', model_ids: [] });
  expect(await apiRefusalOf(empty)).toMatchObject({ status: 400, param: 'model_ids' });
});

test('a project has names of its own for models, which act on the next request', async () => {
  const { id, ask } = await newProject();
  const project = `/organization/projects/${id}`;
  const send = async (method: string, body?: object) => {
    const answer = await stack.fetch(`${stack.baseUrl}${project}/model_aliases`, {
      method,
      headers: { authorization: `Bearer ${stack.adminKey}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, ...Object(await answer.json()) };
  };
  const object = 'project.model_aliases';
  expect(await send('GET')).toEqual({ status: 200, object, aliases: {} });
  expect(await apiRefusalOf(ask('gpt-4o'))).toMatchObject({ status: 404, code: 'model_not_found' });
  const aliases = { 'gpt-4o': model };
  expect(await send('POST', { aliases })).toEqual({ status: 200, object, aliases });
  expect(await send('GET')).toEqual({ status: 200, object, aliases });
  await ask('gpt-4o');
  expect(await send('POST', { aliases: { fast: 'gpt-4o' } })).toMatchObject({
    ...{ status: 400 },
    error: { code: 'invalid_value', param: 'aliases.fast' },
  });
  expect(await send('POST', { aliases: {} })).toEqual({ status: 200, object, aliases: {} });
  expect(await apiRefusalOf(ask('gpt-4o'))).toMatchObject({ status: 404 });
});

describe('client.admin.organization.usage.costs', () => {
  const start_time = () => Math.floor(Date.now() / 1000) - 86_400;

  test('sums what the usage records were charged, by model and key', async () => {
    const key = await stack.newKey({ scopes: ['chat.completions:write', 'usage:read'] });
    const client = stack.client({ apiKey: key.value });
    for (const of of [model, other, model]) {
      await client.chat.completions.create({ model: of, messages: [{ role: 'user', content: 'Count me.' }] });
    }
    const records = await stack.settledUsageRecords(3);
    const chargedFor = (of: string) =>
      records.filter((record) => record.model === of).reduce((sum, { nanoUsd }) => sum + nanoUsd, 0) / 1e9;
    const page = await admin.usage.costs({
      start_time: start_time(),
      project_ids: [stack.projectId],
      group_by: ['line_item', 'project_id', 'api_key_id'],
    });
    const results = page.data.flatMap((bucket) => bucket.results);
    expect(results).toEqual(
      [model, other].map((of) =>
        expect.objectContaining({
          object: 'organization.costs.result',
          amount: { value: chargedFor(of), currency: 'usd' },
          line_item: of,
          project_id: stack.projectId,
          api_key_id: key.id,
        }),
      ),
    );
    const own = new OpenAI({ adminAPIKey: key.value, baseURL: stack.baseUrl, maxRetries: 0 });
    const seen = await own.admin.organization.usage.costs({ start_time: start_time(), limit: 180 });
    expect(seen.data.flatMap((bucket) => bucket.results)).toMatchObject([
      { amount: { value: expect.closeTo(chargedFor(model) + chargedFor(other), 12) } },
    ]);
  });

  test('refuses a group that it does not know, by name', async () => {
    const refused = admin.usage.costs({ start_time: start_time(), group_by: ['team'] as never });
    expect(await apiRefusalOf(refused)).toEqual({
      status: 400,
      code: 'unsupported_value',
      param: 'group_by',
    });
  });
});
