/**
 * The pipelines of the HTTP functions, their order written here once: name the request, catch every error, prove
 * who calls, tag, judge the route, parse the body, then the use case. Each step may rely on those before it.
 */
import { Readable, type Writable } from 'node:stream';
import middy from '@middy/core';
import { executionModeStandard } from '@middy/core/Standard';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import type { RandomBytes } from '../shared/domain/ids.ts';
import type {
  GatewayAnswer,
  GatewayRequest,
  OpenRequest,
  OpenRoutes,
  Routes,
} from '../shared/http/message.ts';
import type { Clock, ContextSecretSource, Log } from '../shared/ports.ts';
import { errorEnvelope } from './error-envelope.ts';
import type {
  GatewayContext,
  GatewayResponse,
  HangUp,
  OpenContext,
  RequestScope,
} from './gateway-context.ts';
import { identity } from './identity.ts';
import { jsonBody } from './json-body.ts';
import { keyExpiry } from './key-expiry.ts';
import { openRoute } from './open-route.ts';
import { requestScope } from './request-scope.ts';
import { responseHeaders } from './response-headers.ts';
import { routeScope } from './route-scope.ts';
import { tenantTag } from './tenant-tag.ts';

export interface PipelineDependencies {
  readonly secrets: ContextSecretSource;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

/** `streamed` where API Gateway's method is STREAM, `buffered` where it is not; a mismatch answers 502. */
export type ResponseMode = 'streamed' | 'buffered';

/** What Lambda calls. */
export type PipelineHandler = (event: APIGatewayProxyEvent, context: Context) => Promise<GatewayResponse>;

/** A Lambda handler that answers the given routes. In streamed mode the `awslambda` global must exist already. */
export function createPipeline(
  deps: PipelineDependencies,
  options: { readonly routes: Routes; readonly mode: ResponseMode },
): PipelineHandler {
  const handler = middy<APIGatewayProxyEvent, GatewayResponse, Error, GatewayContext>(answer, {
    // Middy's own deadline would race the handler with a timer a request; functions watch their deadline themselves.
    timeoutEarlyInMillis: 0,
    executionMode: options.mode === 'streamed' ? executionModeStreamifyResponse : executionModeStandard,
  })
    .use(requestScope(deps))
    .use(responseHeaders(deps))
    .use(keyExpiry())
    .use(errorEnvelope(deps))
    .use(identity(deps))
    .use(tenantTag(deps))
    .use(routeScope(options.routes))
    .use(jsonBody());
  // Middy's type asks the caller for what its middleware add to the context; Lambda gives a plain one.
  return options.mode === 'streamed'
    ? reportingHangUps(handler as unknown as StreamedHandler)
    : (handler as unknown as PipelineHandler);
}

/**
 * A Lambda handler that answers routes which need no credential, always buffered. Nothing in it reads the
 * authorizer's context, so its use cases cannot take anyone for someone.
 */
export function createOpenPipeline(
  deps: Omit<PipelineDependencies, 'secrets'>,
  options: { readonly routes: OpenRoutes },
): PipelineHandler {
  const handler = middy<APIGatewayProxyEvent, GatewayResponse, Error, OpenContext>(answerAnyone, {
    timeoutEarlyInMillis: 0,
    executionMode: executionModeStandard,
  })
    .use(requestScope(deps))
    .use(responseHeaders(deps))
    .use(errorEnvelope(deps))
    .use(openRoute(options.routes))
    .use(jsonBody());
  return handler as unknown as PipelineHandler;
}

type StreamedHandler = (event: APIGatewayProxyEvent, stream: Writable, context: Context) => Promise<void>;

/**
 * Middy keeps the response stream to itself, so whoever waits for a model's whole answer could not learn that
 * nobody waits for it any more. A stream that closes before it finished has lost its reader.
 */
function reportingHangUps(handler: StreamedHandler): PipelineHandler {
  const streamed: StreamedHandler = (event, stream, context) => {
    const hangUp = new AbortController();
    stream.once('close', () => {
      if (!stream.writableFinished) hangUp.abort();
    });
    return handler(event, stream, Object.assign(context, { hangUp: hangUp.signal } satisfies HangUp));
  };
  return awslambda.streamifyResponse(streamed) as unknown as PipelineHandler;
}

async function answer(event: APIGatewayProxyEvent, context: GatewayContext): Promise<GatewayResponse> {
  return responseOf(await context.matched(requestOf(event, context)));
}

async function answerAnyone(event: APIGatewayProxyEvent, context: OpenContext): Promise<GatewayResponse> {
  return responseOf(await context.matchedOpen(openRequestOf(event, context)));
}

const requestOf = (event: APIGatewayProxyEvent, context: GatewayContext): GatewayRequest => ({
  ...openRequestOf(event, context),
  principal: context.principal,
  ...(context.hangUp !== undefined && { hangUp: context.hangUp }),
});

const openRequestOf = (event: APIGatewayProxyEvent, context: RequestScope): OpenRequest => ({
  route: context.route,
  requestId: context.requestId,
  path: definedOnly(event.pathParameters),
  query: queryOf(event),
  headers: lowerCased(event.headers),
  // The body parser has replaced the text by what it says; API Gateway sends null where there is no body.
  body: (event.body as unknown) ?? undefined,
  receivedAtMs: context.receivedAtMs,
  sourceIp: context.sourceIp,
  deadlineMs: context.deadlineMs,
});

function responseOf(answered: GatewayAnswer): GatewayResponse {
  const { status, headers, body } = answered;
  return {
    statusCode: status,
    headers: { ...headers },
    body: typeof body === 'string' ? body : Readable.from(body, { objectMode: false }),
  };
}

/** OpenAI's SDKs write arrays as `name[]=a&name[]=b`; the brackets are theirs, not the parameter's. */
function queryOf(event: APIGatewayProxyEvent): Record<string, readonly string[]> {
  const query: Record<string, readonly string[]> = {};
  for (const [name, values] of Object.entries(event.multiValueQueryStringParameters ?? {})) {
    if (values !== undefined) query[name.replace(/\[\]$/, '')] = values;
  }
  return query;
}

function lowerCased(headers: APIGatewayProxyEvent['headers'] | null): Record<string, string> {
  const lower: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value !== undefined) lower[name.toLowerCase()] = value;
  }
  return lower;
}

function definedOnly(parameters: Record<string, string | undefined> | null): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters ?? {}).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
