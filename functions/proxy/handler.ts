import { randomBytes } from 'node:crypto';
import { createBedrockRuntime } from '../../shared/aws/bedrock-runtime.ts';
import { createKeyWatch } from '../../shared/aws/key-watch.ts';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import {
  bedrockHttp,
  contextSecretOf,
  leanDynamo,
  onceDynamo,
  startServices,
} from '../../shared/aws/services.ts';
import { catalogueOf } from '../../shared/domain/catalogue.ts';
import { createHandler } from './create-handler.ts';

const services = startServices(process.env);
const { config, clock, log } = services;

export const handler = createHandler({
  limits: createLimitsStore({
    dynamo: leanDynamo(services),
    limitsTable: config.tables.limits,
    usageTable: config.tables.usage,
    log,
  }),
  runtime: createBedrockRuntime({ http: bedrockHttp(services), random: randomBytes }),
  keyWatch: createKeyWatch({ dynamo: onceDynamo(services), tables: config.tables }),
  secrets: contextSecretOf(services),
  catalogue: catalogueOf(config.region),
  stage: config.stage,
  clock,
  timer: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  random: randomBytes,
  log,
});
