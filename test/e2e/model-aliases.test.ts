/** Aliases from the administrator's order to the ledger, by the official client over the whole stack. */
import { BedrockClient, CreateInferenceProfileCommand } from '@aws-sdk/client-bedrock';
import { APIError } from 'openai';
import type { LocalService } from '../../local/aws-json-server.ts';
import { startParameterStore } from '../../local/ssm/server.ts';
import { findModel } from '../../shared/domain/catalogue.ts';
import { costOf } from '../../shared/domain/price.ts';
import { apiRefusalOf } from '../support/api-refusal.ts';
import { sdkAccess } from '../support/aws-emulator.ts';
import { CLIENT_MODEL as NOVA, startTestStack, type TestStack } from '../support/stack.ts';

const MICRO = 'amazon.nova-micro-v1:0';
const SONNET = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';

let store: LocalService;
let stack: TestStack;
const environment = process.env['AWS_ENDPOINT_URL_SSM'];
beforeAll(async () => {
  store = await startParameterStore();
  process.env['AWS_ENDPOINT_URL_SSM'] = store.url;
  stack = await startTestStack();
}, 180_000);
afterAll(async () => {
  if (environment === undefined) delete process.env['AWS_ENDPOINT_URL_SSM'];
  else process.env['AWS_ENDPOINT_URL_SSM'] = environment;
  await stack?.close();
  await store?.close();
});

const setAliases = async (aliases: Readonly<Record<string, string>>, projectId = stack.projectId) => {
  const response = await stack.fetch(`${stack.baseUrl}/organization/projects/${projectId}/model_aliases`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ aliases }),
  });
  return { status: response.status, body: await response.json() };
};
const clientOf = async (projectId: string) => {
  const { api_key } = await stack.admin.projects.serviceAccounts.create(projectId, { name: 'worker' });
  return stack.client({ apiKey: api_key?.value ?? '' });
};
const ask = (model: string) => ({
  model,
  max_completion_tokens: 20,
  messages: [{ role: 'user' as const, content: '[[emulator tokens=10]] Hello' }],
});
const called = () => stack.stack.emulator?.generations.all.at(-1)?.modelId;

/** The ledger's last entry, and what its tokens cost by the catalogue. */
async function lastEntry(count: number) {
  const { model, nanoUsd, usage } = (await stack.settledUsageRecords(count)).at(-1) ?? {};
  const price = findModel(model ?? '')?.price;
  if (price === undefined || usage === undefined) throw new TypeError('The entry has no model or usage.');
  return { model, nanoUsd, expected: costOf(price, usage) };
}

test('an alias is called, changed and removed, each from the next request on', async () => {
  const client = stack.client();
  expect(await setAliases({ 'gpt-4o': NOVA })).toEqual({
    status: 200,
    body: { object: 'project.model_aliases', aliases: { 'gpt-4o': NOVA } },
  });
  expect((await client.chat.completions.create(ask('gpt-4o'))).model).toBe('gpt-4o');
  expect(called()).toBe(NOVA);
  const nova = await lastEntry(1);
  expect(nova).toEqual({ model: NOVA, nanoUsd: nova.expected, expected: nova.expected });
  expect(nova.expected).toBeGreaterThan(0);
  expect((await client.models.retrieve('gpt-4o')).owned_by).toBe('amazon');

  await setAliases({ 'gpt-4o': MICRO });
  const names = new Set<string>();
  const stream = await client.chat.completions.create({ ...ask('gpt-4o'), stream: true });
  for await (const chunk of stream) names.add(chunk.model);
  expect([...names]).toEqual(['gpt-4o']);
  expect(called()).toBe(MICRO);
  const micro = await lastEntry(2);
  expect(micro).toEqual({ model: MICRO, nanoUsd: micro.expected, expected: micro.expected });

  await setAliases({ 'gpt-4o-mini': MICRO });
  await expect(client.chat.completions.create(ask('gpt-4o'))).rejects.toMatchObject({
    status: 404,
    code: 'model_not_found',
    message: expect.stringMatching(/Close to it: gpt-4o-mini\.$/),
  });
  expect(await stack.usageRecords()).toHaveLength(2);
});

test('an alias leads to an application inference profile, which is called and paid as its model', async () => {
  const bedrock = new BedrockClient(sdkAccess(stack.stack.endpoints.bedrock ?? ''));
  const copyFrom = `arn:aws:bedrock:us-east-1:000000000000:inference-profile/${SONNET}`;
  const order = { inferenceProfileName: 'team', modelSource: { copyFrom } };
  const { inferenceProfileArn: arn = '' } = await bedrock.send(new CreateInferenceProfileCommand(order));
  bedrock.destroy();
  const before = (await stack.usageRecords()).length;
  await setAliases({ team: arn });
  const client = stack.client();
  expect((await client.chat.completions.create(ask('team'))).model).toBe('team');
  expect(called()).toBe(arn);
  const entry = await lastEntry(before + 1);
  expect(entry).toEqual({ model: SONNET, nanoUsd: entry.expected, expected: entry.expected });
  expect(await apiRefusalOf(client.chat.completions.create(ask(arn)))).toEqual({
    status: 404,
    code: 'model_not_found',
    param: 'model',
  });
  expect((await client.models.list()).data.at(-1)?.id).toBe('team');
  const unknown = arn.replace(/[^/]+$/, 'unknown');
  expect(await setAliases({ team: unknown })).toMatchObject({
    ...{ status: 400 },
    body: { error: { code: 'invalid_value', param: 'aliases.team' } },
  });
  expect((await client.chat.completions.create(ask('team'))).model).toBe('team');
});

test('another project has none of it', async () => {
  await setAliases({ 'gpt-4o': NOVA });
  const other = await stack.admin.projects.create({ name: `no aliases ${process.pid}` });
  const client = await clientOf(other.id);
  expect(await apiRefusalOf(client.chat.completions.create(ask('gpt-4o')))).toEqual({
    status: 404,
    code: 'model_not_found',
    param: 'model',
  });
});

test('without Parameter Store an alias that is known is served, and one that is not is 503', async () => {
  const cold = await stack.admin.projects.create({ name: `cold ${process.pid}` });
  const coldClient = await clientOf(cold.id);
  await setAliases({ 'gpt-4o': NOVA });
  await setAliases({ 'gpt-4o': NOVA }, cold.id);
  await stack.client().chat.completions.create(ask('gpt-4o'));
  await store.close();
  expect((await stack.client().chat.completions.create(ask('gpt-4o'))).model).toBe('gpt-4o');
  expect((await coldClient.chat.completions.create(ask(NOVA))).model).toBe(NOVA);
  const refused: unknown = await coldClient.chat.completions.create(ask('gpt-4o')).catch((error) => error);
  if (!(refused instanceof APIError)) throw new TypeError('The call was not refused.');
  expect([refused.status, refused.code]).toEqual([503, 'service_unavailable']);
  expect(refused.headers?.get('retry-after-ms')).toBe('1000');
  expect((await setAliases({ 'gpt-4o': MICRO })).status).toBe(503);
});
