import type { Dynamo } from '../../../shared/aws/dynamo.ts';
import { createLeanDynamo } from '../../../shared/aws/lean-dynamo.ts';
import { createSignedHttp } from '../../../shared/aws/signed-http.ts';
import {
  hangUp,
  json,
  type Script,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scripted-server.ts';
import { createSdkDynamo } from '../../support/sdk-dynamo.ts';

/** What the senders make of a DynamoDB that falters. Time passes only by waiting. */
let server: ScriptedServer;
let nowMs: number;
let waits: number[];
const closers: (() => void)[] = [];

beforeAll(async () => {
  server = await startScriptedServer();
});
beforeEach(() => {
  nowMs = 0;
  waits = [];
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
afterAll(() => server.close());

const connection = () => ({
  region: 'us-east-1',
  endpoint: server.endpoint,
  credentials: () => ({ accessKeyId: 'local', secretAccessKey: 'local' }),
});
const waiting = (random: number) => ({
  random: () => random,
  async wait(delayMs: number) {
    waits.push(delayMs);
    nowMs += delayMs;
  },
});

function leanDynamo(of: { readonly random?: number; readonly attemptsMax?: number } = {}): Dynamo {
  const clock = () => nowMs;
  const http = createSignedHttp({ ...connection(), service: 'dynamodb', clock });
  closers.push(http.close);
  return createLeanDynamo({
    ...{ http, clock, attemptTimeoutMs: 20_000, waiting: waiting(of.random ?? 0.5) },
    ...(of.attemptsMax !== undefined && { attemptsMax: of.attemptsMax }),
  });
}

function sdkDynamo(): Dynamo {
  const sdk = createSdkDynamo({ ...connection(), waiting: waiting(0.5) });
  closers.push(sdk.close);
  return sdk;
}

const GET = { TableName: 't', Key: { PK: { S: 'p' }, SK: { S: 's' } } };
const FOUND = json(200, { Item: { PK: { S: 'p' } } });
const fault = (status: number, name: string) =>
  json(status, { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'told' });

const THROTTLED = fault(400, 'ThrottlingException');
const page: Script = (response) => void response.writeHead(503).end('<html>');
const tornJson: Script = (response) => void response.end('{');

describe('the lean sender', () => {
  test.each([
    ['throttling', fault(400, 'ThrottlingException')],
    ['a throttled table', fault(400, 'ProvisionedThroughputExceededException')],
    ['a throttled account', fault(400, 'RequestLimitExceeded')],
    ['a transaction in progress', fault(400, 'TransactionInProgressException')],
    ['an internal error', fault(500, 'InternalServerError')],
    ['a load balancer', page],
    ['a lost connection', hangUp],
    ['an answer that is no JSON', tornJson],
  ])('tries again after %s and answers with what came then', async (_, failing) => {
    server.play(failing, failing, FOUND);
    const answer = await leanDynamo().getItem(GET);
    expect(answer).toMatchObject({
      Item: { PK: { S: 'p' } },
      $metadata: { attempts: 3, httpStatusCode: 200 },
    });
    // Full jitter: half of 50 ms, then half of 100.
    expect(waits).toEqual([25, 50]);
  });

  test.each([
    ['was throttled each time', [THROTTLED, THROTTLED, THROTTLED], false],
    ['was throttled after one attempt was not answered', [hangUp, THROTTLED, THROTTLED], true],
    ['failed inside after it was throttled', [THROTTLED, THROTTLED, fault(500, 'InternalServerError')], true],
    ['was refused by its condition', [fault(400, 'ConditionalCheckFailedException')], false],
    ['was throttled, then refused', [THROTTLED, fault(400, 'ConditionalCheckFailedException')], false],
    ['was not answered, then refused', [hangUp, fault(400, 'ConditionalCheckFailedException')], true],
  ])('tells of a call that %s whether it may have acted', async (_, scripts, mayHaveActed) => {
    server.play(...scripts);
    await expect(leanDynamo().getItem(GET)).rejects.toMatchObject({ mayHaveActed });
  });

  test('counts the copy that went out when a kept connection broke', async () => {
    const dynamo = leanDynamo();
    server.play(FOUND);
    expect(await dynamo.getItem(GET)).toMatchObject({ $metadata: { attempts: 1 } });
    server.play(hangUp, FOUND);
    expect(await dynamo.getItem(GET)).toMatchObject({ $metadata: { attempts: 2 } });
    expect(waits).toEqual([]);
    server.play(hangUp, fault(400, 'ConditionalCheckFailedException'));
    await expect(dynamo.getItem(GET)).rejects.toMatchObject({ $metadata: { attempts: 2 } });
  });

  test('gives up after three attempts, with the service’s own name', async () => {
    server.play(fault(400, 'ThrottlingException'));
    await expect(leanDynamo().getItem(GET)).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: 'told',
      retryable: true,
      $metadata: { attempts: 3, httpStatusCode: 400 },
    });
    expect(server.requests).toHaveLength(3);
  });

  test.each([
    'ValidationException',
    'AccessDeniedException',
    'ResourceNotFoundException',
    'ConditionalCheckFailedException',
  ])('does not repeat what %s refused', async (name) => {
    server.play(fault(400, name));
    await expect(leanDynamo().getItem(GET)).rejects.toMatchObject({ name, retryable: false });
    expect(server.requests).toHaveLength(1);
  });

  test('begins no attempt after its budget', async () => {
    const slow: Script = (response) => {
      nowMs += 990;
      response.writeHead(500).end('{}');
    };
    server.play(slow);
    await expect(leanDynamo({ random: 0.9 }).getItem(GET)).rejects.toMatchObject({ name: 'UnknownError' });
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ['a failure', fault(500, 'InternalServerError')],
    ['keys that were left', json(200, { Responses: {}, UnprocessedKeys: { t: { Keys: [GET.Key] } } })],
  ])('makes one attempt where it is told so, whatever came of it: %s', async (_, script) => {
    server.play(script);
    const once = leanDynamo({ attemptsMax: 1 });
    await expect(once.batchGetItem({ RequestItems: { t: { Keys: [GET.Key] } } })).rejects.toMatchObject({
      retryable: true,
    });
    expect(server.requests).toHaveLength(1);
    expect(waits).toEqual([]);
  });

  test('resends a transaction with the token of its first attempt', async () => {
    server.play(hangUp, json(200, {}));
    await leanDynamo().transactWriteItems({ TransactItems: [{ Put: { TableName: 't', Item: {} } }] });
    const tokens = server.requests.map(({ body }) => JSON.parse(body).ClientRequestToken);
    expect(tokens).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), tokens[0]]);
  });
});

