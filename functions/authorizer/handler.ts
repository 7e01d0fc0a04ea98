import { createCredentialStore } from '../../shared/aws/credential-store.ts';
import { contextSecretOf, leanDynamo, startServices } from '../../shared/aws/services.ts';
import { createHandler } from './create-handler.ts';

const services = startServices(process.env);

export const handler = createHandler({
  credentials: createCredentialStore({ dynamo: leanDynamo(services), tables: services.config.tables }),
  secrets: contextSecretOf(services),
  clock: services.clock,
  log: services.log,
});
