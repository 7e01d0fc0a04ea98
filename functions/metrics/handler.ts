import { randomBytes } from 'node:crypto';
import { createAuditStore } from '../../shared/aws/audit-store.ts';
import { contextSecretOf, leanDynamo, startServices } from '../../shared/aws/services.ts';
import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';
import { createUsageRollups } from '../../shared/aws/usage-rollups.ts';
import { createUsageStore } from '../../shared/aws/usage-store.ts';
import { createHandler } from './create-handler.ts';

const services = startServices(process.env);
const { config, clock, log } = services;
const dynamo = leanDynamo(services);

export const handler = createHandler({
  tenancy: createTenancyStore({ dynamo, tables: config.tables, clock }),
  usage: createUsageStore({ dynamo, table: config.tables.usage }),
  rollups: createUsageRollups({ dynamo, table: config.tables.usage }),
  usageRetentionDays: config.usageRetentionDays,
  audit: createAuditStore({ dynamo, tables: config.tables }),
  secrets: contextSecretOf(services),
  clock,
  random: randomBytes,
  log,
});
