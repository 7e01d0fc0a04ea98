/** What every function begins with, and the AWS services of its region: endpoint, signer and connections of each. */
import type { Agent } from 'node:http';
import { type Config, loadConfig } from '../config.ts';
import { createLog } from '../log.ts';
import type { Clock, ContextSecretSource, Log } from '../ports.ts';
import { createContextSecretSource } from './context-secret.ts';
import type { Dynamo } from './dynamo.ts';
import { environmentCredentials } from './environment-credentials.ts';
import { createLeanDynamo } from './lean-dynamo.ts';
import { type CredentialsProvider, createSignedHttp, type SignedHttp } from './signed-http.ts';

export interface Services {
  readonly config: Config;
  readonly credentials: CredentialsProvider;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the connections; by default an agent of its own for each service. */
  readonly agent?: Agent;
}

/** Configuration, credentials, clock and log of a process. Throws, naming the variable, where the environment lacks one. */
export function startServices(environment: Readonly<Record<string, string | undefined>>): Services {
  return {
    config: loadConfig(environment),
    credentials: environmentCredentials(environment),
    clock: Date.now,
    log: createLog({ clock: Date.now, output: process.stdout }),
  };
}

/** DynamoDB for the request path. */
export const leanDynamo = (services: Services): Dynamo =>
  createLeanDynamo({
    http: signedHttpOf(services, {
      service: 'dynamodb',
      host: 'dynamodb',
      endpoint: services.config.endpoints.dynamodb,
    }),
    clock: services.clock,
  });

/** Bedrock's runtime; its signing name is `bedrock`. A connection is given longer than a table's: nothing resends it. */
export const bedrockHttp = (services: Services): SignedHttp =>
  signedHttpOf(services, {
    service: 'bedrock',
    host: 'bedrock-runtime',
    endpoint: services.config.endpoints.bedrockRuntime,
    connectTimeoutMs: 2_000,
  });

/** The secret that signs identity contexts, from Secrets Manager. */
export const contextSecretOf = (services: Services): ContextSecretSource =>
  createContextSecretSource({
    http: signedHttpOf(services, {
      service: 'secretsmanager',
      host: 'secretsmanager',
      endpoint: services.config.endpoints.secretsManager,
    }),
    secretId: services.config.contextSecretId,
    clock: services.clock,
  });

function signedHttpOf(
  services: Services,
  of: {
    readonly service: string;
    readonly host: string;
    readonly endpoint: string | undefined;
    readonly connectTimeoutMs?: number;
  },
): SignedHttp {
  const { config, credentials, clock, agent } = services;
  const { host, endpoint = `https://${host}.${config.region}.amazonaws.com`, ...rest } = of;
  const connections = agent === undefined ? {} : { agent };
  return createSignedHttp({ ...rest, ...connections, endpoint, region: config.region, credentials, clock });
}
