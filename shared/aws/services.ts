/** What every function begins with, and the AWS services of its region: endpoint, signer and connections of each. */
import type { Agent } from 'node:http';
import { type Config, loadConfig } from '../config.ts';
import { createLog } from '../log.ts';
import type {
  AuditArchive,
  Clock,
  ContextSecretSource,
  DeploymentSettings,
  EventBus,
  InferenceProfiles,
  Log,
  SecretVault,
  TenantSettingsStore,
} from '../ports.ts';
import { createAuditArchive } from './audit-archive.ts';
import { createContextSecretSource } from './context-secret.ts';
import { createDeploymentSettings } from './deployment-settings.ts';
import type { Dynamo } from './dynamo.ts';
import { environmentCredentials } from './environment-credentials.ts';
import { createEventBus } from './event-bus.ts';
import { createInferenceProfiles, type InferenceProfilesOptions } from './inference-profiles.ts';
import { createLeanDynamo } from './lean-dynamo.ts';
import { createSecretVault } from './secret-vault.ts';
import { type CredentialsProvider, createSignedHttp, type SignedHttp } from './signed-http.ts';
import { createTenantSettings } from './tenant-settings.ts';

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
    http: dynamoHttp(services),
    clock: services.clock,
  });

/** DynamoDB for reads that are soon made again anyhow: one attempt of 800 ms. */
export const onceDynamo = (services: Services): Dynamo =>
  createLeanDynamo({
    http: dynamoHttp(services),
    clock: services.clock,
    attemptsMax: 1,
    attemptTimeoutMs: 800,
  });

const dynamoHttp = (services: Services): SignedHttp =>
  signedHttpOf(services, {
    service: 'dynamodb',
    host: 'dynamodb',
    endpoint: services.config.endpoints.dynamodb,
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
    http: secretsManagerHttp(services),
    secretId: services.config.contextSecretId,
    clock: services.clock,
  });

/** Keys' values, in Secrets Manager. */
export const secretVaultOf = (services: Services): SecretVault =>
  createSecretVault({ http: secretsManagerHttp(services), stage: services.config.stage });

/** The audit log's archive, in S3. A bucket is part of the host's name, and of the path where the endpoint is given. */
export const auditArchiveOf = (services: Services): AuditArchive => {
  const { auditArchive: prefix, endpoints, region } = services.config;
  return createAuditArchive({
    httpTo: (bucket) =>
      signedHttpOf(services, {
        service: 's3',
        host: `${bucket}.s3`,
        endpoint: endpoints.s3 === undefined ? undefined : `${endpoints.s3}/${bucket}`,
      }),
    prefix,
    region,
  });
};

/** The account's default bus, on EventBridge; its signing name is `events`. */
export const eventBusOf = (services: Services): EventBus =>
  createEventBus({
    http: signedHttpOf(services, {
      service: 'events',
      host: 'events',
      endpoint: services.config.endpoints.eventBridge,
    }),
    stage: services.config.stage,
  });

/** What the deployment has written to Parameter Store. */
export const deploymentSettingsOf = (services: Services): DeploymentSettings =>
  createDeploymentSettings({
    http: parameterStoreHttp(services),
    baseUrlParameter: services.config.baseUrlParameter,
  });

/** Tenants' slow settings, in Parameter Store. */
export const tenantSettingsOf = (services: Services): TenantSettingsStore =>
  createTenantSettings({
    http: parameterStoreHttp(services),
    stage: services.config.stage,
    clock: services.clock,
    log: services.log,
  });

/** The account's application inference profiles, from Bedrock's control plane, which leads to models of the catalogue. */
export const inferenceProfilesOf = (
  services: Services,
  of: Pick<InferenceProfilesOptions, 'catalogue' | 'nowhereKeptMs'>,
): InferenceProfiles =>
  createInferenceProfiles({
    ...of,
    clock: services.clock,
    http: signedHttpOf(services, {
      service: 'bedrock',
      host: 'bedrock',
      endpoint: services.config.endpoints.bedrock,
    }),
  });

const parameterStoreHttp = (services: Services): SignedHttp =>
  signedHttpOf(services, { service: 'ssm', host: 'ssm', endpoint: services.config.endpoints.ssm });

const secretsManagerHttp = (services: Services): SignedHttp =>
  signedHttpOf(services, {
    service: 'secretsmanager',
    host: 'secretsmanager',
    endpoint: services.config.endpoints.secretsManager,
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
