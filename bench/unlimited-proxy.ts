/** The proxy function with limits that let everything in, charge nothing and ask no store: what is left is the rest. */
import { randomBytes } from 'node:crypto';
import { createHandler } from '../functions/proxy/create-handler.ts';
import { bedrockPorts } from '../shared/aws/bedrock-ports.ts';
import { createKeyWatch } from '../shared/aws/key-watch.ts';
import {
  bedrockHttp,
  contextSecretOf,
  inferenceProfilesOf,
  onceDynamo,
  startServices,
  tenantSettingsOf,
} from '../shared/aws/services.ts';
import { catalogueOf } from '../shared/domain/catalogue.ts';
import { aliasesOf } from '../shared/domain/deployment-aliases.ts';
import type { LimitsStore } from '../shared/ports.ts';

const services = startServices(process.env);
const { config, clock, log } = services;
const catalogue = catalogueOf(config.region);

const unlimited: LimitsStore = {
  admit: async ({ charges }) => ({ outcome: 'admitted', committed: charges.map(({ amount }) => amount) }),
  settle: async () => undefined,
  sweep: async () => 0,
  readSpend: async () => ({ nanoUsd: 0, debtNanoUsd: 0 }),
  readHeld: async () => ({ counters: new Map(), reservations: [], inflight: 0 }),
};

export const handler = createHandler({
  limits: unlimited,
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
