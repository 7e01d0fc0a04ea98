/**
 * A local DynamoDB for one test file, with tables of its own and both senders. Undefined where the machine has no
 * local DynamoDB; the file then says so in a test instead of running its suites.
 */
import { randomUUID } from 'node:crypto';
import { startDynamoDb } from '../../local/dynamodb/start.ts';
import { createTables, tableNamed } from '../../local/dynamodb/tables.ts';
import { localAccess } from '../../local/stack/identity.ts';
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { createLeanDynamo } from '../../shared/aws/lean-dynamo.ts';
import { createSignedHttp } from '../../shared/aws/signed-http.ts';
import type { Config } from '../../shared/config.ts';
import { createSdkDynamo } from './sdk-dynamo.ts';

export interface TestDynamo {
  readonly endpoint: string;
  readonly lean: Dynamo;
  readonly sdk: Dynamo;
  /** Makes the five tables under names nobody else has. */
  makeTables(): Promise<Config['tables']>;
  /** Makes one table with the keys PK and SK; returns its name. */
  makeTable(): Promise<string>;
  close(): Promise<void>;
}

const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

/** Starts the server. Await it at the top of a test file and close it in `afterAll`. */
export async function startTestDynamo(): Promise<TestDynamo | undefined> {
  const server = await startDynamoDb();
  if (server === undefined) return undefined;
  const { endpoint } = server;
  const senders = sendersTo(endpoint);
  const makeTable = async (): Promise<string> => {
    const name = `test-${randomUUID()}`;
    await createTables(localAccess(endpoint), [tableNamed(name)]);
    return name;
  };
  return {
    ...senders,
    endpoint,
    makeTable,
    async makeTables() {
      const config = await makeTable();
      const limits = await makeTable();
      const usage = await makeTable();
      const audit = await makeTable();
      const auditHead = await makeTable();
      return { config, limits, usage, audit, auditHead };
    },
    async close() {
      senders.close();
      await server.close();
    },
  };
}

/** Both senders, speaking to one endpoint. Attempts may be slow: the machine that tests is shared. */
export function sendersTo(endpoint: string): { lean: Dynamo; sdk: Dynamo; close(): void } {
  const region = 'us-east-1';
  const credentials = () => LOCAL_CREDENTIALS;
  const http = createSignedHttp({
    ...{ region, service: 'dynamodb', endpoint, credentials, clock: Date.now },
    connectTimeoutMs: 10_000,
  });
  const sdk = createSdkDynamo({ region, endpoint, credentials });
  const close = (): void => {
    http.close();
    sdk.close();
  };
  return {
    lean: createLeanDynamo({ http, clock: Date.now, attemptTimeoutMs: 10_000, budgetMs: 20_000 }),
    sdk,
    close,
  };
}
