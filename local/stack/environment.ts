/** The environment that the functions find: the template's variables, the stack's endpoints, and credentials. */
import { BedrockClient } from '@aws-sdk/client-bedrock';
import type { CompiledTemplate } from '../api-gateway/compiled-template.ts';
import { mergeFunctionEnvironments } from '../api-gateway/environment.ts';
import type { StackEndpoints } from './dev-file.ts';
import { type AwsAccess, LOCAL_CREDENTIALS, LOCAL_REGION } from './identity.ts';

export interface FunctionEnvironment extends Readonly<Record<string, string>> {
  readonly AWS_REGION: string;
  readonly AWS_ACCESS_KEY_ID: string;
  readonly AWS_SECRET_ACCESS_KEY: string;
}

type Credentials = AwsAccess['credentials'];

/**
 * The variables that every function gets, as Lambda would set them. Rejects where AWS's own Bedrock is asked for
 * and no credentials are found.
 */
export async function functionEnvironment(of: {
  readonly template: CompiledTemplate;
  readonly endpoints: StackEndpoints;
  /** The process's own. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}): Promise<FunctionEnvironment> {
  const { template, endpoints, environment } = of;
  const region = environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? LOCAL_REGION;
  return {
    ...mergeFunctionEnvironments(template),
    ...endpointVariables(endpoints),
    ...variablesOf(await credentialsFor({ endpoints, environment, region })),
    AWS_REGION: region,
  };
}

/** The caller that the functions are, at an endpoint: what is made for them must be made by the same one. */
export function accessOf(environment: FunctionEnvironment, endpoint: string): AwsAccess {
  const { AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = environment;
  const sessionToken = environment['AWS_SESSION_TOKEN'];
  return {
    endpoint,
    region: AWS_REGION,
    credentials: {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...(sessionToken !== undefined && { sessionToken }),
    },
  };
}

async function credentialsFor(of: {
  readonly endpoints: StackEndpoints;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly region: string;
}): Promise<Credentials> {
  if (of.endpoints.bedrock === null) return ownCredentials(of.region);
  return givenCredentials(of.environment) ?? LOCAL_CREDENTIALS;
}

/** Those that the environment names outright; undefined where either half is missing or empty. */
function givenCredentials(
  environment: Readonly<Record<string, string | undefined>>,
): Credentials | undefined {
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'] ?? '';
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'] ?? '';
  const sessionToken = environment['AWS_SESSION_TOKEN'] ?? '';
  if (accessKeyId === '' || secretAccessKey === '') return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken !== '' && { sessionToken }) };
}

const variablesOf = ({ accessKeyId, secretAccessKey, sessionToken }: Credentials) => ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
});

/** Runs `work` with the variables set in `environment`, and leaves it as it was. */
export async function withEnvironment<Result>(
  of: {
    readonly variables: Readonly<Record<string, string>>;
    readonly environment: Record<string, string | undefined>;
  },
  work: () => Promise<Result>,
): Promise<Result> {
  const { variables, environment } = of;
  const before = Object.keys(variables).map((name) => [name, environment[name]] as const);
  Object.assign(environment, variables);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete environment[name];
      else environment[name] = value;
    }
  }
}

/** Endpoints as the AWS SDKs name them. */
export const endpointVariables = (endpoints: StackEndpoints): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL_EVENTBRIDGE: endpoints.eventBridge,
  AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
  AWS_ENDPOINT_URL_SSM: endpoints.ssm,
  ...(endpoints.dynamodb !== null && { AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb }),
  ...(endpoints.bedrock !== null && { AWS_ENDPOINT_URL_BEDROCK: endpoints.bedrock }),
  ...(endpoints.bedrock !== null && { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: endpoints.bedrock }),
});

/** What the AWS SDK finds where it looks: environment, profile, single sign-on, container. */
async function ownCredentials(region: string): Promise<Credentials> {
  const client = new BedrockClient({ region });
  try {
    const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
    return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
  } catch (cause) {
    throw new Error(
      'The real Bedrock needs AWS credentials: set AWS_PROFILE or AWS_ACCESS_KEY_ID, or log in with `aws sso login`.',
      { cause },
    );
  } finally {
    client.destroy();
  }
}
