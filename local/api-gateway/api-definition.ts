/** The one REST API of a compiled template: its routes, its gateway responses and the functions behind them. */
import {
  type CompiledTemplate,
  isRecord,
  type NamedResource,
  numberProperty,
  refuseProperty,
  refuseTemplate,
  resourcesOfType,
  textProperty,
} from './compiled-template.ts';
import type { ApiIdentity } from './exchange.ts';
import { compileGatewayResponses, type GatewayResponses } from './gateway-response.ts';
import {
  LOCAL_ACCOUNT,
  LOCAL_API_ID,
  resolveText,
  rootResourceId,
  type StackIdentity,
} from './intrinsics.ts';
import { refuseUnknownProperties } from './known-properties.ts';
import { type LambdaFunction, readFunctions } from './lambda-functions.ts';
import { INTEGRATION_TIMEOUT_MS } from './limits.ts';
import { childResource, type RouteTree, routeTree } from './route-tree.ts';

export interface ApiDefinition {
  readonly identity: ApiIdentity;
  readonly routes: RouteTree<MethodDefinition>;
  readonly gatewayResponses: GatewayResponses;
  /** Every function that a method or an authorizer invokes. */
  readonly functions: readonly LambdaFunction[];
}

export interface MethodDefinition {
  readonly integration: LambdaFunction;
  readonly transferMode: 'BUFFERED' | 'STREAM';
  readonly timeoutMs: number;
  /** The function that authorizes; undefined on an open method. */
  readonly authorizer: LambdaFunction | undefined;
}

/** An invocation URI: its API version, the function's ARN, and how it is invoked. */
const INVOCATION =
  /^arn:aws:apigateway:[a-z0-9-]+:lambda:path\/(\d{4}-\d\d-\d\d)\/functions\/(.+)\/(invocations|response-streaming-invocations)$/;

interface Reading {
  readonly stack: StackIdentity;
  readonly functions: ReadonlyMap<string, LambdaFunction>;
  readonly resources: ReadonlyMap<string, RouteTree<MethodDefinition>>;
}

/**
 * Interprets a template. Throws, naming the resource, on everything of API Gateway in it that is not
 * reproduced, and where the template deploys to another stage.
 */
export function readApi(
  template: CompiledTemplate,
  of: { readonly stage: string; readonly region: string },
): ApiDefinition {
  refuseUnknownProperties(template);
  const stack = { template, region: of.region };
  const [api, ...others] = resourcesOfType(template, 'AWS::ApiGateway::RestApi');
  if (api === undefined || others.length > 0) refuseTemplate('A template must have exactly one REST API.');
  checkStage(template, of.stage);
  const routes = routeTree<MethodDefinition>('/');
  const resources = readResources(stack, { routes, rootId: rootResourceId(api.logicalId) });
  const reading = { stack, functions: readFunctions(stack), resources };
  for (const method of resourcesOfType(template, 'AWS::ApiGateway::Method')) addMethod(reading, method);
  return {
    identity: {
      apiId: LOCAL_API_ID,
      accountId: LOCAL_ACCOUNT,
      ...of,
      stageIsResource: routes.exact.has(of.stage),
    },
    routes,
    gatewayResponses: compileGatewayResponses(template),
    functions: functionsOf(resources.values()),
  };
}

function checkStage(template: CompiledTemplate, stage: string): void {
  const deployments = ['AWS::ApiGateway::Deployment', 'AWS::ApiGateway::Stage'].flatMap((type) =>
    resourcesOfType(template, type),
  );
  for (const deployment of deployments) {
    const deployed = textProperty(deployment, 'StageName');
    if (deployed === undefined || deployed === stage) continue;
    refuseProperty(deployment, 'StageName', `is ${deployed}, not ${stage}`);
  }
}

/** The tree node of every resource, by physical id. Parents may stand after their children in the template. */
function readResources(
  stack: StackIdentity,
  root: { readonly routes: RouteTree<MethodDefinition>; readonly rootId: string },
): ReadonlyMap<string, RouteTree<MethodDefinition>> {
  const nodes = new Map([[root.rootId, root.routes]]);
  const declared = new Map(
    resourcesOfType(stack.template, 'AWS::ApiGateway::Resource').map((resource) => [
      resource.logicalId,
      resource,
    ]),
  );
  const nodeOf = (id: string, seen: ReadonlySet<string>): RouteTree<MethodDefinition> => {
    const known = nodes.get(id);
    if (known !== undefined) return known;
    const resource = declared.get(id);
    if (resource === undefined || seen.has(id)) refuseTemplate(`The resource ${id} has no way to the root.`);
    const parentId = resolveText(stack, resource.properties['ParentId'], `${id}.ParentId`);
    const part = textProperty(resource, 'PathPart') ?? refuseProperty(resource, 'PathPart', 'is missing');
    const node = childResource(nodeOf(parentId, new Set([...seen, id])), part);
    nodes.set(id, node);
    return node;
  };
  for (const id of declared.keys()) nodeOf(id, new Set());
  return nodes;
}

