import OpenAI, { APIError } from 'openai';
import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
const other = 'amazon.nova-micro-v1:0';
let second: { id: string; value: string };

beforeAll(async () => {
  stack = await startTestStack();
  second = await stack.newKey({ scopes: ['chat.completions:write', 'usage:read'] });
  const ask = (client: OpenAI, of: string, tokens: number) =>
    client.chat.completions.create({
      model: of,
      messages: [{ role: 'user', content: `[[emulator tokens=${tokens}]] Count me.` }],
    });
  const client = stack.client();
  await ask(client, model, 10);
  await ask(client, model, 20);
  await ask(client, other, 5);
  await ask(stack.client({ apiKey: second.value }), model, 40);
  await client.chat.completions
    .create({ model, messages: [{ role: 'user', content: '[[emulator fault=unavailable]]' }] })
    .catch(() => undefined);
  await stack.settledUsageRecords(5);
}, 60_000);
afterAll(() => stack?.close());

const hourAgo = () => Math.floor(Date.now() / 1000) - 3600;

describe('usage.completions', () => {
  test('groups by project, model and key, one record a request, failed ones included', async () => {
    const page = await stack.admin.usage.completions({
      start_time: hourAgo(),
      bucket_width: '1d',
      group_by: ['project_id', 'model', 'api_key_id'],
      project_ids: [stack.projectId],
    });
    expect(page).toMatchObject({ object: 'page' });
    const results = page.data.flatMap((bucket) => bucket.results);
    const sums = results.map((result) => {
      if (result.object !== 'organization.usage.completions.result') throw new Error(result.object);
      return [
        result.project_id,
        result.model,
        result.api_key_id,
        result.num_model_requests,
        result.output_tokens,
      ];
    });
    expect(sums.sort()).toEqual(
      [
        [stack.projectId, model, stack.apiKeyId, 3, 30],
        [stack.projectId, other, stack.apiKeyId, 1, 5],
        [stack.projectId, model, second.id, 1, 40],
      ].sort(),
    );
  });

  test('pages through buckets of a minute without losing or repeating one', async () => {
    const start = hourAgo();
    const buckets = [];
    let page: string | undefined;
    do {
      const answer = await stack.admin.usage.completions({
        start_time: start,
        bucket_width: '1m',
        limit: 25,
        project_ids: [stack.projectId],
        ...(page !== undefined && { page }),
      });
      buckets.push(...answer.data);
      page = answer.next_page ?? undefined;
      expect(answer.has_more).toBe(page !== undefined);
    } while (page !== undefined);
    const starts = buckets.map((bucket) => bucket.start_time);
    expect(starts).toEqual(starts.map((_, index) => Math.floor(start / 60) * 60 + index * 60));
    const requests = buckets
      .flatMap((bucket) => bucket.results)
      .map((result) => Reflect.get(result, 'num_model_requests'));
    expect(requests.reduce((sum, count) => sum + count, 0)).toBe(5);
  });

  test('filters by model and key', async () => {
    const requestsOf = async (filter: object) => {
      const page = await stack.admin.usage.completions({
        start_time: hourAgo(),
        project_ids: [stack.projectId],
        ...filter,
      });
      return page.data
        .flatMap((bucket) => bucket.results)
        .map((result) => Reflect.get(result, 'num_model_requests'));
    };
    expect(await requestsOf({ models: [other] })).toEqual([1]);
    expect(await requestsOf({ api_key_ids: [second.id] })).toEqual([1]);
    expect(await requestsOf({ models: ['unknown'] })).toEqual([]);
  });

  test('takes every parameter of the SDK, booleans and lists as it writes them', async () => {
    const page = await stack.admin.usage.completions({
      start_time: hourAgo(),
      bucket_width: '1d',
      group_by: ['user_id', 'batch', 'service_tier', 'api_source'],
      batch: false,
      project_ids: [stack.projectId],
      api_key_ids: [second.id],
      models: [model, other],
    });
    expect(page.data.flatMap((bucket) => bucket.results)).toEqual([
      expect.objectContaining({
        user_id: expect.stringMatching(/^svc_/),
        ...{ batch: false, service_tier: 'default', api_source: 'unlabeled' },
        ...{ num_model_requests: 1, output_tokens: 40 },
      }),
    ]);
  });

  test('has reports of embeddings and images, in which chats do not count, and costs of all', async () => {
    const query = { start_time: hourAgo(), project_ids: [stack.projectId] };
    const { usage } = stack.admin;
    const pages = [await usage.embeddings(query), await usage.images(query), await usage.costs(query)];
    const objects = pages.map((page) =>
      page.data.flatMap((bucket) => bucket.results).map((result) => result.object),
    );
    expect(objects).toEqual([[], [], ['organization.costs.result']]);
  });

  test('shows a tenant key with usage:read its own project and no other', async () => {
    const tenant = new OpenAI({ adminAPIKey: second.value, baseURL: stack.baseUrl, maxRetries: 0 }).admin
      .organization;
    const groups = { start_time: hourAgo(), group_by: ['project_id' as const] };
    const own = await tenant.usage.completions(groups);
    expect(own.data.flatMap((bucket) => bucket.results)).toEqual([
      expect.objectContaining({ project_id: stack.projectId, num_model_requests: 5 }),
    ]);
    const foreign = await tenant.usage.completions({ ...groups, project_ids: [stack.stack.projectId] });
    const unknown = await tenant.usage.completions({ ...groups, project_ids: ['proj_zzzzzzzzzz'] });
    expect(foreign.data.flatMap((bucket) => bucket.results)).toEqual([]);
    expect(unknown.data.flatMap((bucket) => bucket.results)).toEqual([]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['no start', {}, 'start_time'],
    ['an end before the start', { start_time: 100, end_time: 100 }, 'end_time'],
    ['an unknown width', { start_time: 100, bucket_width: '1w' }, 'bucket_width'],
    ['too many buckets', { start_time: 100, limit: 32 }, 'limit'],
    ['a grouping of another report', { start_time: 100, group_by: ['size'] }, 'group_by'],
    ['a filter of another report', { start_time: 100, sizes: ['1024x1024'] }, 'sizes'],
    ['a cursor of another query', { start_time: 100, page: 'page_7' }, 'page'],
  ])('refuses %s by name', async (_what, query, param) => {
    const refused = stack.admin.usage.completions(query as { start_time: number });
    const error = await refused.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof APIError)) throw new Error(`Expected an APIError, got ${String(error)}`);
    expect([error.status, error.param]).toEqual([400, param]);
  });
});

test('an answer tells its cost when it is asked to, and the ledger says the same', async () => {
  const client = stack.client({ defaultHeaders: { 'x-include-cost': 'true' } });
  const messages = [{ role: 'user' as const, content: '[[emulator tokens=17]] What do you cost?' }];
  const { data, response } = await client.chat.completions.create({ model, messages }).withResponse();
  const stream = await client.chat.completions.create({
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const records = await stack.settledUsageRecords(7);
  const nanoUsdOf = (id: string | undefined) =>
    records.find(({ request }) => id === `chatcmpl-${request}`)?.nanoUsd ?? Number.NaN;
  const costOf = (usage: unknown): unknown => Reflect.get(Object(usage), 'cost');
  const usd = (nanoUsdOf(data.id) / 1e9).toFixed(9);
  expect([response.headers.get('x-request-cost-usd'), costOf(data.usage)]).toEqual([usd, Number(usd)]);
  const last = chunks.at(-1);
  expect(costOf(last?.usage)).toBe(nanoUsdOf(last?.id) / 1e9);
  expect(Number(usd)).toBeGreaterThan(0);
});
