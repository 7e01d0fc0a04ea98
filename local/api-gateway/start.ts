/**
 * A stand-in for Amazon API Gateway (REST) with Lambda proxy integration: it interprets the compiled
 * CloudFormation template, so that a route, an authorizer or a gateway response exists once. What it does not
 * reproduce it refuses at the start. Not reproduced, and without effect: throttling, logging, the idle timeout
 * and bandwidth limit of streams, resource policies.
 */
import { randomBytes } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Timer } from '../../shared/ports.ts';
import { readApi } from './api-definition.ts';
import { installAwslambda } from './awslambda.ts';
import type { CompiledTemplate } from './compiled-template.ts';
import { unreadableExchange } from './exchange.ts';
import { type Gateway, type GatewayFault, serve } from './gateway.ts';
import { GatewayRefusal } from './gateway-response-types.ts';
import { InFlight } from './in-flight.ts';
import { scheduleByTimer } from './invocation.ts';
import { type LambdaModule, loadedFunction } from './lambda-module.ts';
import type { HangUpMode } from './response-stream.ts';

export interface ApiGatewayOptions {
  readonly template: CompiledTemplate;
  /** Loads the module of a function, by its logical id in the template. Called once a function, at the start. */
  readonly functions: (logicalId: string) => Promise<LambdaModule>;
  /** 0 means a free one. */
  readonly port: number;
  /** The deployed stage. Paths are served with and without `/<stage>` in front. */
  readonly stage: string;
  /** What a streaming function learns of a caller that goes away. `unreported` by default, as on Lambda. */
  readonly hangUp?: HangUpMode;
  /** `us-east-1` by default; it shows in ARNs only. */
  readonly region?: string;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  readonly random?: (length: number) => Uint8Array;
  readonly schedule?: Timer;
  /** Told why a request was answered with an error of the gateway's own; by default it is written to stderr. */
  readonly report?: (fault: GatewayFault) => void;
}

export interface ApiGateway {
  /** `http://127.0.0.1:<port>`, without the stage. */
  readonly url: string;
  readonly port: number;
  /** Takes no more requests and waits for those under way, at most `graceMs` (5 s), then cuts them off. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

const GRACE_MS = 5_000;
/** Node refuses longer headers before they can be counted here; the limit of API Gateway lies far below. */
const PARSED_HEADER_BYTES_MAX = 64 * 1024;
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_MS = 60_000;

/**
 * Starts serving on loopback. Rejects where the template has something that is not reproduced, a function
 * cannot be loaded, or the port is taken (`EADDRINUSE`).
 */
export async function startApiGateway(options: ApiGatewayOptions): Promise<ApiGateway> {
  // Handler modules look for it while they are loaded.
  installAwslambda();
  const gateway = await createGateway(options);
  const server = createHttpServer(gateway);
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: ({ graceMs = GRACE_MS } = {}) => close(gateway, server, graceMs),
  };
}

async function createGateway(options: ApiGatewayOptions): Promise<Gateway> {
  const { template, stage, region = 'us-east-1' } = options;
  const api = readApi(template, { stage, region });
  const loaded = await Promise.all(
    api.functions.map(
      async (definition) =>
        [definition, loadedFunction(definition, await options.functions(definition.logicalId))] as const,
    ),
  );
  return {
    api,
    loaded: new Map(loaded),
    deps: {
      clock: options.clock ?? Date.now,
      random: options.random ?? randomBytes,
      schedule: options.schedule ?? scheduleByTimer,
    },
    hangUp: options.hangUp ?? 'unreported',
    report: options.report ?? writeFault,
    inFlight: new InFlight(),
    streams: new Set(),
  };
}

function createHttpServer(gateway: Gateway): Server {
  const server = createServer({
    maxHeaderSize: PARSED_HEADER_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  const answering = new WeakSet<object>();
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    answering.add(request.socket);
    response.once('finish', () => answering.delete(request.socket));
    // While the gateway closes, a kept-alive connection would only be cut off.
    if (!server.listening) response.shouldKeepAlive = false;
    void serve(gateway, request, response);
  };
  server.on('request', onRequest);
  // The body is asked for only once its announced length has been looked at.
  server.on('checkContinue', onRequest);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || answering.has(socket)) socket.destroy();
    else socket.end(unreadable(gateway, error.code));
  });
  return server;
}

/** The answer to bytes that are no HTTP request, as DEFAULT_4XX. */
function unreadable({ api, deps }: Gateway, code: string | undefined): string {
  const status = code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const reason = STATUS_CODES[status] ?? '';
  const exchange = unreadableExchange({ api: api.identity, ...deps });
  const refusal = new GatewayRefusal('DEFAULT_4XX', { status, message: reason });
  const answer = api.gatewayResponses.render(refusal, exchange);
  const headers = [
    ...answer.headers,
    ...['x-amzn-RequestId', exchange.requestId, 'x-amz-apigw-id', exchange.extendedRequestId],
    ...['Content-Length', String(Buffer.byteLength(answer.body)), 'Connection', 'close'],
  ];
  const lines = headers.map((text, index) => (index % 2 === 0 ? `\r\n${text}: ` : text));
  return `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? reason}${lines.join('')}\r\n\r\n${answer.body}`;
}

async function close(gateway: Gateway, server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await gateway.inFlight.idle(gateway.deps.schedule, graceMs);
  for (const stream of gateway.streams) stream.destroy(new Error('The local API Gateway is closing.'));
  server.closeAllConnections();
  await closed;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

function writeFault({ requestId, method, path, cause }: GatewayFault): void {
  // The path is the caller's text: as a format it could swallow the cause.
  console.error('%s %s (%s) failed:', method, path, requestId, cause);
}
