import type { APIGatewayProxyEvent, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { closeTestGateways, compiledApi, startTestGateway } from '../../support/compiled-api.ts';
import { manualTime } from '../../support/manual-time.ts';

afterEach(closeTestGateways);

const API = 'arn:aws:execute-api:us-east-1:000000000000:local00000/dev';

const template = compiledApi({
  routes: [
    { route: 'GET /v1/models/{model+}', authorizer: 'guard' },
    { route: 'POST /v1/chat', authorizer: 'guard' },
    { route: 'GET /open' },
  ],
});

const policy = (...statements: object[]) => ({ Version: '2012-10-17', Statement: statements });
const allow = (...resources: string[]) => ({
  Effect: 'Allow',
  Action: 'execute-api:Invoke',
  Resource: resources,
});
const allowAll = policy(allow(`${API}/*`));
const echo = async (event: unknown) => ({ statusCode: 200, body: JSON.stringify(event) });

/** What a caller of `path` sees behind the given authorizer, and how often the function behind it ran. */
async function behind(guard: unknown, path = '/v1/models/m?q=1', init: RequestInit = {}) {
  let calls = 0;
  const counted = (event: unknown) => {
    calls += 1;
    return echo(event);
  };
  const gateway = await startTestGateway(template, { guard, echo: counted });
  const response = await fetch(gateway.url + path, { headers: { 'X-Key': 'k' }, ...init });
  const body = (await response.json()) as APIGatewayProxyEvent;
  await gateway.close();
  return { status: response.status, body, calls, faults: gateway.faults };
}

describe('a REQUEST authorizer', () => {
  test('is told the request, and without an identity source always asked', async () => {
    const events: APIGatewayRequestAuthorizerEvent[] = [];
    await behind(async (event: APIGatewayRequestAuthorizerEvent) => {
      events.push(event);
      return { principalId: 'p', policyDocument: allowAll };
    }, '/v1/models/a%2Fb?q=1&q=2');
    expect(events).toEqual([
      {
        type: 'REQUEST',
        methodArn: `${API}/GET/v1/models/a%2Fb`,
        resource: '/v1/models/{model+}',
        path: '/v1/models/a%2Fb',
        httpMethod: 'GET',
        headers: expect.objectContaining({ 'X-Key': 'k' }),
        multiValueHeaders: expect.objectContaining({ 'X-Key': ['k'] }),
        queryStringParameters: { q: '2' },
        multiValueQueryStringParameters: { q: ['1', '2'] },
        pathParameters: { model: 'a/b' },
        stageVariables: {},
        requestContext: expect.objectContaining({ resourcePath: '/v1/models/{model+}', httpMethod: 'GET' }),
      },
    ]);
  });

  test('is not asked on an open method', async () => {
    const { status, body } = await behind(() => {
      throw new Error('Unauthorized');
    }, '/open');
    expect(status).toBe(200);
    expect(body.requestContext).not.toHaveProperty('authorizer');
  });

  test('gives its context to the function as text, with principal and latency', async () => {
    const context = { text: 't', number: 42, yes: true, no: false, left: undefined };
    const { body } = await behind(async () => ({ principalId: 'p', policyDocument: allowAll, context }));
    expect(body.requestContext.authorizer).toEqual({
      text: 't',
      number: '42',
      yes: 'true',
      no: 'false',
      principalId: 'p',
      integrationLatency: expect.any(Number),
    });
  });

  test('shares no object with the function behind it', async () => {
    const { body } = await behind(async (event: APIGatewayRequestAuthorizerEvent) => {
      Object.assign(event.headers ?? {}, { 'X-Key': 'changed' });
      Object.assign(event.requestContext, { stage: 'changed' });
      return { principalId: 'p', policyDocument: allowAll };
    });
    expect([body.headers['X-Key'], body.requestContext.stage]).toEqual(['k', 'dev']);
  });

  test.each<[string, object, number]>([
    ['this method', policy(allow(`${API}/GET/v1/models/m`)), 200],
    ['this path by wildcard', policy(allow(`${API}/GET/v1/*`)), 200],
    ['one character each', policy(allow(`${API}/GET/v1/model?/m`)), 200],
    ['everything', policy({ Effect: 'Allow', Action: '*', Resource: '*' }), 200],
    ['a list of statements of which one fits', policy(allow(`${API}/GET/a`), allow(`${API}/*/m`)), 200],
    ['one statement without a list', { Statement: allow(`${API}/*`) }, 200],
    ['another method', policy(allow(`${API}/POST/v1/*`)), 403],
    ['another stage', policy(allow(`${API.replace('/dev', '/prod')}/*`)), 403],
    ['a beginning of the path', policy(allow(`${API}/GET/v1/models`)), 403],
    ['more than the path', policy(allow(`${API}/GET/v1/models/m/*`)), 403],
    ['another action', policy({ Effect: 'Allow', Action: 's3:*', Resource: '*' }), 403],
    ['nothing', policy(), 403],
    [
      'it and denies it',
      policy(allow('*'), { Effect: 'Deny', Action: 'execute-api:*', Resource: `${API}/GET/v1/models/*` }),
      403,
    ],
    ['it after denying it', policy({ Effect: 'Deny', Action: '*', Resource: '*' }, allow('*')), 403],
    [
      'it and denies another',
      policy(allow('*'), { Effect: 'Deny', Action: '*', Resource: `${API}/POST/*` }),
      200,
    ],
  ])('whose policy allows %s', async (_what, policyDocument, expected) => {
    const { status, calls } = await behind(async () => ({ principalId: 'p', policyDocument }));
    expect({ status, calls }).toEqual({ status: expected, calls: expected === 200 ? 1 : 0 });
  });

  const answer = (result: unknown) => async () => result;
  const fail = (error: unknown) => async () => {
    throw error;
  };
  test.each<[string, () => Promise<unknown>, number, string | null]>([
    ['throws exactly Unauthorized', fail(new Error('Unauthorized')), 401, 'Unauthorized'],
    ['throws something else', fail(new Error('Unauthorized.')), 500, null],
    ['throws no error', fail('Unauthorized'), 500, null],
    ['returns nothing', answer(undefined), 500, null],
    ['returns no policy', answer({ principalId: 'p' }), 500, null],
    ['returns no principal', answer({ policyDocument: allowAll }), 500, null],
    [
      'returns half a statement',
      answer({ principalId: 'p', policyDocument: policy({ Effect: 'Allow' }) }),
      500,
      null,
    ],
    [
      'returns a condition, which is not evaluated here',
      answer({ principalId: 'p', policyDocument: policy({ ...allow('*'), Condition: {} }) }),
      500,
      null,
    ],
    [
      'returns a nested context',
      answer({ principalId: 'p', policyDocument: allowAll, context: { a: { b: 1 } } }),
      500,
      null,
    ],
    [
      'returns an array',
      answer({ principalId: 'p', policyDocument: allowAll, context: { a: [] } }),
      500,
      null,
    ],
    ['returns null', answer({ principalId: 'p', policyDocument: allowAll, context: { a: null } }), 500, null],
  ])('that %s', async (_what, guard, status, message) => {
    expect(await behind(guard)).toMatchObject({ status, body: { message }, calls: 0 });
  });

  test('that fails is reported, and one that refuses is not', async () => {
    const broken = new Error('no store');
    expect((await behind(fail(broken))).faults).toEqual([
      { requestId: expect.any(String), method: 'GET', path: '/v1/models/m', cause: broken },
    ]);
    expect((await behind(fail(new Error('Unauthorized')))).faults).toEqual([]);
  });

  test('that takes too long is given up as a failure', async () => {
    const time = manualTime(0);
    const asked = Promise.withResolvers<void>();
    const guard = () => {
      asked.resolve();
      return new Promise(() => undefined);
    };
    const options = { clock: time.clock, schedule: time.timer };
    const gateway = await startTestGateway(template, { guard, echo }, options);
    const answered = fetch(`${gateway.url}/v1/models/m`);
    await asked.promise;
    time.advance(28_000);
    expect((await answered).status).toBe(500);
    await gateway.close();
  });

  test('is not asked about a path too long for a policy', async () => {
    const { status, body, calls } = await behind(
      fail(new Error('Unauthorized')),
      `/v1/models/${'m'.repeat(1600)}`,
    );
    expect({ status, body, calls }).toEqual({
      status: 414,
      body: { message: 'Request URI too long' },
      calls: 0,
    });
  });
});
