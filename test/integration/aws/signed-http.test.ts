import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import {
  createSignedHttp,
  type SignedHttp,
  type SignedHttpOptions,
} from '../../../shared/aws/signed-http.ts';
import { hangUp, json, type ScriptedServer, startScriptedServer } from '../../support/scripted-server.ts';

let server: ScriptedServer;
const opened: SignedHttp[] = [];

beforeAll(async () => {
  server = await startScriptedServer();
});
afterEach(() => {
  for (const http of opened.splice(0)) http.close();
});
afterAll(() => server.close());

const CREDENTIALS = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' };
const NOW = Date.UTC(2026, 10, 20, 12, 0, 1);
/** Long enough to be no part of a test that does not name a timeout. */
const AMPLE_MS = 20_000;

const httpTo = (endpoint: string, of: Partial<SignedHttpOptions> = {}): SignedHttp => {
  const http = createSignedHttp({
    region: 'eu-central-1',
    service: 'bedrock',
    endpoint,
    credentials: () => CREDENTIALS,
    clock: () => NOW,
    ...of,
  });
  opened.push(http);
  return http;
};

const POST = { path: '/', headers: { 'content-type': 'application/json' }, body: '{}', timeoutMs: AMPLE_MS };
const failure = (reason: string) => expect.objectContaining({ name: 'TransportError', reason });

test('a request arrives signed, with its path as given and its body whole', async () => {
  server.play(json(201, { fine: true }));
  const answer = await httpTo(`${server.endpoint}/prefix/`).send({
    ...POST,
    path: '/model/a%3A0%2Fb/converse',
    body: '{"text":"grüße 🎈"}',
  });
  expect(answer.status).toBe(201);
  expect(answer.headers['content-type']).toBe('application/x-amz-json-1.0');
  expect(JSON.parse(answer.body.toString())).toEqual({ fine: true });
  expect(server.requests).toEqual([
    {
      path: '/prefix/model/a%3A0%2Fb/converse',
      body: '{"text":"grüße 🎈"}',
      connection: expect.any(Number),
      headers: {
        host: server.endpoint.slice('http://'.length),
        connection: 'keep-alive',
        'content-type': 'application/json',
        'content-length': '23',
        'x-amz-date': '20261120T120001Z',
        'x-amz-security-token': 'token',
        authorization: expect.stringMatching(
          /^AWS4-HMAC-SHA256 Credential=AKID\/20261120\/eu-central-1\/bedrock\/aws4_request, SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
        ),
      },
    },
  ]);
});

test('credentials are asked for at every request, so that refreshed ones act at once', async () => {
  server.play(json(200, {}));
  const ids = ['FIRST', 'SECOND'];
  const http = httpTo(server.endpoint, {
    credentials: async () => ({ accessKeyId: ids.shift() ?? '', secretAccessKey: 'secret' }),
  });
  await http.send(POST);
  await http.send(POST);
  const credentials = server.requests.map(
    ({ headers }) => /Credential=(\w+)/.exec(headers.authorization ?? '')?.[1],
  );
  expect(credentials).toEqual(['FIRST', 'SECOND']);
});

test('requests one after the other share a connection', async () => {
  server.play(json(200, {}));
  const http = httpTo(server.endpoint);
  for (let count = 0; count < 5; count += 1) await http.send(POST);
  expect(new Set(server.requests.map(({ connection }) => connection)).size).toBe(1);
});

test('a kept connection that proves dead is replaced, its idle siblings with it, and the request sent again', async () => {
  const http = httpTo(server.endpoint);
  server.play(json(200, {}));
  await Promise.all([http.send(POST), http.send(POST), http.send(POST)]);
  const old = new Set(server.requests.map(({ connection }) => connection));
  server.play(hangUp, json(200, { again: true }));
  const answer = await http.send(POST);
  expect(JSON.parse(answer.body.toString())).toEqual({ again: true });
  expect(server.requests.map(({ connection }) => old.has(connection))).toEqual([true, false]);
  expect(answer.sends).toBe(2);
});

test('a request sent once says so', async () => {
  server.play(json(200, {}));
  expect((await httpTo(server.endpoint).send(POST)).sends).toBe(1);
});

test('a kept connection that breaks after a part of an answer is not sent to again', async () => {
  const http = httpTo(server.endpoint);
  server.play(json(200, {}));
  await http.send(POST);
  server.play((response) => void response.socket?.end('HTTP/1.1 20'), json(200, {}));
  await expect(http.send(POST)).rejects.toEqual(failure('reset'));
  expect(server.requests).toHaveLength(1);
});

