/** One running gateway: what serving a request needs, and serving it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiDefinition, MethodDefinition } from './api-definition.ts';
import { authorize } from './authorizer.ts';
import { answerBuffered } from './buffered-integration.ts';
import { proxyEvent, type Routed } from './event.ts';
import { type Exchange, readExchange } from './exchange.ts';
import { GatewayRefusal } from './gateway-response-types.ts';
import type { InFlight } from './in-flight.ts';
import { hasHeader, type ResponseHead } from './integration-response.ts';
import type { InvocationDeps } from './invocation.ts';
import type { LambdaFunction } from './lambda-functions.ts';
import type { LoadedFunction } from './lambda-module.ts';
import { EVENT_BYTES_MAX, exceedsAsJson, HEADER_BYTES_MAX } from './limits.ts';
import { CallerGone, readBody } from './read-body.ts';
import type { CallerStream, HangUpMode } from './response-stream.ts';
import { matchRoute } from './route-tree.ts';
import { answerStreamed } from './streamed-integration.ts';

/** What went wrong behind an answer that says little: AWS writes it to the function's and the API's logs. */
export interface GatewayFault {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly cause: unknown;
}

export interface Gateway {
  readonly api: ApiDefinition;
  readonly loaded: ReadonlyMap<LambdaFunction, LoadedFunction>;
  readonly deps: InvocationDeps;
  readonly hangUp: HangUpMode;
  readonly report: (fault: GatewayFault) => void;
  readonly inFlight: InFlight;
  readonly streams: Set<CallerStream>;
}

interface Call {
  readonly gateway: Gateway;
  readonly exchange: Exchange;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Answers one request. Never rejects. */
export async function serve(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { deps, inFlight, api } = gateway;
  const exchange = readExchange({ api: api.identity, ...deps }, request);
  const call = { gateway, exchange, request, response };
  // Two things end on their own: the invocation, and the sending of what it answered.
  inFlight.begin();
  inFlight.begin();
  response.once('close', () => inFlight.end());
  try {
    await answer(call);
  } catch (error) {
    if (!(error instanceof CallerGone)) refuse(call, asRefusal(error));
  } finally {
    inFlight.end();
  }
}

async function answer(call: Call): Promise<void> {
  const { gateway, exchange, request, response } = call;
  const body = await readBody(request, response);
  refuseLongHeaders(exchange);
  const { routed, method } = findMethod(gateway, exchange);
  const authorizer = method.authorizer && loadedOf(gateway, method.authorizer);
  const context = authorizer && (await authorize(gateway.deps, authorizer, routed));
  const event = proxyEvent(routed, body, context);
  if (exceedsAsJson(event, { bodyLength: body?.length ?? 0, bytesMax: EVENT_BYTES_MAX })) {
    throw new GatewayRefusal('REQUEST_TOO_LARGE');
  }
  if (method.transferMode === 'STREAM') return await stream(call, method, event);
  await buffer(call, method, event);
}

/** The request line and the values of the headers, as API Gateway counts them. */
function refuseLongHeaders(exchange: Exchange): void {
  const { method, path, query, protocol, rawHeaders } = exchange;
  let size = method.length + path.length + query.length + protocol.length + 3;
  for (let index = 1; index < rawHeaders.length; index += 2) size += rawHeaders[index]?.length ?? 0;
  if (size <= HEADER_BYTES_MAX) return;
  throw new GatewayRefusal('DEFAULT_4XX', { status: 431, message: 'Request Header Fields Too Large' });
}

/**
 * An unknown path and an unknown method look the same, as on AWS: it takes the request for one of its own API, which
 * is signed, and complains of the signature or of its absence.
 */
function findMethod(gateway: Gateway, exchange: Exchange): { routed: Routed; method: MethodDefinition } {
  const route = matchRoute(gateway.api.routes, exchange.path);
  const method = route?.methods.get(exchange.method) ?? route?.methods.get('ANY');
  if (route === undefined || method === undefined) {
    const isSigned = hasHeader(exchange.rawHeaders, 'authorization');
    throw new GatewayRefusal(isSigned ? 'INVALID_SIGNATURE' : 'MISSING_AUTHENTICATION_TOKEN');
  }
  return { routed: { exchange, route }, method };
}

async function buffer(call: Call, method: MethodDefinition, event: unknown): Promise<void> {
  const integration = loadedOf(call.gateway, method.integration);
  const answered = await answerBuffered(call.gateway.deps, integration, { event, limitMs: method.timeoutMs });
  const { response } = call;
  const lengthless = answered.status === 204 || answered.status === 304;
  const length = lengthless ? [] : ['Content-Length', String(Buffer.byteLength(answered.body))];
  response.writeHead(answered.status, [...sentHeaders(call.exchange, answered), ...length]);
  response.end(answered.body);
}

async function stream(call: Call, method: MethodDefinition, event: unknown): Promise<void> {
  const { gateway, exchange, response } = call;
  await answerStreamed(gateway.deps, loadedOf(gateway, method.integration), {
    event,
    limitMs: method.timeoutMs,
    streams: gateway.streams,
    report: (cause) => report(call, cause),
    caller: {
      response,
      hangUp: gateway.hangUp,
      begin: (head) => void response.writeHead(head.status, sentHeaders(exchange, head)),
      refuse: (refusal) => sendRefusal(call, refusal),
    },
  });
}

function sentHeaders(exchange: Exchange, head: ResponseHead): string[] {
  const headers = [...head.headers];
  if (!hasHeader(headers, 'content-type')) headers.push('Content-Type', 'application/json');
  headers.push('x-amzn-RequestId', exchange.requestId, 'x-amz-apigw-id', exchange.extendedRequestId);
  return headers;
}

function refuse(call: Call, refusal: GatewayRefusal): void {
  if (refusal.cause !== undefined) report(call, refusal.cause);
  sendRefusal(call, refusal);
}

function sendRefusal(call: Call, refusal: GatewayRefusal): void {
  const { gateway, exchange, request, response } = call;
  if (response.headersSent) return;
  // What is left of a request that was not read cannot be told from the next request.
  if (!request.complete) response.shouldKeepAlive = false;
  const { status, headers, body } = gateway.api.gatewayResponses.render(refusal, exchange);
  const length = ['Content-Length', String(Buffer.byteLength(body))];
  response.writeHead(status, [...sentHeaders(exchange, { status, headers }), ...length]);
  response.end(body);
}

const report = ({ gateway, exchange }: Call, cause: unknown): void =>
  gateway.report({ requestId: exchange.requestId, method: exchange.method, path: exchange.path, cause });

function loadedOf(gateway: Gateway, definition: LambdaFunction): LoadedFunction {
  const loaded = gateway.loaded.get(definition);
  if (loaded === undefined) throw new Error(`${definition.logicalId} is not loaded.`);
  return loaded;
}

const asRefusal = (error: unknown): GatewayRefusal =>
  error instanceof GatewayRefusal ? error : new GatewayRefusal('API_CONFIGURATION_ERROR', { cause: error });
