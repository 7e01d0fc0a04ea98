/** The calls of `Dynamo` by the SDK's own client: the reference that the sender which ships is held against. */
import {
  BatchGetItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { batchGetAll } from '../../shared/aws/batch-get.ts';
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import type { CredentialsProvider } from '../../shared/aws/signed-http.ts';
import { REAL_WAITING, type Waiting } from '../../shared/aws/waiting.ts';

export interface SdkDynamoOptions {
  readonly region: string;
  /** Absent: the region's own. */
  readonly endpoint?: string | undefined;
  /** Absent: the SDK's default chain. */
  readonly credentials?: CredentialsProvider;
  readonly waiting?: Waiting;
}

/** `close` lets go of the client's connections. */
export function createSdkDynamo(options: SdkDynamoOptions): Dynamo & { close(): void } {
  const { endpoint, credentials } = options;
  const waiting = options.waiting ?? REAL_WAITING;
  const client = new DynamoDBClient({
    region: options.region,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials: async () => ({ ...(await credentials()) }) }),
    maxAttempts: 3,
    // Settings of the SDK's NodeHttpHandler: HTTP/1.1. Generous, as the machine that tests is shared.
    requestHandler: {
      connectionTimeout: 10_000,
      requestTimeout: 20_000,
      httpAgent: { keepAlive: true },
      httpsAgent: { keepAlive: true },
    },
  });
  return {
    batchGetItem: (input) =>
      batchGetAll({ waiting, get: (keys) => client.send(new BatchGetItemCommand(keys)) }, input),
    getItem: (input) => client.send(new GetItemCommand(input)),
    putItem: (input) => client.send(new PutItemCommand(input)),
    query: (input) => client.send(new QueryCommand(input)),
    transactWriteItems: (input) => client.send(new TransactWriteItemsCommand(input)),
    updateItem: (input) => client.send(new UpdateItemCommand(input)),
    close: () => client.destroy(),
  };
}
