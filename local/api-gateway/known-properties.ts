import { isDeepStrictEqual } from 'node:util';
import {
  type CompiledResource,
  type CompiledTemplate,
  isRecord,
  type NamedResource,
  refuseProperty,
  refuseTemplate,
} from './compiled-template.ts';

/**
 * What is done with a property: honoured; without effect on a laptop (names, descriptions, tags, logging,
 * tracing, throttling, the account's own set-up); or accepted with the listed values only, because any other
 * changes how requests are answered in a way that is not reproduced.
 */
type Treatment = 'honoured' | 'without-effect' | { readonly only: readonly unknown[] };

const METHOD: Readonly<Record<string, Treatment>> = {
  RestApiId: 'honoured',
  ResourceId: 'honoured',
  HttpMethod: 'honoured',
  AuthorizationType: { only: ['NONE', 'CUSTOM'] },
  AuthorizerId: 'honoured',
  ApiKeyRequired: { only: [false] },
  Integration: 'honoured',
  MethodResponses: 'without-effect',
  OperationName: 'without-effect',
  // They declare parameters; only a request validator would act on them.
  RequestParameters: 'without-effect',
  RequestModels: 'without-effect',
};

/** The types of AWS::ApiGateway that are stood in for. Source: the CloudFormation resource reference. */
const TYPES: Readonly<Record<string, Readonly<Record<string, Treatment>>>> = {
  'AWS::ApiGateway::RestApi': {
    Name: 'without-effect',
    Description: 'without-effect',
    EndpointConfiguration: 'without-effect',
    // Resource policies restrict networks and accounts, of which a laptop has none.
    Policy: 'without-effect',
    // It says whose API keys count; no method may require one here.
    ApiKeySourceType: 'without-effect',
    BinaryMediaTypes: { only: [[]] },
    DisableExecuteApiEndpoint: 'without-effect',
    SecurityPolicy: 'without-effect',
    EndpointAccessMode: 'without-effect',
    FailOnWarnings: 'without-effect',
    Tags: 'without-effect',
  },
  'AWS::ApiGateway::Resource': { ParentId: 'honoured', PathPart: 'honoured', RestApiId: 'honoured' },
  'AWS::ApiGateway::Method': METHOD,
  'AWS::ApiGateway::Authorizer': {
    RestApiId: 'honoured',
    Name: 'without-effect',
    Type: { only: ['REQUEST'] },
    AuthorizerUri: 'honoured',
    AuthorizerResultTtlInSeconds: { only: [0] },
    IdentitySource: { only: [''] },
    AuthorizerCredentials: 'without-effect',
    AuthType: 'without-effect',
  },
  'AWS::ApiGateway::GatewayResponse': {
    RestApiId: 'honoured',
    ResponseType: 'honoured',
    StatusCode: 'honoured',
    ResponseParameters: 'honoured',
    ResponseTemplates: 'honoured',
  },
  'AWS::ApiGateway::Deployment': {
    RestApiId: 'honoured',
    StageName: 'honoured',
    Description: 'without-effect',
  },
  'AWS::ApiGateway::Stage': {
    RestApiId: 'honoured',
    StageName: 'honoured',
    DeploymentId: 'without-effect',
    Description: 'without-effect',
    AccessLogSetting: 'without-effect',
    MethodSettings: 'without-effect',
    TracingEnabled: 'without-effect',
    CacheClusterEnabled: { only: [false] },
    Variables: { only: [{}] },
    Tags: 'without-effect',
  },
  'AWS::ApiGateway::Account': { CloudWatchRoleArn: 'without-effect' },
};

const INTEGRATION: Readonly<Record<string, Treatment>> = {
  Type: { only: ['AWS_PROXY'] },
  IntegrationHttpMethod: { only: ['POST'] },
  Uri: 'honoured',
  TimeoutInMillis: 'honoured',
  ResponseTransferMode: { only: ['STREAM', 'BUFFERED'] },
  Credentials: 'without-effect',
  PassthroughBehavior: 'without-effect',
};

/** Attributes of a resource that concern its deployment alone. `Condition` is not among them. */
const ATTRIBUTES: ReadonlySet<string> = new Set([
  'Type',
  'Properties',
  'DependsOn',
  'DeletionPolicy',
  'UpdateReplacePolicy',
  'Metadata',
]);

/**
 * Throws on the first type of API Gateway, property or value that the local gateway does not reproduce, naming
 * all three: what is not known here would otherwise work on a laptop and not on AWS, or the reverse.
 */
export function refuseUnknownProperties(template: CompiledTemplate): void {
  for (const [logicalId, resource] of Object.entries(template.Resources)) {
    if (resource.Type.startsWith('AWS::ApiGateway::')) checkResource(logicalId, resource);
  }
}

function checkResource(logicalId: string, resource: CompiledResource): void {
  const known = TYPES[resource.Type];
  if (known === undefined) refuseTemplate(`${resource.Type} ${logicalId}: the type is not known.`);
  const named = { logicalId, type: resource.Type, properties: resource.Properties ?? {} };
  for (const attribute of Object.keys(resource)) {
    if (!ATTRIBUTES.has(attribute)) refuseProperty(named, attribute, 'is not known');
  }
  checkProperties(named, known);
  const integration = named.properties['Integration'];
  if (isRecord(integration)) {
    checkProperties({ ...named, type: `${resource.Type}.Integration`, properties: integration }, INTEGRATION);
  }
}

function checkProperties(resource: NamedResource, known: Readonly<Record<string, Treatment>>): void {
  for (const [property, value] of Object.entries(resource.properties)) {
    const treatment = Object.hasOwn(known, property) ? known[property] : undefined;
    if (treatment === undefined) refuseProperty(resource, property, 'is not known');
    if (typeof treatment === 'string') continue;
    if (treatment.only.some((allowed) => isDeepStrictEqual(allowed, value))) continue;
    refuseProperty(resource, property, `is ${JSON.stringify(value)}, which is not reproduced`);
  }
}
