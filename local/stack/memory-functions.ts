/**
 * The functions on in-memory stores, for a machine where no DynamoDB runs. Everything else is as in their handler.ts:
 * the same pipeline, the same Bedrock, the same signed context.
 */
import { randomBytes } from 'node:crypto';
import { createHandler as createAuditArchive } from '../../functions/audit-archive/create-handler.ts';
import { createHandler as createAuthorizer } from '../../functions/authorizer/create-handler.ts';
import { createHandler as createKeyIssuer } from '../../functions/key-issuer/create-handler.ts';
import { createHandler as createKeyRotation } from '../../functions/key-rotation/create-handler.ts';
import { createHandler as createMetrics } from '../../functions/metrics/create-handler.ts';
import { createHandler as createProxy } from '../../functions/proxy/create-handler.ts';
import { readAuditStream, type StreamEvent } from '../../shared/aws/audit-stream.ts';
import { bedrockPorts } from '../../shared/aws/bedrock-ports.ts';
import {
  bedrockHttp,
  contextSecretOf,
  deploymentSettingsOf,
  eventBusOf,
  inferenceProfilesOf,
  secretVaultOf,
  startServices,
  tenantSettingsOf,
} from '../../shared/aws/services.ts';
import { CATALOGUE } from '../../shared/domain/catalogue.ts';
import { aliasesOf } from '../../shared/domain/deployment-aliases.ts';
import type { LambdaFunction } from '../api-gateway/lambda-functions.ts';
import type { LambdaModule } from '../api-gateway/lambda-module.ts';
import { createMemoryAudit } from '../memory/audit.ts';
import { createMemoryAuditArchive } from '../memory/audit-archive.ts';
import { createMemoryKeyWatch } from '../memory/key-watch.ts';
import { createMemoryLimitsStore } from '../memory/limits-store.ts';
import { createMemoryTenancy } from '../memory/tenancy.ts';
import { createMemoryUsageStore } from '../memory/usage-store.ts';
import type { FunctionEnvironment } from './environment.ts';

/** A loader of functions that share one set of stores, which lives as long as the loader. */
export function memoryFunctions(
  environment: FunctionEnvironment,
): (definition: LambdaFunction) => Promise<LambdaModule> {
  const handlers = createHandlers(environment);
  return async ({ name, logicalId }) => {
    const handler = Object.entries(handlers).find(([ending]) => name.endsWith(`-${ending}`))?.[1];
    if (handler === undefined) throw new Error(`${logicalId}: there is no in-memory ${name}.`);
    return { handler };
  };
}

/** By the name that ends a function's name. */
function createHandlers(environment: FunctionEnvironment): Readonly<Record<string, unknown>> {
  const services = startServices(environment);
  const { clock, log, config } = services;
  const { tenancy, credentials, chains } = createMemoryTenancy();
  const usage = createMemoryUsageStore();
  const limits = createMemoryLimitsStore(usage);
  const ports = {
    tenancy,
    credentials,
    usage,
    rollups: usage.rollups,
    limits,
    clock,
    log,
    random: randomBytes,
    keyEnvironment: config.keyEnvironment,
    vault: secretVaultOf(services),
    events: eventBusOf(services),
    settings: deploymentSettingsOf(services),
    tenantSettings: tenantSettingsOf(services),
  };
  const secrets = contextSecretOf(services);
  return {
    authorizer: createAuthorizer({ ...ports, secrets }),
    auditArchive: createAuditArchive({
      read: (event: StreamEvent) => readAuditStream(config.tables, event),
      archive: createMemoryAuditArchive(),
      log,
    }),
    keyIssuer: createKeyIssuer({
      ...ports,
      secrets,
      catalogue: CATALOGUE,
      aliases: aliasesOf(config.stage),
      profiles: inferenceProfilesOf(services, { catalogue: CATALOGUE, nowhereKeptMs: 0 }),
      region: config.region,
    }),
    keyRotation: createKeyRotation(ports),
    metrics: createMetrics({ ...ports, audit: createMemoryAudit(chains), secrets }),
    proxy: createProxy({
      ...ports,
      secrets,
      ...bedrockPorts({ http: bedrockHttp(services), random: randomBytes }),
      keyWatch: createMemoryKeyWatch(credentials),
      catalogue: CATALOGUE,
      aliases: aliasesOf(config.stage),
      profiles: inferenceProfilesOf(services, { catalogue: CATALOGUE }),
      stage: config.stage,
      timer: (delayMs, callback) => {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
    }),
  };
}
