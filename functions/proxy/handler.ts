import { randomBytes } from 'node:crypto';
import { bedrockPorts } from '../../shared/aws/bedrock-ports.ts';
import { createKeyWatch } from '../../shared/aws/key-watch.ts';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import {
  bedrockHttp,
  contextSecretOf,
  inferenceProfilesOf,
  leanDynamo,
  onceDynamo,
  startServices,
  tenantSettingsOf,
} from '../../shared/aws/services.ts';
import { catalogueOf } from '../../shared/domain/catalogue.ts';
import { aliasesOf } from '../../shared/domain/deployment-aliases.ts';
import { createHandler } from './create-handler.ts';

const services = startServices(process.env);
const { config, clock, log } = services;
const catalogue = catalogueOf(config.region);

export const handler = createHandler({
  limits: createLimitsStore({
    dynamo: leanDynamo(services),
    limitsTable: config.tables.limits,
    usageTable: config.tables.usage,
    usageRetentionDays: config.usageRetentionDays,
    clock,
    log,
  }),
  ...bedrockPorts({ http: bedrockHttp(services), random: randomBytes }),
  keyWatch: createKeyWatch({ dynamo: onceDynamo(services), tables: config.tables }),
  secrets: contextSecretOf(services),
  catalogue,
  aliases: aliasesOf(config.stage),
  tenantSettings: tenantSettingsOf(services),
  profiles: inferenceProfilesOf(services, { catalogue }),
  stage: config.stage,
  clock,
  timer: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  random: randomBytes,
  log,
});
