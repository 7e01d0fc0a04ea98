/**
 * Stands between a client and Amazon Bedrock and writes down what they say, trimmed for tests. The client must use a
 * Bedrock API key: a signature covers the name of the host it was made for, and this is another host.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Fixture, fixtureOf } from './fixture.ts';
import type { TextPolicy } from './redact.ts';

export interface RecorderOptions {
  /** `https://bedrock-runtime.us-east-1.amazonaws.com` */
  readonly target: string;
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** Absent: texts are replaced. */
  readonly texts?: TextPolicy;
  /** Called when an exchange is over; what it throws ends the exchange with an error. */
  readonly onFixture: (fixture: Fixture) => void;
}

export interface Recorder {
  readonly url: string;
  close(): Promise<void>;
}

/** Rejects where the port is taken. */
export async function startRecorder(options: RecorderOptions): Promise<Recorder> {
  const server = createServer((request, response) => {
    forward(options, request, response).catch(() => response.destroy());
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options.port ?? 0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('The recorder does not listen on a port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      return closed.promise;
    },
  };
}

/** Of one connection, and of no use on another. */
const HOP_HEADERS = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'transfer-encoding',
]);

async function forward(
  { target, texts = 'replace', onFixture }: RecorderOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url: path = '/' } = request;
  const requestBody = Buffer.concat(await request.toArray());
  const requestHeaders = plainHeaders(Object.entries(request.headers));
  const leaving = new AbortController();
  response.once('close', () => leaving.abort());
  const answer = await fetch(new URL(path, target), {
    method,
    headers: { ...requestHeaders, 'accept-encoding': 'identity' },
    ...(requestBody.length > 0 && { body: requestBody }),
    redirect: 'manual',
    signal: leaving.signal,
  });
  const responseHeaders = plainHeaders([...answer.headers]);
  response.writeHead(answer.status, responseHeaders);
  const chunks: Buffer[] = [];
  await pipeline(Readable.from(copying(answer.body, chunks)), response);
  const exchanged = { method, path, requestHeaders, requestBody, status: answer.status, responseHeaders };
  onFixture(fixtureOf({ ...exchanged, responseBody: Buffer.concat(chunks) }, texts));
}

/** Passes every piece on at once and keeps it. */
async function* copying(body: ReadableStream<Uint8Array> | null, chunks: Buffer[]): AsyncGenerator<Buffer> {
  if (body === null) return;
  for await (const piece of body) {
    const chunk = Buffer.from(piece);
    chunks.push(chunk);
    yield chunk;
  }
}

const plainHeaders = (
  headers: readonly (readonly [name: string, value: string | readonly string[] | undefined])[],
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    headers
      .filter(([name, value]) => !HOP_HEADERS.has(name) && value !== undefined)
      .map(([name, value]) => [name, typeof value === 'string' ? value : (value ?? []).join(', ')]),
  );