describe.each([
  ['lean', leanDynamo],
  ['SDK', sdkDynamo],
] as const)('a batch by the %s sender', (_, make) => {
  const key = (name: string) => ({ PK: { S: 'p' }, SK: { S: name } });
  const keys = (...names: string[]) => ({ t: { Keys: names.map(key), ConsistentRead: true } });
  const answered = (found: string[], left: string[]) =>
    json(200, { Responses: { t: found.map(key) }, UnprocessedKeys: left.length === 0 ? {} : keys(...left) });

  test('asks again for the keys that were left, and for no others, until all are answered', async () => {
    server.play(answered(['b'], ['a', 'c']), answered([], ['a', 'c']), answered(['c', 'a'], []));
    const answer = await make().batchGetItem({ RequestItems: keys('a', 'b', 'c') });
    expect(answer.Responses).toEqual({ t: [key('b'), key('c'), key('a')] });
    expect(answer.UnprocessedKeys).toEqual({});
    const asked = server.requests.map(({ body }) => JSON.parse(body).RequestItems);
    expect(asked).toEqual([keys('a', 'b', 'c'), keys('a', 'c'), keys('a', 'c')]);
  });

  test('throws where keys stay unprocessed: half an answer is none', async () => {
    server.play(answered(['a'], ['b']));
    await expect(make().batchGetItem({ RequestItems: keys('a', 'b') })).rejects.toMatchObject({
      name: 'ProvisionedThroughputExceededException',
      retryable: true,
    });
    expect(server.requests).toHaveLength(4);
  });
});
