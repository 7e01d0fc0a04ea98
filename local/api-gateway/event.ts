/** The two events that API Gateway makes of a request: for the integration and for a REQUEST authorizer. */
import type {
  APIGatewayEventRequestContextWithAuthorizer,
  APIGatewayProxyEvent,
  APIGatewayRequestAuthorizerEvent,
} from 'aws-lambda';
import type { Exchange } from './exchange.ts';
import { GatewayRefusal } from './gateway-response-types.ts';
import { HOP_BY_HOP } from './hop-by-hop.ts';
import type { RouteMatch } from './route-tree.ts';

/** A request and the resource that answers it. */
export interface Routed {
  readonly exchange: Exchange;
  readonly route: Pick<RouteMatch<unknown>, 'resource' | 'parameters'>;
}

/** Longest ARN that a policy is judged against; beyond it API Gateway answers 414 ("API Gateway quotas"). */
const METHOD_ARN_BYTES_MAX = 1600;

/** The Lambda proxy event. `body` is null where the request had none; `authorizer` is the authorizer's context. */
export function proxyEvent(
  routed: Routed,
  body: string | null,
  authorizer: Readonly<Record<string, unknown>> | undefined,
): APIGatewayProxyEvent {
  const { exchange, route } = routed;
  const { headers, multiValueHeaders } = headersOf(exchange);
  const query = exchange.query === '' ? undefined : queryOf(exchange.query);
  return {
    resource: route.resource,
    path: exchange.path,
    httpMethod: exchange.method,
    headers,
    multiValueHeaders,
    queryStringParameters: query?.last ?? null,
    multiValueQueryStringParameters: query?.all ?? null,
    pathParameters: route.parameters.length === 0 ? null : pathParameters(route),
    stageVariables: null,
    requestContext: requestContext(routed, authorizer),
    body,
    isBase64Encoded: false,
  };
}

/** The REQUEST authorizer's event. Unlike the proxy event it says `{}` where there is nothing, and has no body. */
export function authorizerEvent(routed: Routed): APIGatewayRequestAuthorizerEvent {
  const { exchange, route } = routed;
  const { headers, multiValueHeaders } = headersOf(exchange);
  const query = queryOf(exchange.query);
  return {
    type: 'REQUEST',
    methodArn: methodArn(exchange),
    resource: route.resource,
    path: exchange.path,
    httpMethod: exchange.method,
    headers,
    multiValueHeaders,
    queryStringParameters: query.last,
    multiValueQueryStringParameters: query.all,
    pathParameters: pathParameters(route),
    stageVariables: {},
    requestContext: requestContext(routed, undefined),
  };
}

/** What a policy is judged against. Throws the 414 of a path that is too long for it. */
export function methodArn(exchange: Exchange): string {
  const { region, accountId, apiId, stage } = exchange.api;
  const arn = `arn:aws:execute-api:${region}:${accountId}:${apiId}/${stage}/${exchange.method}${exchange.path}`;
  if (Buffer.byteLength(arn) <= METHOD_ARN_BYTES_MAX) return arn;
  throw new GatewayRefusal('DEFAULT_4XX', { status: 414, message: 'Request URI too long' });
}

function requestContext<Authorizer>(
  routed: Routed,
  authorizer: Authorizer,
): APIGatewayEventRequestContextWithAuthorizer<Authorizer> {
  const { exchange, route } = routed;
  const { api } = exchange;
  const domainName = (exchange.header('host') ?? '').replace(/:\d+$/, '');
  return {
    accountId: api.accountId,
    apiId: api.apiId,
    authorizer,
    domainName,
    domainPrefix: domainName.split('.', 1)[0],
    extendedRequestId: exchange.extendedRequestId,
    httpMethod: exchange.method,
    identity: identityOf(exchange),
    path: exchange.stagePath,
    protocol: exchange.protocol,
    requestId: exchange.requestId,
    requestTime: exchange.requestTime,
    requestTimeEpoch: exchange.receivedAtMs,
    resourceId: route.resource,
    resourcePath: route.resource,
    stage: api.stage,
  };
}

const identityOf = (exchange: Exchange): APIGatewayProxyEvent['requestContext']['identity'] => ({
  accessKey: null,
  accountId: null,
  apiKey: null,
  apiKeyId: null,
  caller: null,
  clientCert: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  sourceIp: exchange.sourceIp,
  user: null,
  userAgent: exchange.header('user-agent') ?? null,
  userArn: null,
});

/** The headers as sent, less those of the connection, with those that API Gateway adds. */
function headersOf(exchange: Exchange) {
  const headers: Record<string, string> = {};
  const multiValueHeaders: Record<string, string[]> = {};
  const add = (name: string, value: string) => {
    setOwn(headers, name, value);
    append(multiValueHeaders, name, value);
  };
  const { rawHeaders } = exchange;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const lower = name.toLowerCase();
    if (!HOP_BY_HOP.has(lower) && !ADDED.has(lower)) add(name, rawHeaders[index + 1] ?? '');
  }
  const before = exchange.header('x-forwarded-for');
  add('X-Forwarded-For', before === undefined ? exchange.sourceIp : `${before}, ${exchange.sourceIp}`);
  add('X-Forwarded-Proto', 'https');
  add('X-Forwarded-Port', '443');
  add('X-Amzn-Trace-Id', exchange.header('x-amzn-trace-id') ?? exchange.traceId);
  return { headers, multiValueHeaders };
}

const ADDED: ReadonlySet<string> = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-amzn-trace-id',
]);

function queryOf(query: string) {
  const last: Record<string, string> = {};
  const all: Record<string, string[]> = {};
  if (query === '') return { last, all };
  for (const [name, value] of new URLSearchParams(query)) {
    setOwn(last, name, value);
    append(all, name, value);
  }
  return { last, all };
}

/** Decoded once. Throws the 400 of a value that is not percent-encoded UTF-8. */
function pathParameters(route: Routed['route']): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of route.parameters) setOwn(parameters, name, decodeOnce(value));
  return parameters;
}

function decodeOnce(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw new GatewayRefusal('BAD_REQUEST_PARAMETERS', { cause });
  }
}

/** A property as JSON.parse would set it: a caller's `__proto__` is a name like any other. */
function setOwn<Value>(object: Record<string, Value>, name: string, value: Value): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

function append(object: Record<string, string[]>, name: string, value: string): void {
  const values = Object.hasOwn(object, name) ? object[name] : undefined;
  if (values === undefined) setOwn(object, name, [value]);
  else values.push(value);
}
