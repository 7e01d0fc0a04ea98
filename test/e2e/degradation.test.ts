/** What the whole stack does while its DynamoDB is throttled, hangs or is down: nothing unpaid, nothing on a guess. */
import { randomBytes } from 'node:crypto';
import { startDynamoDb } from '../../local/dynamodb/start.ts';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import { mintKey } from '../../shared/domain/api-key.ts';
import { newAccountRef, newKeyRef } from '../../shared/domain/ids.ts';
import { sendersTo } from '../support/dynamodb.ts';
import { type FaultyDynamo, startFaultyDynamo, type Weather } from '../support/faulty-dynamodb.ts';
import { readRecords, takeSnapshot } from '../support/limits-observer.ts';
import { seed } from '../support/runs.ts';
import { CLIENT_MODEL as model, startTestStack, type TestStack } from '../support/stack.ts';
import { STORM_TABLES } from '../support/storm-world.ts';

let stack: TestStack;
let network: FaultyDynamo;
let senders: ReturnType<typeof sendersTo>;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  // The gateway tells of each authorizer that failed, and here they fail by design.
  const { error } = console;
  console.error = () => undefined;
  closers.push(() => {
    console.error = error;
  });
  const store = await startDynamoDb();
  if (store === undefined) throw new Error('This test needs the local DynamoDB.');
  closers.push(store.close);
  network = await startFaultyDynamo({ target: store.endpoint, seed: seed() });
  closers.push(network.close);
  senders = sendersTo(store.endpoint);
  closers.push(senders.close);
  process.env['AWS_ENDPOINT_URL_DYNAMODB'] = network.endpoint;
  try {
    stack = await startTestStack();
  } finally {
    delete process.env['AWS_ENDPOINT_URL_DYNAMODB'];
  }
  closers.push(stack.close);
}, 180_000);
afterEach(() => network.set({}));
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});

const question = { model, messages: [{ role: 'user', content: '[[emulator tokens=5]] Hello' }] };

async function ask(key = stack.apiKey, more: object = {}) {
  const response = await stack.fetch(`${stack.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...question, ...more }),
  });
  const text = await response.text();
  const advice = ['x-should-retry', 'retry-after', 'retry-after-ms'].map((name) => [
    name,
    response.headers.get(name),
  ]);
  return { status: response.status, text, advice: Object.fromEntries(advice) };
}

/** A key in perfect form that nobody has: only the store knows. */
function strangersKey(): string {
  const key = newKeyRef(randomBytes, newAccountRef(randomBytes));
  return mintKey(randomBytes, { kind: 'bpk', environment: 'test', tenant: stack.tenant, key }).text;
}

const generations = (): number => stack.stack.emulator?.generations.count ?? Number.NaN;
const item = () => takeSnapshot({ dynamo: senders.lean, tables: STORM_TABLES, tenant: stack.tenant });
const records = () => readRecords({ dynamo: senders.lean, tables: STORM_TABLES, tenant: stack.tenant });

const unavailable = (message: string) => ({
  error: { message, type: 'server_error', param: null, code: 'service_unavailable' },
});

const TROUBLE: readonly (readonly [string, Weather])[] = [
  ['throttled', { throttled: 1 }],
  ['hanging', { hung: 1 }],
  ['down', { down: 1 }],
];

describe.each(TROUBLE)('a DynamoDB that is %s', (_, weather) => {
  test('makes authentication answer 503 with retry advice, to every key, and calls no model', async () => {
    const before = generations();
    network.set(weather);
    const answers = await Promise.all([ask(), ask(strangersKey())]);
    for (const { status, text, advice } of answers) {
      expect({ status, advice, body: JSON.parse(text) }).toEqual({
        status: 503,
        advice: { 'x-should-retry': 'true', 'retry-after': '1', 'retry-after-ms': null },
        body: unavailable('Authentication is not available right now. Retry.'),
      });
    }
    expect(generations()).toBe(before);
    network.set({});
    expect([(await ask()).status, (await ask(strangersKey())).status]).toEqual([200, 401]);
  });

  test('on the limits alone makes admission answer 503 with retry advice, and calls no model', async () => {
    const before = generations();
    network.set({ ...weather, tables: ['-limits'] });
    const { status, text, advice } = await ask();
    expect({ status, advice, body: JSON.parse(text) }).toEqual({
      status: 503,
      advice: { 'x-should-retry': 'true', 'retry-after': '1', 'retry-after-ms': '1000' },
      body: unavailable('The limits store cannot be reached. Retry shortly.'),
    });
    expect(generations()).toBe(before);
    network.set({});
    expect((await ask()).status).toBe(200);
    expect(generations()).toBe(before + 1);
  });
});

test.each([{}, { stream: true }])(
  'a ledger that is down at settlement costs no caller the answer, and the sweep writes the record: %j',
  async (more) => {
    const before = (await records()).length;
    network.set({ down: 1, tables: ['-usage'] });
    const { status, text } = await ask(stack.apiKey, more);
    expect(status).toBe(200);
    expect(text).toContain(more.stream === true ? 'data: [DONE]' : '"completion_tokens":5');
    network.set({});
    expect(await records()).toHaveLength(before);
    const left = await item();
    expect({
      inflight: left.inflight,
      states: [...left.entries.values()].map((entry) => entry[0]),
    }).toMatchObject({
      inflight: 0,
      states: expect.arrayContaining(['S']),
    });
    const store = createLimitsStore({
      ...{ dynamo: senders.lean, limitsTable: STORM_TABLES.limits, usageTable: STORM_TABLES.usage },
    });
    await store.sweep(stack.tenant, Date.now() + 61_000);
    const after = await records();
    expect(after).toHaveLength(before + 1);
    expect(after.at(-1)).toMatchObject({ outcome: 'completed', usage: { output: 5 }, estimated: false });
    expect((await item()).entries.size).toBe(0);
    const spent = after.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
    const month = (await item()).counters.find(({ counter }) => counter.kind === 'money-month');
    expect(month?.committed).toBe(spent);
  },
);

test('the official client comes back as it is told to and is served once the store is back', async () => {
  const statuses: number[] = [];
  const counting: typeof fetch = async (input, init) => {
    const response = await stack.fetch(input, init);
    statuses.push(response.status);
    return response;
  };
  const client = stack.client({ maxRetries: 3, fetch: counting });
  const recovered = network.whenFaulted(3).then(() => network.set({}));
  network.set({ throttled: 1 });
  const completion = await client.chat.completions.create({
    model,
    messages: [{ role: 'user', content: '[[emulator tokens=5]] Hello' }],
  });
  await recovered;
  expect(completion.usage?.completion_tokens).toBe(5);
  expect(statuses).toEqual([503, 200]);
});
