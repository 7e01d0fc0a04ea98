import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import { installAwslambda, type ResponseStream } from '../../../local/api-gateway/awslambda.ts';
import type { ApiGatewayOptions } from '../../../local/api-gateway/start.ts';
import { closeTestGateways, compiledApi, startTestGateway } from '../../support/compiled-api.ts';
import { NOON_MS } from '../../support/gateway-event.ts';
import { openAnswer } from '../../support/http-exchange.ts';
import { manualTime } from '../../support/manual-time.ts';

afterEach(closeTestGateways);

installAwslambda();

const route = { route: 'GET /s', to: 'stream', stream: true, timeoutMs: 900_000 };
const template = compiledApi({ routes: [route], timeouts: { stream: 900 } });
const METADATA = { statusCode: 200, headers: { 'content-type': 'text/event-stream' } };

type Handle = (stream: ResponseStream) => Promise<void>;
const streaming = (handle: Handle) =>
  awslambda.streamifyResponse(async (_event: unknown, stream: unknown) => handle(stream as ResponseStream));
/** A handler that sends metadata and then the pieces of a generator, as Middy does. */
const piping = (pieces: () => AsyncGenerator<string | Buffer>) =>
  streaming((stream) => pipeline(Readable.from(pieces(), { objectMode: false }), from(stream, METADATA)));
const from = (stream: unknown, metadata: object): NodeJS.WritableStream =>
  awslambda.HttpResponseStream.from(stream as awslambda.HttpResponseStream, { ...metadata });

const start = (handler: unknown, options: Partial<ApiGatewayOptions> = {}) =>
  startTestGateway(template, { stream: handler }, options);

async function answered(handler: unknown) {
  const gateway = await start(handler);
  const response = await fetch(`${gateway.url}/s`);
  const body = await response.text();
  await gateway.close();
  return { status: response.status, headers: response.headers, body, faults: gateway.faults };
}

describe('a streaming integration', () => {
  test('hands on the first piece before the function has made the last', async () => {
    const firstRead = Promise.withResolvers<void>();
    const gateway = await start(
      piping(async function* () {
        yield 'first';
        await firstRead.promise;
        yield 'last';
      }),
    );
    const answer = await openAnswer(`${gateway.url}/s`);
    answer.setEncoding('utf8');
    const pieces = answer[Symbol.asyncIterator]();
    expect((await pieces.next()).value).toBe('first');
    firstRead.resolve();
    expect((await pieces.next()).value).toBe('last');
    expect((await pieces.next()).done).toBe(true);
    await gateway.close();
  });

  test('sends status and headers before there is a payload', async () => {
    const headersRead = Promise.withResolvers<void>();
    const gateway = await start(
      streaming(async (stream) => {
        const body = from(stream, { ...METADATA, statusCode: 202, cookies: ['a=1', 'b=2'] });
        body.write('');
        await headersRead.promise;
        body.end('x');
      }),
    );
    const answer = await openAnswer(`${gateway.url}/s`);
    expect([answer.statusCode, answer.headers['set-cookie']]).toEqual([202, ['a=1', 'b=2']]);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'transfer-encoding': 'chunked',
      'x-amzn-requestid': expect.any(String),
      'x-amz-apigw-id': expect.any(String),
    });
    headersRead.resolve();
    await answer.toArray();
    await gateway.close();
  });

  test.each([
    ['in one piece', ['{"statusCode":201}\0\0\0\0\0\0\0\0payload']],
    ['in the middle of everything', ['{"statusC', 'ode":201}\0\0\0', '\0\0\0\0\0pay', 'load']],
    ['with NUL bytes in the payload', ['{"statusCode":201}', '\0\0\0\0\0\0\0\0', 'pay', 'load']],
  ])('reads metadata off that come %s', async (_how, pieces) => {
    const handler = streaming(async (stream) => {
      for (const piece of pieces) stream.write(piece);
      stream.end();
    });
    expect(await answered(handler)).toMatchObject({ status: 201, body: 'payload' });
  });

  test('serves a Middy pipeline, with text and with a stream', async () => {
    const mode = { executionMode: executionModeStreamifyResponse };
    const result = { statusCode: 200, headers: { 'content-type': 'text/plain' } };
    expect(await answered(middy(async () => ({ ...result, body: 'text' }), mode))).toMatchObject({
      body: 'text',
    });
    const body = () => Readable.from(['a', 'b'], { objectMode: false });
    expect(await answered(middy(async () => ({ ...result, body: body() }), mode))).toMatchObject({
      body: 'ab',
    });
  });

  test.each<[string, unknown]>([
    ['does not stream', async () => ({ statusCode: 200, body: 'secret' })],
    ['rejects before its metadata', streaming(() => Promise.reject(new Error('secret')))],
    ['ends without metadata', streaming(async (stream) => void stream.end())],
    ['writes no metadata', streaming(async (stream) => void stream.end('secret'))],
    ['never ends its metadata', streaming(async (stream) => void stream.end('x'.repeat(17_000)))],
    [
      'has metadata that are no JSON',
      streaming(async (stream) => void stream.end('{secret\0\0\0\0\0\0\0\0')),
    ],
    ['has metadata without a status', streaming(async (stream) => void from(stream, {}).write('x'))],
  ])('whose function %s is a 502, and is reported once', async (_what, handler) => {
    const { status, body, faults } = await answered(handler);
    expect({ status, body }).toEqual({ status: 502, body: '{"message":"Internal server error"}' });
    expect(faults).toEqual([expect.objectContaining({ cause: expect.any(Error) })]);
  });

  test('that fails after its first bytes never looks complete', async () => {
    const read = Promise.withResolvers<void>();
    const broken = new Error('broken');
    const gateway = await start(
      piping(async function* () {
        yield 'first';
        await read.promise;
        throw broken;
      }),
    );
    const answer = await openAnswer(`${gateway.url}/s`);
    await once(answer, 'readable');
    read.resolve();
    await expect(answer.toArray()).rejects.toThrow(/aborted/);
    await gateway.close();
    expect(gateway.faults).toEqual([expect.objectContaining({ cause: broken })]);
  });

  test('holds the function back while the caller does not read', async () => {
    const { handler, outcome, total } = flooding();
    const gateway = await start(handler);
    const answer = await openAnswer(`${gateway.url}/s`);
    answer.pause();
    expect(await outcome()).toBe('held back');
    let size = 0;
    for await (const chunk of answer) size += chunk.length;
    expect(size).toBe(total);
    expect(await outcome()).toBe('finished');
    await gateway.close();
  });
});

