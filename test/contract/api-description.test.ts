import { readFileSync } from 'node:fs';
import { createHandler } from '../../functions/metrics/create-handler.ts';
import { openApiText } from '../../scripts/build-openapi.ts';
import { ERROR_CODES, GatewayError } from '../../shared/domain/gateway-error.ts';
import { OPEN_ROUTES, ROUTE_SCOPES } from '../../shared/domain/route-scopes.ts';
import { errorBody, errorStatus } from '../../shared/http/openai-error.ts';
import { readApiDocument } from '../support/api-document.ts';
import { gatewayEvent, lambdaContext, NOON_MS, recordingLog, testSecrets } from '../support/gateway-event.ts';
import { recordOf } from '../support/packaged-template.ts';
import { seededRandom } from '../support/random.ts';

const FILE = new URL('../../resources/api/openapi.generated.json', import.meta.url);
const api = readApiDocument();
const unasked = async (): Promise<never> => {
  throw new Error('Nothing is read for the description.');
};

/** Every value under a name, wherever it is. */
function valuesOf(name: string, value: unknown = api.document): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesOf(name, item));
  return Object.entries(recordOf(value)).flatMap(([key, inner]) => [
    ...(key === name ? [inner] : []),
    ...valuesOf(name, inner),
  ]);
}

/** The objects of JSON Schema in the document's components, however deep. */
function objectSchemas(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (Array.isArray(value)) return value.flatMap(objectSchemas);
  const own = recordOf(value);
  const inner = Object.values(own).flatMap(objectSchemas);
  return own['type'] === 'object' && typeof own['properties'] === 'object' ? [own, ...inner] : inner;
}

describe('the description of the API', () => {
  test('is what the sources make: npm run openapi', () => {
    expect(readFileSync(FILE, 'utf8')).toBe(openApiText());
  });

  test('describes every route that is served, and no other', () => {
    const served = [...Object.keys(ROUTE_SCOPES), ...OPEN_ROUTES].map((route) => route.replace('+}', '}'));
    expect(api.routes.map(({ route }) => route).sort()).toEqual(served.sort());
  });

  test('says of every route which scopes open it, and of open ones that none is needed', () => {
    const scopes = api.routes.map(({ route, operation }) => [route, operation['x-required-scopes']]);
    const wanted = [
      ...Object.entries(ROUTE_SCOPES).map(([route, needed]) => [route.replace('+}', '}'), needed]),
      ...OPEN_ROUTES.map((route) => [route, undefined]),
    ];
    expect(Object.fromEntries(scopes)).toEqual(Object.fromEntries(wanted));
    const open = api.routes.filter(({ operation }) => recordOf(operation['security'])['length'] === 0);
    expect(open.map(({ route }) => route).sort()).toEqual([...OPEN_ROUTES].sort());
  });

  test('names each operation once', () => {
    const ids = api.routes.map(({ operation }) => operation['operationId']);
    expect(new Set(ids).size).toBe(api.routes.length);
  });

  test('has each path parameter of each template', () => {
    for (const { route, parameters } of api.routes) {
      const named = [...route.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const described = parameters.filter((one) => one['in'] === 'path').map((one) => one['name']);
      expect([route, described]).toEqual([route, named]);
    }
  });

  test('refers to nothing that is not there', () => {
    const dangling = valuesOf('$ref').filter((pointer) => api.resolve(String(pointer)) === undefined);
    expect(valuesOf('$ref').length).toBeGreaterThan(300);
    expect(dangling).toEqual([]);
  });

  test('describes no component that nothing refers to', () => {
    const referred = new Set(valuesOf('$ref'));
    const components = recordOf(api.document['components']);
    const unused = ['schemas', 'responses', 'parameters', 'headers'].flatMap((kind) =>
      Object.keys(recordOf(components[kind]))
        .map((name) => `#/components/${kind}/${name}`)
        .filter((pointer) => !referred.has(pointer)),
    );
    expect(unused).toEqual([]);
  });

  test('has schemas of draft 2020-12 alone, by a strict reader', () => {
    for (const name of Object.keys(recordOf(recordOf(api.document['components'])['schemas']))) {
      expect(() => api.faultOf({ $ref: `#/components/schemas/${name}` }, null)).not.toThrow();
    }
    for (const { parameters } of api.routes) {
      for (const { schema } of parameters) expect(() => api.faultOf(schema, null)).not.toThrow();
    }
  });

  test('describes each field of each object, and closes every object but those that say what else they take', () => {
    const schemas = objectSchemas(recordOf(api.document['components'])['schemas']);
    expect(schemas.length).toBeGreaterThan(80);
    const undescribed = schemas.flatMap(({ properties }) =>
      Object.entries(recordOf(properties))
        .filter(([, field]) => recordOf(field)['$ref'] === undefined)
        .filter(([, field]) => typeof recordOf(field)['description'] !== 'string')
        .map(([name]) => name),
    );
    expect(undescribed).toEqual([]);
    const open = schemas.filter((schema) => schema['additionalProperties'] === undefined);
    // This document itself.
    expect(open).toHaveLength(1);
  });

  test('knows every error that can be answered, with a status that every refusing route has', () => {
    for (const code of ERROR_CODES) {
      const error = new GatewayError(code, 'Words.');
      expect(api.faultOf({ $ref: '#/components/schemas/Error' }, errorBody(error))).toBeUndefined();
      expect(api.resolve(`#/components/responses/Error${errorStatus(error)}`)).toBeDefined();
    }
  });

  test.each([
    [401, (route: string) => Object.hasOwn(ROUTE_SCOPES, route)],
    [403, (route: string) => Object.hasOwn(ROUTE_SCOPES, route)],
    [404, (route: string) => route.includes('{')],
    [413, (route: string) => route.startsWith('POST')],
    [415, (route: string) => route.startsWith('POST')],
    [500, () => true],
    [503, () => true],
  ])('has a %i where there can be one', (status, has) => {
    const named = Object.keys(ROUTE_SCOPES).filter(has);
    const described = api.routes.filter(({ responses }) => responses[status] !== undefined);
    const routes = described.map(({ route }) => route);
    expect(routes).toEqual(expect.arrayContaining(named.map((route) => route.replace('+}', '}'))));
  });

  test('is served to anyone, as it is, and may be kept for a while', async () => {
    const handler = createHandler({
      tenancy: { listTenants: unasked },
      usage: {
        read: async function* () {
          yield await unasked();
        },
      },
      rollups: {
        readProgress: unasked,
        read: async function* () {
          yield await unasked();
        },
      },
      audit: { list: unasked, readHead: unasked },
      secrets: testSecrets,
      clock: () => NOON_MS,
      random: seededRandom('description'),
      log: recordingLog(),
    });
    const event = gatewayEvent({ method: 'GET', resource: '/openapi.json' });
    const answer = recordOf(await handler(event, lambdaContext()));
    expect(answer['statusCode']).toBe(200);
    expect(answer['headers']).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'public, max-age=300',
    });
    expect(JSON.parse(String(answer['body']))).toEqual(JSON.parse(openApiText()));
  });
});
