/** DynamoDB for a script: the senders of the functions, with credentials that the AWS SDK finds. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { createLeanDynamo } from '../../shared/aws/lean-dynamo.ts';
import { createSignedHttp } from '../../shared/aws/signed-http.ts';
import type { TablesPlace } from './place.ts';

export interface TablesConnection {
  readonly dynamo: Dynamo;
  /** The SDK's own, for what the functions never do: a scan. */
  readonly client: DynamoDBClient;
  /** `bedrock-proxy-prod`: what the names of the stage's tables begin with. */
  readonly prefix: string;
  close(): void;
}

/** Nobody waits for an answer here, and a page is as large as it may be. */
const PATIENT = { attemptsMax: 5, attemptTimeoutMs: 10_000, budgetMs: 30_000 };

/** Rejects where no credentials are found: every call of a store would say that it cannot be reached. */
export async function connectTables(place: TablesPlace): Promise<TablesConnection> {
  const { region, credentials, endpoint = `https://dynamodb.${region}.amazonaws.com` } = place;
  const client = new DynamoDBClient({ region, endpoint, ...(credentials !== undefined && { credentials }) });
  await assertCredentials(client);
  const http = createSignedHttp({
    ...{ region, service: 'dynamodb', endpoint, clock: Date.now },
    credentials: async () => {
      const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
      return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
    },
  });
  return {
    client,
    dynamo: createLeanDynamo({ http, clock: Date.now, ...PATIENT }),
    prefix: `bedrock-proxy-${place.stage}`,
    close: () => {
      http.close();
      client.destroy();
    },
  };
}

async function assertCredentials(client: DynamoDBClient): Promise<void> {
  try {
    await client.config.credentials();
  } catch (cause) {
    client.destroy();
    const remedy =
      'Sign in (aws sso login), or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.';
    throw new Error(`No AWS credentials were found. ${remedy}`, { cause });
  }
}
