/** Admin keys that make admin keys, by the official client over the whole stack. */
import OpenAI from 'openai';
import { apiRefusalOf, everyItem } from '../support/api-refusal.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
let keys: OpenAI['admin']['organization']['adminAPIKeys'];
beforeAll(async () => {
  stack = await startTestStack();
  keys = stack.admin.adminAPIKeys;
}, 180_000);
afterAll(() => stack?.close());

const adminWith = (adminAPIKey: string) =>
  new OpenAI({ adminAPIKey, baseURL: stack.baseUrl, maxRetries: 0 }).admin.organization;

/** The SDK's type has no scopes: they are our addition. */
const order = (of: object) => ({ name: 'ci', ...of });

describe('client.admin.organization.adminAPIKeys', () => {
  test('makes a key that works within its scopes, and shows it once', async () => {
    const made = await keys.create(order({ expires_in_seconds: 3600, scopes: ['projects:read'] }));
    expect(made).toMatchObject({
      id: expect.stringMatching(/^key_0{10}/),
      object: 'organization.admin_api_key',
      name: 'ci',
      value: expect.stringMatching(/^bpa_test_/),
      expires_at: made.created_at + 3600,
    });
    const { value, ...shown } = made;
    expect(await keys.retrieve(made.id)).toEqual(shown);
    const child = adminWith(value);
    expect((await child.projects.retrieve(stack.projectId)).id).toBe(stack.projectId);
    const refused = { status: 403, code: 'insufficient_scope' };
    expect(await apiRefusalOf(child.projects.create({ name: 'x' }))).toMatchObject(refused);
    expect(await apiRefusalOf(child.adminAPIKeys.create({ name: 'x' }))).toMatchObject(refused);
    const inference = stack.client({ apiKey: value });
    expect(await apiRefusalOf(inference.models.list())).toMatchObject({ status: 403 });
  });

  test('lists keys by creation in both orders, and by pages', async () => {
    for (const name of ['a', 'b', 'c']) await keys.create({ name });
    const oldestFirst = (await everyItem(keys.list({ limit: 2 }))).map(({ id }) => id);
    expect(oldestFirst.length).toBeGreaterThan(3);
    expect(new Set(oldestFirst).size).toBe(oldestFirst.length);
    const newestFirst = (await everyItem(keys.list({ limit: 2, order: 'desc' }))).map(({ id }) => id);
    expect(newestFirst).toEqual(oldestFirst.toReversed());
    expect((await keys.list({ after: null })).data).toHaveLength(oldestFirst.length);
    expect(JSON.stringify((await keys.list()).data)).not.toContain('"value"');
  });

  test('ends a key with all that descend from it, at once', async () => {
    const parent = await keys.create({ name: 'parent' });
    const child = await adminWith(parent.value).adminAPIKeys.create({ name: 'child' });
    const grandchild = await adminWith(child.value).adminAPIKeys.create({ name: 'grandchild' });
    expect(await keys.delete(parent.id)).toEqual({
      id: parent.id,
      object: 'organization.admin_api_key.deleted',
      deleted: true,
    });
    for (const { value } of [parent, child, grandchild]) {
      expect(await apiRefusalOf(adminWith(value).projects.list())).toMatchObject({ status: 401 });
    }
    const left = (await everyItem(keys.list())).map(({ id }) => id);
    for (const { id } of [parent, child, grandchild]) expect(left).not.toContain(id);
    expect((await keys.delete(parent.id)).deleted).toBe(true);
    expect(await apiRefusalOf(keys.retrieve(child.id))).toEqual({
      status: 404,
      code: 'not_found',
      param: null,
    });
  });

  test('refuses what is wider or longer than the grantor, malformed, or a repeat', async () => {
    const child = await keys.create(
      order({ expires_in_seconds: 600, scopes: ['admin_keys:write', 'usage:read'] }),
    );
    const grantor = adminWith(child.value).adminAPIKeys;
    expect(await apiRefusalOf(grantor.create(order({ scopes: ['audit:read'] })))).toEqual({
      status: 400,
      code: 'invalid_value',
      param: 'scopes',
    });
    const longer = grantor.create(order({ expires_in_seconds: 3600 }));
    expect(await apiRefusalOf(longer)).toMatchObject({ status: 400, param: 'expires_in_seconds' });
    const forever = keys.create(order({ expires_in_seconds: 31 * 86_400 }));
    expect(await apiRefusalOf(forever)).toMatchObject({ status: 400, param: 'expires_in_seconds' });
    const unknown = keys.create(order({ scopes: ['everything'] }));
    expect(await apiRefusalOf(unknown)).toMatchObject({ status: 400, param: 'scopes[0]' });
    const once = { headers: { 'Idempotency-Key': 'once' } };
    await keys.create({ name: 'once' }, once);
    expect(await apiRefusalOf(keys.create({ name: 'once' }, once))).toMatchObject({ status: 409 });
    const foreign = keys.delete(stack.apiKeyId);
    expect(await apiRefusalOf(foreign)).toMatchObject({ status: 404, code: 'not_found' });
  });
});