test('a kept connection that breaks later than a dead one would is not sent to again', async () => {
  const http = httpTo(server.endpoint, { staleWithinMs: 0 });
  server.play(json(200, {}));
  await http.send(POST);
  server.play(hangUp, json(200, {}));
  await expect(http.send(POST)).rejects.toEqual(failure('reset'));
  expect(server.requests).toHaveLength(1);
});

test('a new connection that is reset fails at once: the service may have acted', async () => {
  server.play(hangUp);
  await expect(httpTo(server.endpoint).send(POST)).rejects.toEqual(failure('reset'));
  expect(server.requests).toHaveLength(1);
});

test('an answer that breaks off fails, however much of it came', async () => {
  server.play((response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"half":');
    response.socket?.destroySoon();
  });
  await expect(httpTo(server.endpoint).send(POST)).rejects.toEqual(failure('reset'));
});

test('an answer above the bound fails; one at the bound does not', async () => {
  server.play((response) => response.end('12345'));
  const http = httpTo(server.endpoint, { responseBytesMax: 5 });
  expect((await http.send(POST)).body.toString()).toBe('12345');
  server.play((response) => response.end('123456'));
  await expect(http.send(POST)).rejects.toEqual(failure('answer-too-large'));
});

test('silence ends with the timeout, before the headers and in the middle of the body', async () => {
  const http = httpTo(server.endpoint);
  server.play(() => undefined);
  await expect(http.send({ ...POST, timeoutMs: 20 })).rejects.toEqual(failure('timeout'));
  await expect(http.open({ ...POST, timeoutMs: 20 })).rejects.toEqual(failure('timeout'));
  server.play((response) => void response.writeHead(200).write('{'));
  await expect(http.send({ ...POST, timeoutMs: 20 })).rejects.toEqual(failure('timeout'));
});

test('nobody listening is a failed connection', async () => {
  const closed = await startScriptedServer();
  await closed.close();
  await expect(httpTo(closed.endpoint).send(POST)).rejects.toEqual(failure('connect'));
});

test('a TLS handshake that does not end is a failed connection', async () => {
  const sockets: Socket[] = [];
  const mute = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const address = mute.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const http = httpTo(`https://127.0.0.1:${port}`, { connectTimeoutMs: 20 });
  await expect(http.send(POST)).rejects.toEqual(failure('connect'));
  for (const socket of sockets) socket.destroy();
  mute.close();
});

test('an abort ends a request, whenever it comes, and carries its reason', async () => {
  const http = httpTo(server.endpoint);
  await expect(http.send({ ...POST, signal: AbortSignal.abort('early') })).rejects.toMatchObject({
    reason: 'aborted',
    cause: 'early',
  });
  const controller = new AbortController();
  server.play(() => controller.abort('later'));
  await expect(http.send({ ...POST, signal: controller.signal })).rejects.toMatchObject({
    reason: 'aborted',
    cause: 'later',
  });
});

test('an opened answer is there with its headers and streams as it comes', async () => {
  let more = (): void => undefined;
  server.play((response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).write('first ');
    more = () => void response.end('second');
  });
  const answer = await httpTo(server.endpoint).open(POST);
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/plain']);
  const chunks: string[] = [];
  for await (const chunk of answer) {
    chunks.push(String(chunk));
    more();
  }
  expect(chunks).toEqual(['first ', 'second']);
});

test('aborting an opened answer destroys it and the connection behind it', async () => {
  const gone = Promise.withResolvers<void>();
  server.play((response) => {
    response.socket?.once('close', gone.resolve);
    response.writeHead(200).write('first');
  });
  const controller = new AbortController();
  const answer = await httpTo(server.endpoint).open({ ...POST, signal: controller.signal });
  const reading = async () => {
    for await (const _ of answer) controller.abort('enough');
  };
  await expect(reading()).rejects.toMatchObject({ reason: 'aborted', cause: 'enough' });
  await gone.promise;
});

test('an abort after the answer ended is nobody’s concern', async () => {
  server.play(json(200, {}));
  const controller = new AbortController();
  const http = httpTo(server.endpoint);
  await http.send({ ...POST, signal: controller.signal });
  controller.abort();
  expect((await http.send(POST)).status).toBe(200);
  expect(new Set(server.requests.map(({ connection }) => connection)).size).toBe(1);
});
