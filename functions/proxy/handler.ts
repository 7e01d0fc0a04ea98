import { randomBytes } from 'node:crypto';
import { createBedrockRuntime } from '../../shared/aws/bedrock-runtime.ts';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import { bedrockHttp, contextSecretOf, leanDynamo, startServices } from '../../shared/aws/services.ts';
import { CATALOGUE } from '../../shared/domain/catalogue.ts';
import { modelsOfRegion } from '../../shared/domain/model-access.ts';
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
  secrets: contextSecretOf(services),
  catalogue: modelsOfRegion(CATALOGUE, config.region),
  stage: config.stage,
  clock,
  timer: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  random: randomBytes,
  log,
});
