import { createHash } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { installAwslambda } from '../../../local/api-gateway/awslambda.ts';
import { closeTestGateways, compiledApi, startTestGateway } from '../../support/compiled-api.ts';
import { NOON_MS } from '../../support/gateway-event.ts';
import { openAnswer } from '../../support/http-exchange.ts';
import { manualTime } from '../../support/manual-time.ts';

afterEach(closeTestGateways);

const MEBIBYTE = 1024 * 1024;
const template = compiledApi({ routes: [{ route: 'ANY /a' }] });

/** What a caller sees of a handler's result. */
async function answered(handler: unknown, init: RequestInit = {}) {
  const gateway = await startTestGateway(template, { echo: handler });
  const response = await fetch(`${gateway.url}/a`, init);
  const body = await response.text();
  await gateway.close();
  return { status: response.status, headers: response.headers, body, faults: gateway.faults };
}

const returning = (result: unknown) => async () => result;

describe('a buffered integration', () => {
  test('answers with what the function returned', async () => {
    const result = {
      statusCode: 201,
      headers: { 'Content-Type': 'text/plain', 'x-number': 7, 'x-yes': true, 'x-both': 'single' },
      multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'], 'X-Both': ['list'] },
      body: 'grüß',
    };
    const { status, headers, body } = await answered(returning(result));
    expect({ status, body }).toEqual({ status: 201, body: 'grüß' });
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/plain',
      'content-length': '6',
      'x-number': '7',
      'x-yes': 'true',
      'x-both': 'list',
    });
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  test('lets no header of the connection through, and renames those that are its own', async () => {
    const headers = {
      Connection: 'close',
      'Transfer-Encoding': 'x',
      'Content-Length': '1',
      'WWW-Authenticate': 'B',
    };
    const answer = await answered(returning({ statusCode: 200, headers, body: 'abc' }));
    expect(answer.body).toBe('abc');
    expect(answer.headers.get('connection')).toBe('keep-alive');
    expect(answer.headers.get('www-authenticate')).toBeNull();
    expect(answer.headers.get('x-amzn-remapped-www-authenticate')).toBe('B');
  });

  test('sends base64 as it is, since no media type is binary', async () => {
    const { body } = await answered(returning({ statusCode: 200, body: 'aGk=', isBase64Encoded: true }));
    expect(body).toBe('aGk=');
  });

  test('may answer without headers and body, as JSON by default', async () => {
    const { status, headers, body } = await answered(returning({ statusCode: 200 }));
    expect([status, headers.get('content-type'), body]).toEqual([200, 'application/json', '']);
  });

  test('answers 204 without a length', async () => {
    const { status, headers } = await answered(returning({ statusCode: 204, body: '' }));
    expect([status, headers.get('content-length')]).toEqual([204, null]);
  });

  installAwslambda();
  test.each<[string, unknown]>([
    ['rejects', () => Promise.reject(new Error('secret'))],
    [
      'throws at once',
      () => {
        throw new Error('secret');
      },
    ],
    ['returns nothing', returning(undefined)],
    ['returns text', returning('secret')],
    ['returns no status', returning({ body: 'secret' })],
    ['returns a status that is none', returning({ statusCode: 99, body: 'secret' })],
    ['returns a body that is no text', returning({ statusCode: 200, body: { secret: 1 } })],
    ['returns a header with a line break', returning({ statusCode: 200, headers: { a: 'b\r\nc: secret' } })],
    [
      'returns a header list that is none',
      returning({ statusCode: 200, multiValueHeaders: { a: 'secret' } }),
    ],
    ['returns more than 6 MiB', returning({ statusCode: 200, body: 'x'.repeat(6 * MEBIBYTE) })],
    ['streams', awslambda.streamifyResponse(async () => undefined)],
  ])('that %s is a 502 that says nothing, and is reported', async (_what, handler) => {
    const { status, headers, body, faults } = await answered(handler);
    expect({ status, body }).toEqual({ status: 502, body: '{"message":"Internal server error"}' });
    expect(headers.get('x-amzn-errortype')).toBe('InternalServerErrorException');
    expect(faults).toEqual([
      expect.objectContaining({ method: 'GET', path: '/a', cause: expect.any(Error) }),
    ]);
  });

  test('gives the function the context of its invocation', async () => {
    const time = manualTime(NOON_MS);
    const seen: unknown[] = [];
    const handler = async (_event: unknown, context: Context) => {
      time.advance(1_000);
      const { getRemainingTimeInMillis, ...facts } = context;
      seen.push(getRemainingTimeInMillis(), facts);
      return { statusCode: 200 };
    };
    const options = { clock: time.clock, schedule: time.timer };
    const gateway = await startTestGateway(template, { echo: handler }, options);
    await fetch(`${gateway.url}/a`);
    await gateway.close();
    expect(seen).toEqual([
      27_000,
      expect.objectContaining({
        functionName: 'test-dev-echo',
        memoryLimitInMB: '512',
        invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:test-dev-echo',
        awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        callbackWaitsForEmptyEventLoop: true,
      }),
    ]);
    expect(time.armed()).toBe(0);
  });

  test.each([
    ['integration', { timeoutMs: 5_000, timeout: 28 }],
    ['function', { timeoutMs: 29_000, timeout: 5 }],
  ])("is given up at the %s's timeout", async (_whose, { timeoutMs, timeout }) => {
    const time = manualTime(NOON_MS);
    const invoked = Promise.withResolvers<void>();
    const handler = () => {
      invoked.resolve();
      return new Promise(() => undefined);
    };
    const slow = compiledApi({ routes: [{ route: 'GET /a', timeoutMs }], timeouts: { echo: timeout } });
    const options = { clock: time.clock, schedule: time.timer };
    const gateway = await startTestGateway(slow, { echo: handler }, options);
    const response = fetch(`${gateway.url}/a`);
    await invoked.promise;
    time.advance(5_000);
    expect((await response).status).toBe(504);
    expect(await (await response).json()).toEqual({ message: 'Endpoint request timed out' });
    await gateway.close();
  });

  test.each(['unreported', 'reported'] as const)('tells no function of a hang-up when %s', async (hangUp) => {
    const invoked = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const finished = Promise.withResolvers<string>();
    const handler = async () => {
      invoked.resolve();
      await release.promise;
      finished.resolve('ran to its end');
      return { statusCode: 200 };
    };
    const gateway = await startTestGateway(template, { echo: handler }, { hangUp });
    const caller = new AbortController();
    const response = fetch(`${gateway.url}/a`, { signal: caller.signal });
    await invoked.promise;
    caller.abort();
    await expect(response).rejects.toThrow();
    release.resolve();
    expect(await finished.promise).toBe('ran to its end');
    await gateway.close();
  });
});