function addMethod(reading: Reading, method: NamedResource): void {
  const httpMethod = textProperty(method, 'HttpMethod') ?? refuseProperty(method, 'HttpMethod', 'is missing');
  const place = `${method.logicalId}.ResourceId`;
  const resourceId = resolveText(reading.stack, method.properties['ResourceId'], place);
  const node = reading.resources.get(resourceId);
  if (node === undefined) refuseProperty(method, 'ResourceId', 'names no resource');
  if (node.methods.has(httpMethod)) refuseProperty(method, 'HttpMethod', 'is declared twice');
  node.methods.set(httpMethod, {
    ...readIntegration(reading, method),
    authorizer: readAuthorizer(reading, method),
  });
}

function readIntegration(reading: Reading, method: NamedResource): Omit<MethodDefinition, 'authorizer'> {
  const properties = method.properties['Integration'];
  if (!isRecord(properties) || properties['Type'] !== 'AWS_PROXY') {
    return refuseProperty(method, 'Integration', 'is no AWS_PROXY integration');
  }
  const integration = { ...method, type: `${method.type}.Integration`, properties };
  const transferMode = properties['ResponseTransferMode'] === 'STREAM' ? 'STREAM' : 'BUFFERED';
  const invocation = readInvocation(reading, integration, 'Uri');
  if (invocation.streams !== (transferMode === 'STREAM')) {
    refuseProperty(integration, 'Uri', `does not fit the transfer mode ${transferMode}`);
  }
  return {
    integration: invocation.target,
    transferMode,
    timeoutMs: numberProperty(integration, 'TimeoutInMillis') ?? INTEGRATION_TIMEOUT_MS,
  };
}

function readAuthorizer(reading: Reading, method: NamedResource): LambdaFunction | undefined {
  const id = method.properties['AuthorizerId'];
  const custom = method.properties['AuthorizationType'] === 'CUSTOM';
  if (custom !== (id !== undefined)) refuseProperty(method, 'AuthorizerId', 'does not fit AuthorizationType');
  if (id === undefined) return undefined;
  const logicalId = resolveText(reading.stack, id, `${method.logicalId}.AuthorizerId`);
  const authorizer = resourcesOfType(reading.stack.template, 'AWS::ApiGateway::Authorizer').find(
    (candidate) => candidate.logicalId === logicalId,
  );
  if (authorizer === undefined) return refuseProperty(method, 'AuthorizerId', 'names no authorizer');
  if (authorizer.properties['AuthorizerResultTtlInSeconds'] !== 0) {
    refuseProperty(
      authorizer,
      'AuthorizerResultTtlInSeconds',
      'must be 0: where it is absent AWS caches 300 s',
    );
  }
  return readInvocation(reading, authorizer, 'AuthorizerUri').target;
}

function readInvocation(reading: Reading, resource: NamedResource, property: string) {
  const uri = resolveText(reading.stack, resource.properties[property], `${resource.logicalId}.${property}`);
  const [, version, arn = '', action] = INVOCATION.exec(uri) ?? [];
  const target = reading.functions.get(arn);
  if (target === undefined) return refuseProperty(resource, property, `invokes no function of the template`);
  const streams = action === 'response-streaming-invocations';
  if (version !== (streams ? '2021-11-15' : '2015-03-31')) {
    refuseProperty(resource, property, `has the API version ${version}, which does not know ${action}`);
  }
  return { target, streams };
}

function functionsOf(nodes: Iterable<RouteTree<MethodDefinition>>): readonly LambdaFunction[] {
  const functions = new Set<LambdaFunction>();
  for (const node of nodes) {
    for (const method of node.methods.values()) {
      functions.add(method.integration);
      if (method.authorizer !== undefined) functions.add(method.authorizer);
    }
  }
  return [...functions];
}