/** A function that writes 64 MiB as fast as it may, and tells when it was first held back and when it is through. */
function flooding() {
  const outcomes = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const [first, second] = outcomes;
  const piece = Buffer.alloc(64 * 1024, 'x');
  const handler = streaming(async (stream) => {
    const body = from(stream, METADATA);
    for (let index = 0; index < 1_024; index += 1) {
      if (body.write(piece)) continue;
      const drained = once(body, 'drain').then(() => 'drained');
      if ((await Promise.race([drained, manyTurns()])) === 'drained') continue;
      first?.resolve('held back');
      await drained;
    }
    body.end();
    // Without being held back it would come here first.
    first?.resolve('never held back');
    second?.resolve('finished');
  });
  return { handler, outcome: async () => await outcomes.shift()?.promise, total: 1_024 * piece.length };
}

/** More turns of the event loop than a socket takes that has room. */
async function manyTurns(): Promise<string> {
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return 'waited';
}

describe('a caller that hangs up on a stream', () => {
  /** A function of which the test sees whether it is stopped; it yields once more after the hang-up. */
  function watched() {
    const goOn = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<string>();
    const handler = piping(async function* () {
      let end = 'stopped';
      try {
        yield 'first';
        await goOn.promise;
        for (let index = 0; index < 1_000; index += 1) yield 'x'.repeat(10_000);
        end = 'finished';
      } finally {
        ended.resolve(end);
      }
    });
    return { handler, goOn, ended };
  }

  test.each([
    ['unreported', 'finished'],
    ['reported', 'stopped'],
  ] as const)('is %s: the function is %s', async (hangUp, end) => {
    const { handler, goOn, ended } = watched();
    const streamed = Promise.withResolvers<ResponseStream>();
    const wrapped = streaming(async (stream) => {
      streamed.resolve(stream);
      await Reflect.apply(handler, undefined, [{}, stream, {}]);
    });
    const gateway = await start(wrapped, { hangUp });
    const answer = await openAnswer(`${gateway.url}/s`);
    await once(answer, 'readable');
    answer.destroy();
    const stream = await streamed.promise;
    if (hangUp === 'reported') await new Promise((resolve) => stream.once('close', resolve));
    goOn.resolve();
    expect(await ended.promise).toBe(end);
    await gateway.close();
    expect(gateway.faults).toEqual([]);
  });

  test('unreported, frees a function that waits for it to read', async () => {
    const { handler, outcome } = flooding();
    const gateway = await start(handler);
    const answer = await openAnswer(`${gateway.url}/s`);
    answer.pause();
    expect(await outcome()).toBe('held back');
    answer.destroy();
    expect(await outcome()).toBe('finished');
    await gateway.close();
  });
});

describe('the deadline of a stream', () => {
  async function stuck(options: { timeoutMs: number; timeout: number; hangUp?: 'reported' }, first?: string) {
    const time = manualTime(NOON_MS);
    const invoked = Promise.withResolvers<ResponseStream>();
    const handler = streaming(async (stream) => {
      if (first !== undefined) from(stream, METADATA).write(first);
      invoked.resolve(stream);
      await new Promise(() => undefined);
    });
    const { timeoutMs, timeout, ...mode } = options;
    const slow = compiledApi({ routes: [{ ...route, timeoutMs }], timeouts: { stream: timeout } });
    const timing = { clock: time.clock, schedule: time.timer };
    const gateway = await startTestGateway(slow, { stream: handler }, { ...timing, ...mode });
    return { gateway, time, invoked: invoked.promise };
  }

  test('is a 504 where nothing was sent yet', async () => {
    const { gateway, time, invoked } = await stuck({ timeoutMs: 900_000, timeout: 5 });
    const response = fetch(`${gateway.url}/s`);
    const stream = await invoked;
    time.advance(5_000);
    expect((await response).status).toBe(504);
    expect(stream.destroyed).toBe(true);
    await gateway.close();
    expect(time.armed()).toBe(0);
  });

  test('tears what was begun', async () => {
    const { gateway, time } = await stuck({ timeoutMs: 900_000, timeout: 5 }, 'first');
    const answer = await openAnswer(`${gateway.url}/s`);
    await once(answer, 'readable');
    time.advance(5_000);
    await expect(answer.toArray()).rejects.toThrow(/aborted/);
    await gateway.close();
  });

  test.each([
    [undefined, false],
    ['reported', true],
  ] as const)('of the integration alone leaves the function running (%s)', async (hangUp, destroyed) => {
    const mode = hangUp === undefined ? {} : { hangUp };
    const { gateway, time, invoked } = await stuck({ timeoutMs: 5_000, timeout: 900, ...mode });
    const response = fetch(`${gateway.url}/s`);
    const stream = await invoked;
    time.advance(5_000);
    expect((await response).status).toBe(504);
    expect(stream.destroyed).toBe(destroyed);
    time.advance(900_000);
    expect(stream.destroyed).toBe(true);
    await gateway.close();
  });
});
