import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mergeFunctionEnvironments } from '../../../local/api-gateway/environment.ts';
import { loadSourceFunction } from '../../../local/api-gateway/load-source-function.ts';
import {
  closeTestGateways,
  compiledApi,
  type Resources,
  startTestGateway,
} from '../../support/compiled-api.ts';

afterEach(closeTestGateways);

const echo = async () => ({ statusCode: 200, body: '{}' });
const guard = async () => ({});
const routes = [{ route: 'GET /a', authorizer: 'guard' }] as const;
const METHOD = 'ApiGatewayMethodGET/a';

const start = (spoil: (resources: Resources) => void) =>
  startTestGateway(compiledApi({ routes }, spoil), { echo, guard });
const set = (id: string, properties: object) => (resources: Resources) =>
  void Object.assign(resources[id]?.Properties ?? {}, properties);
const setIntegration = (properties: object) => (resources: Resources) =>
  void Object.assign(Object(resources[METHOD]?.Properties['Integration']), properties);

describe('a template', () => {
  test.each<[string, (resources: Resources) => void, RegExp]>([
    [
      'an unknown property',
      set(METHOD, { Novelty: 1 }),
      /AWS::ApiGateway::Method ApiGatewayMethodGET\/a: .*Novelty/,
    ],
    ['an unknown property of an integration', setIntegration({ Cache: 1 }), /Method\.Integration .*Cache/],
    [
      'an integration that is not AWS_PROXY',
      setIntegration({ Type: 'MOCK' }),
      /Integration .*Type is "MOCK"/,
    ],
    ['a required API key', set(METHOD, { ApiKeyRequired: true }), /ApiKeyRequired is true/],
    ['another authorization', set(METHOD, { AuthorizationType: 'AWS_IAM' }), /AuthorizationType/],
    [
      'an authorizer whose results are kept',
      set('guardApiGatewayAuthorizer', { AuthorizerResultTtlInSeconds: 300 }),
      /guardApiGatewayAuthorizer: the property AuthorizerResultTtlInSeconds is 300/,
    ],
    [
      'an authorizer whose results are kept by default',
      (resources) =>
        delete resources['guardApiGatewayAuthorizer']?.Properties['AuthorizerResultTtlInSeconds'],
      /AuthorizerResultTtlInSeconds must be 0/,
    ],
    [
      'an identity source',
      set('guardApiGatewayAuthorizer', { IdentitySource: 'method.request.header.Authorization' }),
      /IdentitySource/,
    ],
    ['a token authorizer', set('guardApiGatewayAuthorizer', { Type: 'TOKEN' }), /Type is "TOKEN"/],
    ['binary media types', set('ApiGatewayRestApi', { BinaryMediaTypes: ['*/*'] }), /BinaryMediaTypes/],
    ['another stage', set('ApiGatewayDeployment1', { StageName: 'prod' }), /StageName is prod, not dev/],
    [
      'an unknown intrinsic',
      setIntegration({ Uri: { 'Fn::ImportValue': 'x' } }),
      /Uri: cannot resolve .*ImportValue/,
    ],
    ['an unknown reference', set(METHOD, { ResourceId: { Ref: 'Nowhere' } }), /cannot resolve .*Nowhere/],
    [
      'a URI that streams for a method that does not',
      setIntegration({ ResponseTransferMode: 'STREAM' }),
      /Uri does not fit/,
    ],
    [
      'a function that is not in it',
      (resources) => delete resources['echoLambdaFunction'],
      /echoLambdaFunction/,
    ],
    [
      'a condition',
      (resources) => void Object.assign(resources[METHOD] ?? {}, { Condition: 'IsProd' }),
      /Condition is not known/,
    ],
    [
      'a type of API Gateway that is not reproduced',
      (resources) => void Object.assign(resources, { V: { Type: 'AWS::ApiGateway::RequestValidator' } }),
      /AWS::ApiGateway::RequestValidator V/,
    ],
  ])('with %s is refused at the start', async (_what, spoil, message) => {
    await expect(start(spoil)).rejects.toThrow(message);
  });

  test('may write references as Fn::Sub', async () => {
    const base = `arn:aws:apigateway:\${AWS::Region}:lambda:path/2015-03-31/functions`;
    const gateway = await start(
      setIntegration({ Uri: { 'Fn::Sub': `${base}/\${echoLambdaFunction.Arn}/invocations` } }),
    );
    await gateway.close();
  });

  test.each([
    ['is none', undefined],
    ['waits for a callback', (_event: unknown, _context: unknown, callback: () => void) => callback()],
  ])('whose handler %s is refused at the start', async (_what, handler) => {
    const template = compiledApi({ routes: [{ route: 'GET /a' }] });
    await expect(startTestGateway(template, { echo: handler })).rejects.toThrow(/echoLambdaFunction/);
  });
});

describe('the environment of the functions', () => {
  const withVariables = (echoes: object, guards: object) =>
    compiledApi({ routes }, (resources) => {
      set('echoLambdaFunction', { Environment: { Variables: echoes } })(resources);
      set('guardLambdaFunction', { Environment: { Variables: guards } })(resources);
    });

  test('is that of all of them together', () => {
    const template = withVariables({ A: '1', B: 2 }, { A: '1', C: '3' });
    expect(mergeFunctionEnvironments(template)).toEqual({ A: '1', B: '2', C: '3' });
  });

  test('is refused where two functions disagree', () => {
    const template = withVariables({ A: '1' }, { A: '2' });
    expect(() => mergeFunctionEnvironments(template)).toThrow(/disagree on the environment variable A/);
  });

  test('is refused where a value is no literal', () => {
    const template = withVariables({ A: { Ref: 'X' } }, {});
    expect(() => mergeFunctionEnvironments(template)).toThrow(/variable A is no literal/);
  });
});

describe("a function's source", () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'source-'));
  writeFileSync(path.join(folder, 'code.ts'), 'export const answer = async (): Promise<number> => 42;\n');
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is the module and the export that its Handler names', async () => {
    const { handler } = await loadSourceFunction({ rootDir: folder, handler: 'code.answer', instance: 'a' });
    expect(await Reflect.apply(Object(handler), undefined, [])).toBe(42);
  });

  test.each([
    ['code.question', /exports no question/],
    ['code', /is not 'path.export'/],
  ])('is refused where %s is no export of a module', async (handler, reason) => {
    await expect(loadSourceFunction({ rootDir: folder, handler, instance: 'b' })).rejects.toThrow(reason);
  });
});
