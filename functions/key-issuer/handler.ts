import { randomBytes } from 'node:crypto';
import { createCredentialStore } from '../../shared/aws/credential-store.ts';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import {
  contextSecretOf,
  deploymentSettingsOf,
  eventBusOf,
  inferenceProfilesOf,
  leanDynamo,
  secretVaultOf,
  startServices,
  tenantSettingsOf,
} from '../../shared/aws/services.ts';
import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';
import { catalogueOf } from '../../shared/domain/catalogue.ts';
import { aliasesOf } from '../../shared/domain/deployment-aliases.ts';
import { createHandler } from './create-handler.ts';

const services = startServices(process.env);
const { config, clock, log } = services;
const dynamo = leanDynamo(services);
const catalogue = catalogueOf(config.region);

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
  tenantSettings: tenantSettingsOf(services),
  catalogue,
  aliases: aliasesOf(config.stage),
  // Who sets an alias may have made the profile a moment ago.
  profiles: inferenceProfilesOf(services, { catalogue, nowhereKeptMs: 0 }),
  region: config.region,
  secrets: contextSecretOf(services),
  clock,
  random: randomBytes,
  log,
  keyEnvironment: config.keyEnvironment,
});