describe('the size of a request', () => {
  const sizeOf = async (event: { body: string | null }) => ({
    statusCode: 200,
    body: String(event.body?.length),
  });
  const post = (body: string) => answered(sizeOf, { method: 'POST', body });

  test('may come near 6 MiB as an event', async () => {
    expect(await post('x'.repeat(6 * MEBIBYTE - 8_192))).toMatchObject({ status: 200, body: '6283264' });
  });

  test.each([
    ['6 MiB, to which the rest of the event is added', 'x'.repeat(6 * MEBIBYTE)],
    ['3 MiB that double when they are escaped', '"'.repeat(3 * MEBIBYTE)],
    ['more than 10 MB', 'x'.repeat(10 * MEBIBYTE + 1)],
  ])('may not be %s', async (_what, body) => {
    const answer = await post(body);
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 413,
      body: '{"message":"Request Too Long"}',
    });
  });

  test('is counted in bytes of UTF-8, however the body was cut', async () => {
    const gateway = await startTestGateway(template, {
      echo: async ({ body }: { body: string }) => ({
        statusCode: 200,
        body: createHash('sha256').update(body).digest('hex'),
      }),
    });
    const text = 'aé€😀'.repeat(50_000);
    const answer = await openAnswer(`${gateway.url}/a`, {
      method: 'POST',
      headers: { 'transfer-encoding': 'chunked' },
      body: text,
    });
    answer.setEncoding('utf8');
    expect((await answer.toArray()).join('')).toBe(createHash('sha256').update(text).digest('hex'));
    await gateway.close();
  });
});
