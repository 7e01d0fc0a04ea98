import { randomBytes } from 'node:crypto';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import {
  deploymentSettingsOf,
  eventBusOf,
  leanDynamo,
  secretVaultOf,
  startServices,
} from '../../shared/aws/services.ts';
import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';
import { createUsageRollups } from '../../shared/aws/usage-rollups.ts';
import { createUsageStore } from '../../shared/aws/usage-store.ts';
import { createHandler } from './create-handler.ts';

const services = startServices(process.env);
const { config, clock, log } = services;
const dynamo = leanDynamo(services);

export const handler = createHandler({
  tenancy: createTenancyStore({ dynamo, tables: config.tables, clock }),
  limits: createLimitsStore({
    dynamo,
    limitsTable: config.tables.limits,
    usageTable: config.tables.usage,
    usageRetentionDays: config.usageRetentionDays,
    clock,
    log,
  }),
  usage: createUsageStore({ dynamo, table: config.tables.usage }),
  rollups: createUsageRollups({ dynamo, table: config.tables.usage }),
  vault: secretVaultOf(services),
  events: eventBusOf(services),
  settings: deploymentSettingsOf(services),
  random: randomBytes,
  keyEnvironment: config.keyEnvironment,
  clock,
  log,
});
