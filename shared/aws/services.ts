/** The AWS services of one region as the functions reach them: endpoint, signer and connections of each. */
import type { Config } from '../config.ts';
import type { Clock } from '../ports.ts';
import type { Dynamo } from './dynamo.ts';
import { createLeanDynamo } from './lean-dynamo.ts';
import { type CredentialsProvider, createSignedHttp, type SignedHttp } from './signed-http.ts';

export interface Services {
  readonly config: Config;
  readonly credentials: CredentialsProvider;
  readonly clock: Clock;
}

/** DynamoDB for the request path. */
export const leanDynamo = (services: Services): Dynamo =>
  createLeanDynamo({
    http: signedHttpOf(services, {
      service: 'dynamodb',
      host: 'dynamodb',
      endpoint: services.config.endpoints.dynamodb,
    }),
    clock: services.clock,
  });

/** Secrets Manager. */
export const secretsManagerHttp = (services: Services): SignedHttp =>
  signedHttpOf(services, {
    service: 'secretsmanager',
    host: 'secretsmanager',
    endpoint: services.config.endpoints.secretsManager,
  });

/** Bedrock's runtime; its signing name is `bedrock`. */
export const bedrockHttp = (services: Services): SignedHttp =>
  signedHttpOf(services, {
    service: 'bedrock',
    host: 'bedrock-runtime',
    endpoint: services.config.endpoints.bedrockRuntime,
  });

function signedHttpOf(
  services: Services,
  of: { readonly service: string; readonly host: string; readonly endpoint: string | undefined },
): SignedHttp {
  const { config, credentials, clock } = services;
  const endpoint = of.endpoint ?? `https://${of.host}.${config.region}.amazonaws.com`;
  return createSignedHttp({ region: config.region, service: of.service, endpoint, credentials, clock });
}
