import OpenAI from 'openai';
import { verifyAuditChain } from '../../shared/domain/audit.ts';
import { apiRefusalOf, everyItem } from '../support/api-refusal.ts';
import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
let admin: OpenAI['admin']['organization'];
beforeAll(async () => {
  stack = await startTestStack();
  admin = stack.admin;
}, 60_000);
afterAll(() => stack?.close());

describe('the administration plane, by the official client', () => {
  test('creates, retrieves and lists projects, newest last', async () => {
    const created = await admin.projects.create({ name: 'team-one' });
    expect(created).toMatchObject({
      id: expect.stringMatching(/^proj_[0-9A-Za-z]{10}$/),
      object: 'organization.project',
      name: 'team-one',
      status: 'active',
      archived_at: null,
    });
    expect(await admin.projects.retrieve(created.id)).toEqual(created);
    const listed = [];
    for await (const project of admin.projects.list({ limit: 1 })) listed.push(project);
    expect(listed.at(-1)).toEqual(created);
    expect(new Set(listed.map(({ id }) => id)).size).toBe(listed.length);
  });

  test('creates a service account whose first key is in the answer, works, and is listed without its secret', async () => {
    const project = await admin.projects.create({ name: 'team-two' });
    const account = await admin.projects.serviceAccounts.create(project.id, { name: 'worker' });
    expect(account).toMatchObject({
      id: expect.stringMatching(/^svc_[0-9A-Za-z]{16}$/),
      object: 'organization.project.service_account',
      name: 'worker',
      role: 'member',
      api_key: {
        object: 'organization.project.service_account.api_key',
        value: expect.stringMatching(/^bpk_test_[0-9A-Za-z]{20}_[0-9A-Za-z]{49}$/),
        expires_at: account.created_at + 90 * 86_400,
      },
    });
    const value = account.api_key?.value ?? '';
    const keys = [];
    for await (const key of admin.projects.apiKeys.list(project.id)) keys.push(key);
    expect(keys).toEqual([
      expect.objectContaining({
        id: account.api_key?.id,
        object: 'organization.project.api_key',
        owner: expect.objectContaining({ type: 'service_account' }),
      }),
    ]);
    expect(JSON.stringify(keys)).not.toContain(value.slice(30, 60));
    const completion = await stack
      .client({ apiKey: value })
      .chat.completions.create({ model, messages: [{ role: 'user', content: 'Hello' }] });
    expect(completion.object).toBe('chat.completion');
  });

  test('makes a service account without a key when asked to', async () => {
    const account = await admin.projects.serviceAccounts.create(stack.projectId, {
      name: 'keyless',
      create_service_account_only: true,
    });
    expect(account.api_key).toBeNull();
  });

  test('forgets a revoked key in the list', async () => {
    const project = await admin.projects.create({ name: 'team-three' });
    const { api_key } = await admin.projects.serviceAccounts.create(project.id, { name: 'worker' });
    const deleted = await admin.projects.apiKeys.delete(api_key?.id ?? '', { project_id: project.id });
    expect(deleted).toEqual({
      id: api_key?.id,
      object: 'organization.project.api_key.deleted',
      deleted: true,
    });
    expect((await admin.projects.apiKeys.list(project.id)).data).toEqual([]);
    const retrieved = admin.projects.apiKeys.retrieve(api_key?.id ?? '', { project_id: project.id });
    expect(await apiRefusalOf(retrieved)).toMatchObject({ status: 404, code: 'not_found' });
  });

  test('refuses what is wrong, by name and without effect', async () => {
    const unchanged = (await admin.projects.list({ limit: 100 })).data.length;
    const create = (body: object) => apiRefusalOf(admin.projects.create(body as { name: string }));
    expect(await create({})).toEqual({ status: 400, code: 'missing_required_parameter', param: 'name' });
    expect(await create({ name: 7 })).toEqual({ status: 400, code: 'invalid_type', param: 'name' });
    expect(await create({ name: '  ' })).toEqual({ status: 400, code: 'invalid_value', param: 'name' });
    expect(await create({ name: '\ud800' })).toEqual({ status: 400, code: 'invalid_value', param: 'name' });
    expect(await create({ name: 'x', nmae: 1 })).toEqual({
      status: 400,
      code: 'unsupported_parameter',
      param: 'nmae',
    });
    const absurd = admin.projects.create({ name: 'x', limits: { tokens_per_minute: 1e30 } } as {
      name: string;
    });
    await expect(absurd).rejects.toThrow(/'limits.tokens_per_minute': it must be at most \d+/);
    expect(await create({ name: 'x', limits: { usd_per_month: -1 } })).toEqual({
      status: 400,
      code: 'invalid_value',
      param: 'limits.usd_per_month',
    });
    expect((await admin.projects.list({ limit: 100 })).data.length).toBe(unchanged);
  });

  test('gives a project name once, whoever races for it', async () => {
    const attempts = await Promise.allSettled(
      Array.from({ length: 8 }, () => admin.projects.create({ name: 'contested' })),
    );
    const statuses = attempts.map((attempt) =>
      attempt.status === 'fulfilled' ? 200 : attempt.reason.status,
    );
    expect(statuses.sort()).toEqual([200, 409, 409, 409, 409, 409, 409, 409]);
  });

  test('finds nothing of another project, like nothing at all', async () => {
    const other = await admin.projects.create({ name: 'stranger' });
    const { api_key } = await admin.projects.serviceAccounts.create(other.id, { name: 'worker' });
    const foreign = await apiRefusalOf(
      admin.projects.apiKeys.delete(api_key?.id ?? '', { project_id: stack.projectId }),
    );
    const unknown = await apiRefusalOf(
      admin.projects.apiKeys.delete(`key_${stack.tenant}zzzzzzzzzz`, { project_id: stack.projectId }),
    );
    expect(foreign).toEqual({ status: 404, code: 'not_found', param: null });
    expect(unknown).toEqual(foreign);
    expect(await apiRefusalOf(admin.projects.retrieve('proj_0000000000'))).toMatchObject({ status: 404 });
    expect(
      await apiRefusalOf(admin.projects.apiKeys.list(other.id, { after: `key_${'z'.repeat(20)}` })),
    ).toMatchObject({
      status: 400,
      param: 'after',
    });
  });

  test('renames a project, changes its limits, and gives its old name free', async () => {
    const project = await admin.projects.create({ name: 'before' });
    const limits = { limits: { usd_per_month: 2, inflight_requests: 5 } };
    const renamed = await admin.projects.update(project.id, { name: 'after', ...limits });
    expect(renamed).toMatchObject({ id: project.id, name: 'after', ...limits });
    expect(await admin.projects.retrieve(project.id)).toEqual(renamed);
    const taken = await apiRefusalOf(admin.projects.create({ name: 'AFTER' }));
    expect(taken).toEqual({ status: 409, code: 'conflict', param: 'name' });
    expect((await admin.projects.create({ name: 'before' })).name).toBe('before');
    const residency = admin.projects.update(project.id, { geography: 'EU' });
    expect(await apiRefusalOf(residency)).toEqual({
      status: 400,
      code: 'unsupported_parameter',
      param: 'geography',
    });
  });

  test('archives a project: its keys stop at once, and it is listed only where it is asked for', async () => {
    const project = await admin.projects.create({ name: 'short-lived' });
    const { api_key } = await admin.projects.serviceAccounts.create(project.id, { name: 'worker' });
    const tenant = stack.client({ apiKey: api_key?.value ?? '' });
    expect((await tenant.models.list()).data.length).toBeGreaterThan(0);
    const archived = await admin.projects.archive(project.id);
    expect(archived).toMatchObject({ status: 'archived', archived_at: expect.any(Number) });
    expect(await apiRefusalOf(tenant.models.list())).toMatchObject({ status: 401 });
    expect(await admin.projects.archive(project.id)).toEqual(archived);
    const ids = async (include_archived: boolean) =>
      (await everyItem(admin.projects.list({ include_archived, limit: 3 }))).map(({ id }) => id);
    expect(await ids(true)).toContain(project.id);
    expect(await ids(false)).not.toContain(project.id);
    const changed = admin.projects.update(project.id, { name: 'again' });
    expect(await apiRefusalOf(changed)).toMatchObject({ status: 409, code: 'conflict' });
  });

  test('refuses a filter that it does not keep, by name', async () => {
    const refused = admin.projects.list(undefined, { query: { status: 'active' } });
    expect(await apiRefusalOf(refused)).toEqual({
      status: 400,
      code: 'unsupported_parameter',
      param: 'status',
    });
  });

  test('is closed to tenants', async () => {
    const tenant = new OpenAI({ adminAPIKey: stack.apiKey, baseURL: stack.baseUrl, maxRetries: 0 });
    expect(await apiRefusalOf(tenant.admin.organization.projects.list())).toMatchObject({ status: 403 });
  });

  test('records every change in a chain that verifies', async () => {
    const records = await stack.auditRecords();
    expect(records.length).toBeGreaterThan(2);
    expect(verifyAuditChain(records)).toBeUndefined();
  });
});
