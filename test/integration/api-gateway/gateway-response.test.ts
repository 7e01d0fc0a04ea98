import { closeTestGateways, compiledApi, startTestGateway } from '../../support/compiled-api.ts';

afterEach(closeTestGateways);

const routes = [{ route: 'GET /a', to: 'broken' }] as const;
const broken = async () => {
  throw new Error('secret');
};

async function answered(gatewayResponses: Record<string, object>, path: string, init: RequestInit = {}) {
  const gateway = await startTestGateway(compiledApi({ routes, gatewayResponses }), { broken });
  const response = await fetch(gateway.url + path, init);
  const body = await response.text();
  await gateway.close();
  return { status: response.status, headers: response.headers, body };
}

describe('a gateway response', () => {
  test("has the template's status, headers and body", async () => {
    const { status, headers, body } = await answered(
      {
        MISSING_AUTHENTICATION_TOKEN: {
          StatusCode: '404',
          ResponseParameters: {
            'gatewayresponse.header.x-literal': "'no-store'",
            'gatewayresponse.header.x-request-id': 'context.requestId',
            'gatewayresponse.header.x-origin': 'method.request.header.Origin',
            'gatewayresponse.header.x-absent': 'method.request.header.X-Absent',
          },
          ResponseTemplates: {
            'application/json':
              '{"error":{"message":$context.error.messageString,"type":"$context.error.responseType","path":"$context.path","id":"$context.requestId"}}',
          },
        },
      },
      '/nowhere',
      { headers: { origin: 'https://example.org' } },
    );
    const requestId = headers.get('x-amzn-requestid');
    expect(status).toBe(404);
    expect(JSON.parse(body)).toEqual({
      error: {
        message: 'Missing Authentication Token',
        type: 'MISSING_AUTHENTICATION_TOKEN',
        path: '/dev/nowhere',
        id: requestId,
      },
    });
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('x-literal')).toBe('no-store');
    expect(headers.get('x-request-id')).toBe(requestId);
    expect(headers.get('x-origin')).toBe('https://example.org');
    expect(headers.has('x-absent')).toBe(false);
  });

  test('of an unknown URL depends on whether the caller brought an authorization', async () => {
    const responses = {
      INVALID_SIGNATURE: { StatusCode: '404', ResponseTemplates: { 'application/json': '"brought"' } },
      MISSING_AUTHENTICATION_TOKEN: {
        StatusCode: '404',
        ResponseTemplates: { 'application/json': '"none"' },
      },
    };
    const headers = { authorization: 'Bearer key' };
    expect(await answered(responses, '/nowhere', { headers })).toMatchObject({
      status: 404,
      body: '"brought"',
    });
    expect(await answered(responses, '/nowhere')).toMatchObject({ status: 404, body: '"none"' });
  });

  test('that is missing is given by the default of its class, status included', async () => {
    const DEFAULT_4XX = { StatusCode: '418', ResponseTemplates: { 'application/json': '{"default":true}' } };
    const DEFAULT_5XX = { ResponseTemplates: { 'application/json': '"five"' } };
    expect(await answered({ DEFAULT_4XX, DEFAULT_5XX }, '/nowhere')).toMatchObject({
      status: 418,
      body: '{"default":true}',
    });
    expect(await answered({ DEFAULT_4XX, DEFAULT_5XX }, '/a')).toMatchObject({ status: 502, body: '"five"' });
  });

  test("of its own type wins over its class's, and keeps AWS's body where it names none", async () => {
    const responses = { INTEGRATION_FAILURE: { StatusCode: 503 }, DEFAULT_5XX: { StatusCode: 500 } };
    expect(await answered(responses, '/a')).toMatchObject({
      status: 503,
      body: '{"message":"Internal server error"}',
    });
  });

  test("of a refusal by policy has the authorizer's own context as text, and nothing where it has none", async () => {
    const guarded = compiledApi({
      routes: [{ route: 'GET /a', authorizer: 'guard' }],
      gatewayResponses: {
        ACCESS_DENIED: {
          ResponseTemplates: {
            'application/json':
              '"$context.authorizer.why $context.authorizer.level $context.authorizer.absent $context.authorizer.principalId"',
          },
        },
      },
    });
    const Statement = [
      { Effect: 'Allow', Action: 'execute-api:Invoke', Resource: '*' },
      { Effect: 'Deny', Action: 'execute-api:Invoke', Resource: 'arn:aws:execute-api:*:*:*/dev/*' },
    ];
    const guard = async () => ({
      principalId: 'p',
      policyDocument: { Statement },
      context: { why: 'no scope', level: 1 },
    });
    const gateway = await startTestGateway(guarded, { guard, echo: broken });
    const response = await fetch(`${gateway.url}/a`);
    expect([response.status, await response.text()]).toEqual([403, '"no scope 1  p"']);
  });

  test.each<[string, object]>([
    [
      'the context of an authorizer that has not refused',
      { ResponseTemplates: { 'application/json': '"$context.authorizer.why"' } },
    ],
    [
      'a variable that is not reproduced',
      { ResponseTemplates: { 'application/json': '$context.integration.error' } },
    ],
    ['VTL', { ResponseTemplates: { 'application/json': "$input.json('$')" } }],
    ['another media type', { ResponseTemplates: { 'text/plain': 'x' } }],
    [
      'a mapping of something else than a header',
      { ResponseParameters: { 'gatewayresponse.path.x': "'y'" } },
    ],
    [
      'a parameter from elsewhere',
      { ResponseParameters: { 'gatewayresponse.header.x': 'stageVariables.y' } },
    ],
    ['a status that is none', { StatusCode: 'abc' }],
  ])('with %s stops the start, and says which', async (_what, properties) => {
    const template = compiledApi({ routes, gatewayResponses: { UNAUTHORIZED: properties } });
    await expect(startTestGateway(template, { broken })).rejects.toThrow(/GatewayUNAUTHORIZED/);
  });
});
