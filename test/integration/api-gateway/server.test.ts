import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { installAwslambda } from '../../../local/api-gateway/awslambda.ts';
import { closeTestGateways, compiledApi, startTestGateway } from '../../support/compiled-api.ts';
import { openAnswer, sendRaw } from '../../support/http-exchange.ts';

afterEach(closeTestGateways);

installAwslambda();

const gatewayResponses = {
  DEFAULT_4XX: { ResponseTemplates: { 'application/json': '{"shaped":$context.error.messageString}' } },
};
const template = compiledApi({ routes: [{ route: 'ANY /a' }], gatewayResponses });
const echo = async (event: { body: string | null }) => ({ statusCode: 200, body: event.body ?? 'none' });

async function raw(bytes: string) {
  const gateway = await startTestGateway(template, { echo });
  const answer = await sendRaw(gateway.port, bytes);
  await gateway.close();
  return answer;
}

const HEAD = 'Host: x\r\nConnection: close\r\n';

describe('the server', () => {
  test('asks for a body that waits to be asked for', async () => {
    const gateway = await startTestGateway(template, { echo });
    const answer = await openAnswer(`${gateway.url}/a`, {
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': '5' },
      body: 'hello',
    });
    expect(String(await answer.toArray())).toBe('hello');
    await gateway.close();
  });

  test('does not ask for a body that announces itself too long', async () => {
    const announced =
      'POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10485761\r\n\r\n';
    expect(await raw(announced)).toMatchObject({ status: 413, headers: { connection: 'close' } });
  });

  test.each([
    ['one header', `A: ${'a'.repeat(10_240)}\r\n`],
    ['many headers', 'X-Header: 0123456789\r\n'.repeat(1_100)],
  ])('refuses more than 10,240 bytes of %s in the shape of the API', async (_what, headers) => {
    expect(await raw(`GET /a HTTP/1.1\r\n${HEAD}${headers}\r\n`)).toMatchObject({
      status: 431,
      body: '{"shaped":"Request Header Fields Too Large"}',
      headers: { 'x-amzn-requestid': expect.any(String) },
    });
  });

  test.each([
    ['headers longer than can be read', `GET /a HTTP/1.1\r\n${HEAD}A: ${'a'.repeat(70_000)}\r\n\r\n`, 431],
    ['bytes that are no HTTP', 'what is this?\r\n\r\n', 400],
  ])('answers %s in the shape of the API', async (_what, bytes, status) => {
    const answer = await raw(bytes);
    expect(answer).toMatchObject({ status, headers: { 'x-amzn-requestid': expect.any(String) } });
    expect(JSON.parse(answer.body)).toEqual({ shaped: expect.any(String) });
  });

  test('keeps a connection for the next request, also after a refusal', async () => {
    const gateway = await startTestGateway(template, { echo });
    const request = (path: string, more = '') =>
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n${more}\r\nhi`;
    const answer = await sendRaw(gateway.port, request('/nowhere') + request('/a', 'Connection: close\r\n'));
    expect(answer.status).toBe(403);
    expect(answer.body).toMatch(/HTTP\/1.1 200 OK[\s\S]*hi$/);
    await gateway.close();
  });

  test('forgets a caller that goes away before its request is complete', async () => {
    const gateway = await startTestGateway(template, { echo });
    await sendRaw(gateway.port, 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort');
    await gateway.close();
    expect(gateway.faults).toEqual([]);
  });

  test('serves a target that names its origin', async () => {
    expect((await raw(`GET http://x/a?b=1 HTTP/1.1\r\n${HEAD}\r\n`)).status).toBe(200);
  });

  test('refuses a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(startTestGateway(template, { echo }, { port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    other.close();
  });
});

describe('closing', () => {
  test('lets a request end that is under way, and takes no other', async () => {
    const invoked = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const handler = async () => {
      invoked.resolve();
      await release.promise;
      return { statusCode: 200, body: 'complete' };
    };
    const gateway = await startTestGateway(template, { echo: handler });
    const response = fetch(`${gateway.url}/a`);
    await invoked.promise;
    const closed = gateway.close();
    await expect(fetch(`${gateway.url}/a`)).rejects.toThrow();
    release.resolve();
    expect(await (await response).text()).toBe('complete');
    await closed;
  });

  test('cuts off at the end of its grace what still runs', async () => {
    const invoked = Promise.withResolvers<NodeJS.WritableStream>();
    const handler = awslambda.streamifyResponse(async (_event: unknown, stream: NodeJS.WritableStream) => {
      invoked.resolve(stream);
      await new Promise(() => undefined);
    });
    const streams = compiledApi({ routes: [{ route: 'GET /s', to: 'stream', stream: true }] });
    const gateway = await startTestGateway(streams, { stream: handler });
    const response = fetch(`${gateway.url}/s`).then(
      ({ status }) => status,
      () => 'cut off',
    );
    const stream = await invoked.promise;
    await gateway.close({ graceMs: 0 });
    expect(stream).toMatchObject({ destroyed: true });
    expect([502, 'cut off']).toContain(await response);
  });
});

describe('the awslambda global', () => {
  test('is completed where the AWS SDK has made an empty one, and kept otherwise', () => {
    const before = Reflect.get(globalThis, 'awslambda');
    Reflect.set(globalThis, 'awslambda', { InvokeStore: 1 });
    installAwslambda();
    const completed = Reflect.get(globalThis, 'awslambda');
    installAwslambda();
    expect(Reflect.get(globalThis, 'awslambda')).toBe(completed);
    Reflect.set(globalThis, 'awslambda', before);
    expect(completed).toEqual({
      InvokeStore: 1,
      streamifyResponse: expect.any(Function),
      HttpResponseStream: { from: expect.any(Function) },
    });
  });
});
