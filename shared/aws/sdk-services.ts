import type { Dynamo } from './dynamo.ts';
import { createSdkDynamo } from './sdk-dynamo.ts';
import type { Services } from './services.ts';

/** DynamoDB by the SDK's client, for the control plane. Apart from services.ts, so that the hot path does not bundle it. */
export const sdkDynamo = ({ config, credentials }: Services): Dynamo =>
  createSdkDynamo({ region: config.region, endpoint: config.endpoints.dynamodb, credentials });
