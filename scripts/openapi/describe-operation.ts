/** An operation of the document: what its resource says of it, and what all of its kind have in common. */
import { KEY_SCOPES } from '../../shared/domain/grant.ts';
import type { Scope } from '../../shared/domain/principal.ts';
import { type ErrorStatus, REFUSALS } from './errors.ts';
import { COMMON_HEADERS, type HeaderName, RATE_LIMIT_HEADERS } from './headers.ts';
import type { Operation } from './operation.ts';
import { ref, type Schema } from './schema.ts';

/** A route, as shared/domain/route-scopes.ts writes it. */
export interface Route {
  readonly method: string;
  /** With `{name}` for each path parameter; `{model+}` is `{model}`, since OpenAPI has no greedy ones. */
  readonly path: string;
  /** Of which any one opens it; undefined for an open route. */
  readonly scopes: readonly Scope[] | undefined;
}

/** The operation object of a route. */
export function describeOperation(route: Route, operation: Operation): Schema {
  const parameters = parametersOf(route, operation);
  const required = operation.body?.required === 'required';
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.description !== undefined && { description: operation.description }),
    ...securityOf(route),
    ...(parameters.length > 0 && { parameters }),
    ...(operation.body !== undefined && {
      requestBody: { required, content: { 'application/json': { schema: operation.body.schema } } },
    }),
    responses: responsesOf(route, operation),
  };
}

const isOpenTo = (kinds: readonly Scope[], route: Route): boolean =>
  route.scopes?.some((scope) => kinds.includes(scope)) ?? false;
const KEY_KINDS: readonly Scope[] = KEY_SCOPES;
const isForKeys = (route: Route): boolean => isOpenTo(KEY_KINDS, route);
const isForAdmins = (route: Route): boolean =>
  route.scopes?.some((scope) => !KEY_KINDS.includes(scope) || scope === 'usage:read') ?? false;

function securityOf(route: Route): Schema {
  if (route.scopes === undefined) return { security: [] };
  const schemes = [
    ...(isForKeys(route) ? ['apiKey', 'apiKeyHeader'] : []),
    ...(isForAdmins(route) ? ['adminKey', 'adminKeyHeader'] : []),
  ];
  return {
    security: schemes.map((scheme) => ({ [scheme]: [] })),
    'x-required-scopes': [...route.scopes],
  };
}

function parametersOf(route: Route, operation: Operation): readonly Schema[] {
  const names = [...route.path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? '');
  const query = Object.entries(operation.query ?? {}).map(([name, { schema, required, style }]) => {
    const { description, ...rest } = schema;
    return {
      name,
      in: 'query',
      required: required ?? false,
      description,
      ...(style !== undefined && { style, explode: true }),
      schema: rest,
    };
  });
  return [
    ...names.map((name) => ({ $ref: `#/components/parameters/${name}` })),
    ...query,
    ...(operation.repeats === undefined ? [] : [{ $ref: '#/components/parameters/Idempotency-Key' }]),
    ...(operation.asksCost === undefined ? [] : [{ $ref: `#/components/parameters/${operation.asksCost}` }]),
  ];
}

const RETRY_STATUSES: readonly string[] = ['429', '503'];

const headerRefs = (names: readonly HeaderName[]): Schema =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

function responsesOf(route: Route, operation: Operation): Schema {
  const success = {
    description: `${operation.summary}: done.`,
    headers: headerRefs([...COMMON_HEADERS, ...keyHeaders(route), ...(operation.headers ?? [])]),
    content: {
      'application/json': { schema: ref(operation.answer) },
      ...(operation.events !== undefined && {
        'text/event-stream': {
          schema: {
            type: 'string',
            description: `Server-sent events (WHATWG HTML), each \`data: \` and a ${operation.events}; the last is \`data: [DONE]\`.`,
          },
          'x-event-schema': ref(operation.events),
        },
      }),
    },
  };
  return { '200': success, ...refusalsOf(route, operation) };
}

const keyHeaders = (route: Route): readonly HeaderName[] =>
  isForKeys(route) ? ['x-api-key-expires-at', 'openai-organization'] : [];

/** When the route answers with which error status; what it says of its own stands before what is common to all. */
function refusalsOf(route: Route, operation: Operation): Schema {
  const isPost = route.method === 'POST';
  const common: readonly ErrorStatus[] = [
    ...(route.scopes === undefined ? [] : ([401, 403] as const)),
    ...(isPost ? ([400, 413, 415] as const) : []),
    ...([429, 500, 502, 503, 504] as const),
  ];
  const own = Object.entries({ ...operation.refusals, ...conflictOf(operation) });
  return {
    ...Object.fromEntries(common.map((status) => [status, { $ref: errorRef(status) }])),
    ...Object.fromEntries(
      own.map(([status, description]) => [status, { $ref: errorRef(status), description }]),
    ),
  };
}

/** A repeat that is recognised is one more reason of a 409. */
function conflictOf({ refusals, repeats }: Operation): Operation['refusals'] {
  if (repeats === undefined) return {};
  const repeat =
    'A call with this `Idempotency-Key` made something already, which the message names: `conflict`.';
  return { 409: [...(refusals?.[409] === undefined ? [] : [refusals[409]]), repeat].join(' ') };
}

const errorRef = (status: number | string): string => `#/components/responses/Error${status}`;

/** The refusals, by the names that operations refer to them by. A 401 has not learnt whose key it is. */
export const errorResponses: Schema = Object.fromEntries(
  Object.entries(REFUSALS).map(([status, description]) => [
    `Error${status}`,
    {
      description,
      headers: headerRefs([
        ...COMMON_HEADERS,
        'x-should-retry',
        ...(RETRY_STATUSES.includes(status) ? (['retry-after', 'retry-after-ms'] as const) : []),
        ...(status === '429' ? RATE_LIMIT_HEADERS : []),
        ...(status === '401' ? [] : (['x-api-key-expires-at'] as const)),
      ]),
      content: { 'application/json': { schema: ref('Error') } },
    },
  ]),
);
