/** Every kind of limits store that a machine has, for the suites that they all must pass. */

import { startTestDynamo } from './dynamodb.ts';
import { dynamoStores, memoryStores, type Stores } from './limits-fixture.ts';
import { createMemoryDynamo } from './memory-dynamo.ts';

export interface LimitsKind {
  readonly name: string;
  readonly open: () => Stores;
}

/** Starts the database that speaks the real protocol, where there is one; `close` ends it. */
export async function startLimitsKinds(): Promise<{
  readonly kinds: readonly LimitsKind[];
  close(): Promise<void>;
}> {
  const kinds: LimitsKind[] = [
    { name: 'memory', open: memoryStores },
    { name: 'DynamoDB, expressions interpreted', open: () => dynamoStores(createMemoryDynamo()) },
  ];
  const server = await startTestDynamo();
  const tables = await server?.makeTables();
  if (server !== undefined && tables !== undefined) {
    const names = { limitsTable: tables.limits, usageTable: tables.usage };
    kinds.push({ name: 'DynamoDB, lean sender', open: () => dynamoStores(server.lean, names) });
    kinds.push({ name: 'DynamoDB, SDK', open: () => dynamoStores(server.sdk, names) });
  }
  return { kinds, close: async () => await server?.close() };
}
