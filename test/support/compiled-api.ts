/** Small compiled templates, in the shape in which osls 4.3.1 packages `http` events. */

import { type CompiledTemplate, parseCompiledTemplate } from '../../local/api-gateway/compiled-template.ts';
import type { GatewayFault } from '../../local/api-gateway/gateway.ts';
import { type ApiGateway, type ApiGatewayOptions, startApiGateway } from '../../local/api-gateway/start.ts';

export interface Route {
  /** `POST /v1/things/{thing}`. */
  readonly route: string;
  /** The function's name; `echo` where absent. */
  readonly to?: string;
  readonly authorizer?: string;
  readonly stream?: boolean;
  readonly timeoutMs?: number;
}

export interface CompiledApi {
  readonly routes: readonly Route[];
  readonly gatewayResponses?: Readonly<Record<string, object>>;
  /** Seconds, by function; 28 where absent. */
  readonly timeouts?: Readonly<Record<string, number>>;
}

/** Resources of a template, loose enough to be spoiled by a test. */
export type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;

/** A template with everything that the routes name. `spoil` may change it before it is parsed. */
export function compiledApi(
  api: CompiledApi,
  spoil: (resources: Resources) => void = () => undefined,
): CompiledTemplate {
  const resources: Resources = {
    ApiGatewayRestApi: {
      Type: 'AWS::ApiGateway::RestApi',
      Properties: { Name: 'test', EndpointConfiguration: { Types: ['REGIONAL'] }, Policy: '' },
    },
    ApiGatewayDeployment1: {
      Type: 'AWS::ApiGateway::Deployment',
      Properties: { RestApiId: { Ref: 'ApiGatewayRestApi' }, StageName: 'dev' },
    },
  };
  for (const route of api.routes) addRoute(resources, api, route);
  for (const [type, properties] of Object.entries(api.gatewayResponses ?? {})) {
    resources[`Gateway${type}`] = {
      Type: 'AWS::ApiGateway::GatewayResponse',
      Properties: { RestApiId: { Ref: 'ApiGatewayRestApi' }, ResponseType: type, ...properties },
    };
  }
  spoil(resources);
  return parseCompiledTemplate({ Resources: resources });
}

const started = new Set<ApiGateway>();

/** Cuts off what a failed test left open; for `afterEach`. */
export async function closeTestGateways(): Promise<void> {
  const open = [...started];
  started.clear();
  await Promise.all(open.map((gateway) => gateway.close({ graceMs: 0 })));
}

/** Starts a gateway for a template with handlers by function name. Faults are kept instead of printed. */
export async function startTestGateway(
  template: CompiledTemplate,
  handlers: Readonly<Record<string, unknown>>,
  options: Partial<ApiGatewayOptions> = {},
): Promise<ApiGateway & { readonly faults: GatewayFault[] }> {
  const faults: GatewayFault[] = [];
  const gateway = await startApiGateway({
    template,
    functions: async (logicalId) => ({ handler: handlers[logicalId.replace('LambdaFunction', '')] }),
    port: 0,
    stage: 'dev',
    report: (fault) => faults.push(fault),
    ...options,
  });
  started.add(gateway);
  return { ...gateway, faults };
}

function addRoute(resources: Resources, api: CompiledApi, route: Route): void {
  const [method = '', path = ''] = route.route.split(' ');
  const { to = 'echo', authorizer, stream = false, timeoutMs } = route;
  const resource = addResource(resources, path);
  addFunction(resources, api, to);
  if (authorizer !== undefined) addAuthorizer(resources, api, authorizer);
  resources[`ApiGatewayMethod${method}${path}`] = {
    Type: 'AWS::ApiGateway::Method',
    Properties: {
      HttpMethod: method,
      RequestParameters: {},
      ResourceId: resource,
      RestApiId: { Ref: 'ApiGatewayRestApi' },
      ApiKeyRequired: false,
      ...(authorizer === undefined
        ? { AuthorizationType: 'NONE' }
        : { AuthorizationType: 'CUSTOM', AuthorizerId: { Ref: `${authorizer}ApiGatewayAuthorizer` } }),
      Integration: {
        IntegrationHttpMethod: 'POST',
        Type: 'AWS_PROXY',
        ...(timeoutMs !== undefined && { TimeoutInMillis: timeoutMs }),
        Uri: invocationUri(to, stream ? 'response-streaming-invocations' : 'invocations'),
        ...(stream && { ResponseTransferMode: 'STREAM' }),
      },
      MethodResponses: [],
    },
  };
}

function addResource(resources: Resources, path: string): unknown {
  const parts = path.split('/').filter((part) => part !== '');
  let parent: unknown = { 'Fn::GetAtt': ['ApiGatewayRestApi', 'RootResourceId'] };
  for (const [index, part] of parts.entries()) {
    const id = `ApiGatewayResource/${parts.slice(0, index + 1).join('/')}`;
    resources[id] ??= {
      Type: 'AWS::ApiGateway::Resource',
      Properties: { ParentId: parent, PathPart: part, RestApiId: { Ref: 'ApiGatewayRestApi' } },
    };
    parent = { Ref: id };
  }
  return parent;
}

function addFunction(resources: Resources, api: CompiledApi, name: string): void {
  resources[`${name}LambdaFunction`] ??= {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Handler: `functions/${name}/handler.handler`,
      FunctionName: `test-dev-${name}`,
      MemorySize: 512,
      Timeout: api.timeouts?.[name] ?? 28,
    },
  };
}

function addAuthorizer(resources: Resources, api: CompiledApi, name: string): void {
  addFunction(resources, api, name);
  resources[`${name}ApiGatewayAuthorizer`] = {
    Type: 'AWS::ApiGateway::Authorizer',
    Properties: {
      AuthorizerResultTtlInSeconds: 0,
      IdentitySource: '',
      Name: name,
      RestApiId: { Ref: 'ApiGatewayRestApi' },
      AuthorizerUri: invocationUri(name, 'invocations'),
      Type: 'REQUEST',
    },
  };
}

function invocationUri(name: string, action: string): object {
  const version = action === 'invocations' ? '2015-03-31' : '2021-11-15';
  const before = ['arn:', { Ref: 'AWS::Partition' }, ':apigateway:', { Ref: 'AWS::Region' }];
  const target = { 'Fn::GetAtt': [`${name}LambdaFunction`, 'Arn'] };
  return { 'Fn::Join': ['', [...before, `:lambda:path/${version}/functions/`, target, `/${action}`]] };
}
