import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { ApiGateway } from '../../../local/api-gateway/start.ts';
import { compiledApi, startTestGateway } from '../../support/compiled-api.ts';
import { NOON_MS } from '../../support/gateway-event.ts';
import { seededRandom } from '../../support/random.ts';

const echo = async (event: unknown) => ({ statusCode: 200, body: JSON.stringify(event) });

const template = compiledApi({
  routes: [
    { route: 'POST /v1/things' },
    { route: 'GET /v1/models/{model+}' },
    { route: 'GET /v1/models/exact' },
    { route: 'GET /v1/models/exact/{part}/end' },
    { route: 'GET /v1/projects/{project}/keys/{key}' },
    { route: 'ANY /any' },
    { route: 'DELETE /any' },
    { route: 'GET /' },
  ],
});

describe('the event of a Lambda proxy integration', () => {
  let gateway: ApiGateway;
  beforeAll(async () => {
    const options = { clock: () => NOON_MS, random: seededRandom('gateway') };
    gateway = await startTestGateway(template, { echo }, options);
  });
  afterAll(() => gateway.close());

  const eventOf = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(gateway.url + path, init);
    const event = (await response.json()) as APIGatewayProxyEvent;
    return { status: response.status, response, event };
  };

  test('says what was sent, when, and from where', async () => {
    const { event } = await eventOf('/v1/things?a=1&b=x%20y&a=2', {
      method: 'POST',
      headers: { 'X-Mixed-Case': 'v', 'user-agent': 'test' },
      body: '{"é":1}',
    });
    expect(event).toMatchObject({
      resource: '/v1/things',
      path: '/v1/things',
      httpMethod: 'POST',
      queryStringParameters: { a: '2', b: 'x y' },
      multiValueQueryStringParameters: { a: ['1', '2'], b: ['x y'] },
      pathParameters: null,
      stageVariables: null,
      body: '{"é":1}',
      isBase64Encoded: false,
      requestContext: {
        accountId: '000000000000',
        apiId: 'local00000',
        domainName: '127.0.0.1',
        extendedRequestId: expect.stringMatching(/^[A-Za-z0-9+/]{15}=$/),
        httpMethod: 'POST',
        identity: { sourceIp: '127.0.0.1', userAgent: 'test', apiKey: null },
        path: '/dev/v1/things',
        protocol: 'HTTP/1.1',
        requestId: expect.stringMatching(
          /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        ),
        requestTime: '20/Nov/2026:12:00:00 +0000',
        requestTimeEpoch: NOON_MS,
        resourcePath: '/v1/things',
        stage: 'dev',
      },
    });
    expect(event.requestContext).not.toHaveProperty('authorizer');
    expect(event.headers).toMatchObject({ 'X-Mixed-Case': 'v', 'X-Forwarded-For': '127.0.0.1' });
    expect(event.multiValueHeaders['X-Mixed-Case']).toEqual(['v']);
    expect(event.headers).not.toHaveProperty('connection');
  });

  test('is null where there is no query and no body', async () => {
    const { event } = await eventOf('/any');
    expect([event.queryStringParameters, event.multiValueQueryStringParameters, event.body]).toEqual([
      null,
      null,
      null,
    ]);
  });

  test.each([
    ['/v1/models/exact', '/v1/models/exact', null],
    ['/v1/models/exact/', '/v1/models/exact', null],
    ['/v1/models/other', '/v1/models/{model+}', { model: 'other' }],
    ['/v1/models/exact/x/end', '/v1/models/exact/{part}/end', { part: 'x' }],
    ['/v1/models/exact/x/other', '/v1/models/{model+}', { model: 'exact/x/other' }],
    [
      '/v1/models/arn:aws:bedrock:us-east-1::foundation-model%2Fabc',
      '/v1/models/{model+}',
      { model: 'arn:aws:bedrock:us-east-1::foundation-model/abc' },
    ],
    ['/v1/models/a%252Fb/c', '/v1/models/{model+}', { model: 'a%2Fb/c' }],
    ['/v1/projects/p%2Fq/keys/k', '/v1/projects/{project}/keys/{key}', { project: 'p/q', key: 'k' }],
    ['/v1/models/__proto__', '/v1/models/{model+}', { model: '__proto__' }],
  ])('%s is answered by %s', async (path, resource, pathParameters) => {
    const { event } = await eventOf(path);
    expect(event).toMatchObject({ resource, path, pathParameters });
  });

  test.each(['/dev/v1/models/m', '/v1/models/m'])(
    '%s is served alike, with the stage or without',
    async (path) => {
      const { event } = await eventOf(path);
      expect(event.path).toBe('/v1/models/m');
      expect(event.requestContext.path).toBe('/dev/v1/models/m');
    },
  );

  test('the root is a resource like any other', async () => {
    expect((await eventOf('/dev')).event).toMatchObject({ resource: '/', path: '/' });
  });

  test('ANY answers every method that has none of its own', async () => {
    expect((await eventOf('/any', { method: 'PATCH' })).event.httpMethod).toBe('PATCH');
    expect((await eventOf('/any', { method: 'DELETE' })).event.httpMethod).toBe('DELETE');
  });

  test.each([
    ['GET', '/v1/unknown'],
    ['GET', '/v1'],
    ['GET', '/v1/models'],
    ['GET', '/v1/projects//keys/k'],
    ['GET', '/device/v1/models/m'],
    ['DELETE', '/v1/things'],
    ['OPTIONS', '/v1/things'],
    ['HEAD', '/v1/things'],
  ])('%s %s is missing an authentication token', async (method, path) => {
    const response = await fetch(gateway.url + path, { method });
    expect(response.status).toBe(403);
    expect(response.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
    expect(await response.text()).toBe(method === 'HEAD' ? '' : '{"message":"Missing Authentication Token"}');
  });

  test.each(['Bearer bpk_a', 'AWS4-HMAC-SHA256 Credential=a', ''])(
    'an unknown route asked for with the authorization %j has an incomplete signature',
    async (authorization) => {
      const response = await fetch(`${gateway.url}/v1/unknown`, { headers: { authorization } });
      expect(response.status).toBe(403);
      expect(response.headers.get('x-amzn-errortype')).toBe('IncompleteSignatureException');
    },
  );

  test('a path that is not percent-encoded UTF-8 is a bad request', async () => {
    expect((await eventOf('/v1/models/%ff')).status).toBe(400);
  });

  test("keeps a caller's __proto__ parameter as a name", async () => {
    const { event } = await eventOf('/any?__proto__=x');
    expect(Object.entries(event.queryStringParameters ?? {})).toEqual([['__proto__', 'x']]);
  });

  test('the answer names the request', async () => {
    const { event, response } = await eventOf('/any');
    expect(response.headers.get('x-amzn-requestid')).toBe(event.requestContext.requestId);
    expect(response.headers.get('x-amz-apigw-id')).toBe(event.requestContext.extendedRequestId);
  });
});
