import { OPEN_ROUTES, ROUTE_SCOPES, routeOf } from '../../shared/domain/route-scopes.ts';
import {
  type MethodRoute,
  PACKAGING_MS_MAX,
  packagedStack,
  recordOf,
  resourcesOf,
  routesOf,
  STAGES,
} from '../support/packaged-template.ts';

const PROXY = [
  'POST /v1/chat/completions',
  'POST /v1/completions',
  'POST /v1/embeddings',
  'POST /v1/moderations',
  'GET /v1/models',
  'GET /v1/models/{model+}',
];
const ALIAS = /^(\w+) \/openai\//;

/** The routes of methods by the names that the tables of scopes use, each once. */
function tableNames(methods: readonly MethodRoute[]): readonly string[] {
  const names = methods.map(({ route }) => {
    const [method = '', template = ''] = route.split(' ');
    return routeOf(method, template);
  });
  return [...new Set(names)].sort();
}

describe.each(STAGES)('the API of %s', (stage) => {
  beforeAll(() => packagedStack(stage), PACKAGING_MS_MAX);

  test('asks the authorizer on every route but the open ones, and has a scope for each of those', async () => {
    const { template } = await packagedStack(stage);
    const isGuarded = ({ properties }: MethodRoute) => properties['AuthorizationType'] === 'CUSTOM';
    const routes = routesOf(template);
    expect(tableNames(routes.filter(isGuarded))).toEqual(Object.keys(ROUTE_SCOPES).sort());
    expect(tableNames(routes.filter((route) => !isGuarded(route)))).toEqual([...OPEN_ROUTES].sort());
  });

  test('leaves room under the 500 resources that a stack may have', async () => {
    const { template } = await packagedStack(stage);
    expect(Object.keys(template.Resources).length).toBeLessThan(450);
  });

  test('asks it every time, whichever header the credential is in', async () => {
    const { template } = await packagedStack(stage);
    const authorizers = resourcesOf(template, 'AWS::ApiGateway::Authorizer');
    expect(
      authorizers.map(({ properties }) => [
        properties['Type'],
        properties['AuthorizerResultTtlInSeconds'],
        properties['IdentitySource'],
      ]),
    ).toEqual([['REQUEST', 0, undefined]]);
  });

  test('streams exactly the methods of the proxy, for a quarter of an hour', async () => {
    const { template } = await packagedStack(stage);
    const streamed = routesOf(template).filter(
      ({ integration }) => integration['ResponseTransferMode'] === 'STREAM',
    );
    const alias = PROXY.map((route) => route.replace(' ', ' /openai'));
    expect(streamed.map(({ route }) => route).sort()).toEqual([...PROXY, ...alias].sort());
    for (const { integration } of streamed) {
      expect(integration['TimeoutInMillis']).toBe(900_000);
      const uri = JSON.stringify(integration['Uri']);
      expect(uri).toContain('/2021-11-15/functions/');
      expect(uri).toContain('ProxyLambdaFunction');
      expect(uri).toContain('/response-streaming-invocations');
    }
    const buffered = routesOf(template).filter(
      ({ integration }) => integration['ResponseTransferMode'] !== 'STREAM',
    );
    for (const { integration } of buffered)
      expect(JSON.stringify(integration['Uri'])).not.toContain('ProxyLambdaFunction');
  });

  test('names every resource: no greedy path but the one of model ids', async () => {
    const { template } = await packagedStack(stage);
    const greedy = routesOf(template).filter(({ route }) => route.includes('+}'));
    expect(greedy.map(({ route }) => route).sort()).toEqual([
      'GET /openai/v1/models/{model+}',
      'GET /v1/models/{model+}',
    ]);
    expect(routesOf(template).filter(({ properties }) => properties['HttpMethod'] === 'ANY')).toEqual([]);
  });

  test('serves under /openai/v1 exactly what it serves under /v1', async () => {
    const { template } = await packagedStack(stage);
    const shapes = routesOf(template).map(({ route, properties }) => ({
      route,
      shape: JSON.stringify({ ...properties, ResourceId: null }),
    }));
    const plain = shapes.filter(({ route }) => route.includes(' /v1/'));
    const alias = shapes
      .filter(({ route }) => ALIAS.test(route))
      .map(({ route, shape }) => ({ route: route.replace(ALIAS, '$1 /'), shape }));
    const byRoute = (a: { route: string }, b: { route: string }) => (a.route < b.route ? -1 : 1);
    expect(alias.sort(byRoute)).toEqual(plain.sort(byRoute));
    expect(plain.length).toBeGreaterThan(10);
  });

  test('is regional and takes no binary body', async () => {
    const { template } = await packagedStack(stage);
    const [api] = resourcesOf(template, 'AWS::ApiGateway::RestApi');
    expect([
      recordOf(api?.properties['EndpointConfiguration'])['Types'],
      api?.properties['BinaryMediaTypes'],
    ]).toEqual([['REGIONAL'], undefined]);
  });

  test('gives its own answers OpenAI’s shape and the right status', async () => {
    const { template } = await packagedStack(stage);
    const responses = resourcesOf(template, 'AWS::ApiGateway::GatewayResponse').map(({ properties }) => {
      const body = JSON.parse(String(recordOf(properties['ResponseTemplates'])['application/json']));
      expect(Object.keys(body.error)).toEqual(['message', 'type', 'param', 'code']);
      const parameters = recordOf(properties['ResponseParameters']);
      expect(parameters['gatewayresponse.header.x-request-id']).toBe('context.requestId');
      return [
        properties['ResponseType'],
        properties['StatusCode'],
        body.error.code,
        parameters['gatewayresponse.header.retry-after'] !== undefined,
      ];
    });
    expect(responses.sort()).toEqual([
      ['ACCESS_DENIED', '403', '$context.authorizer.denialCode', false],
      ['AUTHORIZER_CONFIGURATION_ERROR', '503', 'service_unavailable', true],
      ['AUTHORIZER_FAILURE', '503', 'service_unavailable', true],
      ['DEFAULT_4XX', undefined, 'invalid_request', false],
      ['DEFAULT_5XX', undefined, 'internal_error', false],
      ['EXPIRED_TOKEN', '404', 'unknown_url', false],
      ['INTEGRATION_FAILURE', '502', 'internal_error', false],
      ['INTEGRATION_TIMEOUT', '504', 'model_timeout', false],
      ['INVALID_API_KEY', '503', 'service_unavailable', true],
      ['INVALID_SIGNATURE', '404', 'unknown_url', false],
      ['MISSING_AUTHENTICATION_TOKEN', '404', 'unknown_url', false],
      ['QUOTA_EXCEEDED', '429', 'insufficient_quota', false],
      ['REQUEST_TOO_LARGE', '413', 'request_too_large', false],
      ['RESOURCE_NOT_FOUND', '404', 'unknown_url', false],
      ['THROTTLED', '429', 'rate_limit_exceeded', true],
      ['UNAUTHORIZED', '401', 'invalid_api_key', false],
      ['UNSUPPORTED_MEDIA_TYPE', '415', 'unsupported_media_type', false],
    ]);
  });

  test('names the open list of routes where there is none of that URL', async () => {
    const { template } = await packagedStack(stage);
    const unknown = resourcesOf(template, 'AWS::ApiGateway::GatewayResponse')
      .map(({ properties }) => String(recordOf(properties['ResponseTemplates'])['application/json']))
      .filter((body) => JSON.parse(body).error.code === 'unknown_url');
    expect(unknown).toHaveLength(4);
    expect(unknown.filter((body) => !OPEN_ROUTES.some((route) => body.includes(`${route} lists`)))).toEqual(
      [],
    );
  });

  test('takes no request signed for AWS, so that a complaint of its signature means an unknown URL', async () => {
    const { template } = await packagedStack(stage);
    const types = routesOf(template).map(({ properties }) => properties['AuthorizationType']);
    expect([...new Set(types)].sort()).toEqual(['CUSTOM', 'NONE']);
  });

  test('is deployed only once its gateway responses exist', async () => {
    const { template } = await packagedStack(stage);
    const [deployment] = resourcesOf(template, 'AWS::ApiGateway::Deployment');
    const responses = resourcesOf(template, 'AWS::ApiGateway::GatewayResponse').map(({ id }) => id);
    expect(deployment?.resource['DependsOn']).toEqual(expect.arrayContaining(responses));
  });
});
