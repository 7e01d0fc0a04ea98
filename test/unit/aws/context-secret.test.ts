import { createContextSecretSource } from '../../../shared/aws/context-secret.ts';
import type { SignedRequest, WholeAnswer } from '../../../shared/aws/signed-http.ts';
import { TransportError } from '../../../shared/aws/transport-error.ts';

const MINUTE_MS = 60_000;
const K0 = 'zero'.repeat(10);
const K1 = 'one-'.repeat(10);

const secretAnswer = (secret: unknown): WholeAnswer => ({
  status: 200,
  headers: {},
  sends: 1,
  body: Buffer.from(JSON.stringify({ Name: 'x', SecretString: JSON.stringify(secret) })),
});
const refusal = (status: number, type: string): WholeAnswer => ({
  status,
  headers: {},
  sends: 1,
  body: Buffer.from(JSON.stringify({ __type: type, Message: 'told' })),
});
const FIRST = secretAnswer({ current: 'k0', k0: K0 });
const ROTATED = secretAnswer({ current: 'k1', k0: K0, k1: K1 });
const firstSecret = { currentId: 'k0', keys: { k0: Buffer.from(K0) } };
const rotatedSecret = { currentId: 'k1', keys: { k0: Buffer.from(K0), k1: Buffer.from(K1) } };
const unavailable = expect.objectContaining({ code: 'service_unavailable' });

/** A source over a Secrets Manager that gives the current answer, whatever it is asked. */
function sourceOf(first: WholeAnswer | Error) {
  const world = { nowMs: 0, answer: first, asked: [] as SignedRequest[], waits: 0 };
  const source = createContextSecretSource({
    secretId: 'bedrock-proxy/test/context',
    clock: () => world.nowMs,
    waiting: {
      random: () => 0,
      async wait() {
        world.waits += 1;
      },
    },
    http: {
      async send(request) {
        world.asked.push(request);
        if (world.answer instanceof Error) throw world.answer;
        return world.answer;
      },
      open: () => Promise.reject(new Error('not used')),
      close: () => undefined,
    },
  });
  return { source, world };
}

test('the secret is read by its id and its keys are the UTF-8 bytes of their texts', async () => {
  const { source, world } = sourceOf(ROTATED);
  expect(await source.current()).toEqual(rotatedSecret);
  expect(world.asked).toEqual([
    {
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'secretsmanager.GetSecretValue',
      },
      body: '{"SecretId":"bedrock-proxy/test/context"}',
      timeoutMs: 1_500,
    },
  ]);
});

test('callers at the same time share one read, and later ones its value for five minutes', async () => {
  const { source, world } = sourceOf(FIRST);
  await Promise.all([source.current(), source.current(), source.current()]);
  world.nowMs = 5 * MINUTE_MS - 1;
  await source.current();
  expect(world.asked).toHaveLength(1);
  world.answer = ROTATED;
  world.nowMs = 5 * MINUTE_MS;
  expect(await source.current()).toEqual(rotatedSecret);
  expect(world.asked).toHaveLength(2);
});

test('a key id that the kept value lacks is looked for at once, and no more often than every ten seconds', async () => {
  const { source, world } = sourceOf(FIRST);
  await source.current();
  world.nowMs = 10_000;
  expect(await source.current('k1')).toEqual(firstSecret);
  expect(world.asked).toHaveLength(2);
  world.answer = ROTATED;
  world.nowMs = 19_999;
  expect(await source.current('k1')).toEqual(firstSecret);
  expect(world.asked).toHaveLength(2);
  world.nowMs = 20_000;
  expect(await source.current('k1')).toEqual(rotatedSecret);
  expect(await source.current('k1')).toEqual(rotatedSecret);
  expect(world.asked).toHaveLength(3);
});

test('names from Object.prototype are key ids like any other', async () => {
  const { source, world } = sourceOf(FIRST);
  await source.current();
  world.nowMs = 10_000;
  await source.current('constructor');
  expect(world.asked).toHaveLength(2);
});

test('while Secrets Manager fails the last value serves for an hour, asked for every ten seconds', async () => {
  const { source, world } = sourceOf(FIRST);
  await source.current();
  world.answer = refusal(500, 'InternalServiceError');
  world.nowMs = 10 * MINUTE_MS;
  expect(await source.current()).toEqual(firstSecret);
  expect(await source.current()).toEqual(firstSecret);
  expect(world.asked).toHaveLength(4);
  world.nowMs = 60 * MINUTE_MS;
  await expect(source.current()).rejects.toEqual(unavailable);
});

test('a passing failure is tried again, three attempts in all', async () => {
  const { source, world } = sourceOf(new TransportError('reset'));
  await expect(source.current()).rejects.toEqual(unavailable);
  expect([world.asked.length, world.waits]).toEqual([3, 2]);
  world.answer = FIRST;
  expect(await source.current()).toEqual(firstSecret);
});

test.each([
  ['no JSON', 'hunter2-hunter2'],
  ['no object', '[]'],
  ['no current key', JSON.stringify({ k0: K0 })],
  ['a current key that is not there', JSON.stringify({ current: 'k1', k0: K0 })],
  ['a current key of the prototype', JSON.stringify({ current: 'constructor', k0: K0 })],
  ['a short key', JSON.stringify({ current: 'k0', k0: 'hunter2-hunter2' })],
  ['a malformed key id', JSON.stringify({ current: 'k0', k0: K0, 'k-1': K1 })],
])('a secret with %s is refused at the first attempt and never quoted', async (_, SecretString) => {
  const body = Buffer.from(JSON.stringify({ SecretString }));
  const { source, world } = sourceOf({ status: 200, sends: 1, headers: {}, body });
  const error = await source.current().catch((thrown: unknown) => thrown);
  expect(error).toEqual(unavailable);
  expect(String((error as Error).cause)).not.toContain('hunter2');
  expect(world.asked).toHaveLength(1);
});
