import { randomBytes } from 'node:crypto';
import { createCredentialStore } from '../../shared/aws/credential-store.ts';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import {
  contextSecretOf,
  deploymentSettingsOf,
  eventBusOf,
  leanDynamo,
  secretVaultOf,
  startServices,
} from '../../shared/aws/services.ts';
import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';
import { catalogueOf } from '../../shared/domain/catalogue.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { TenantSettingsStore } from '../../shared/ports.ts';
import { createHandler } from './create-handler.ts';

const services = startServices(process.env);
const { config, clock, log } = services;
const dynamo = leanDynamo(services);

/** Until their adapter is wired here, nothing is kept and nothing is guessed. */
const UNREACHABLE_SETTINGS: TenantSettingsStore = {
  put: async () => refuseSettings(),
  read: async () => refuseSettings(),
};
function refuseSettings(): never {
  throw new GatewayError('service_unavailable', 'Settings cannot be kept at the moment. Try again later.');
}

export const handler = createHandler({
  tenancy: createTenancyStore({ dynamo, tables: config.tables, clock }),
  credentials: createCredentialStore({ dynamo, tables: config.tables }),
  limits: createLimitsStore({
    dynamo,
    limitsTable: config.tables.limits,
    usageTable: config.tables.usage,
    log,
  }),
  vault: secretVaultOf(services),
  events: eventBusOf(services),
  settings: deploymentSettingsOf(services),
  tenantSettings: UNREACHABLE_SETTINGS,
  catalogue: catalogueOf(config.region),
  secrets: contextSecretOf(services),
  clock,
  random: randomBytes,
  log,
  keyEnvironment: config.keyEnvironment,
});
