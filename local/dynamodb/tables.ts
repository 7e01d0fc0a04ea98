/** The product's tables on a local DynamoDB: from the compiled CloudFormation, or by name alone. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  ResourceInUseException,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import type { AwsAccess } from '../stack/identity.ts';

/** A compiled template, as far as tables need it. */
export interface Template {
  readonly Resources?: Readonly<
    Record<string, { readonly Type?: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >;
}

/** A table to make; every table of the product has the keys PK and SK, both strings. */
export interface LocalTable {
  readonly create: CreateTableCommandInput;
  /** The attribute by which items expire. */
  readonly timeToLive?: string;
}

/** Makes the tables that are not there yet. */
export async function createTables(access: AwsAccess, tables: readonly LocalTable[]): Promise<void> {
  const client = new DynamoDBClient({ ...access });
  try {
    for (const table of tables) await createTable(client, table);
  } finally {
    client.destroy();
  }
}

/** The tables of a compiled template. Throws on a property that a local table would not honour. */
export function tablesOfTemplate(template: Template): readonly LocalTable[] {
  return Object.entries(template.Resources ?? {})
    .filter(([, resource]) => resource.Type === 'AWS::DynamoDB::Table')
    .map(([id, resource]) => tableOf(id, resource.Properties ?? {}));
}

/** A table with the product's keys and nothing else. */
export const tableNamed = (name: string): LocalTable => ({
  create: {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [
      { AttributeName: 'PK', KeyType: 'HASH' },
      { AttributeName: 'SK', KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'PK', AttributeType: 'S' },
      { AttributeName: 'SK', AttributeType: 'S' },
    ],
  },
});

/** Shape of a table: spelled in the template as the service's CreateTable spells it. */
const SHAPE = new Set([
  'TableName',
  'KeySchema',
  'AttributeDefinitions',
  'BillingMode',
  'GlobalSecondaryIndexes',
  'LocalSecondaryIndexes',
]);

/** Protection, operation and cost: without a counterpart on a laptop, and no query can tell. */
const WITHOUT_COUNTERPART = new Set([
  'ContributorInsightsSpecification',
  'DeletionProtectionEnabled',
  'OnDemandThroughput',
  'PointInTimeRecoverySpecification',
  'ResourcePolicy',
  'SSESpecification',
  'StreamSpecification',
  'TableClass',
  'Tags',
  'TimeToLiveSpecification',
  'WarmThroughput',
]);

function tableOf(id: string, properties: Readonly<Record<string, unknown>>): LocalTable {
  const unknown = Object.keys(properties).find((name) => !SHAPE.has(name) && !WITHOUT_COUNTERPART.has(name));
  if (unknown !== undefined)
    throw new Error(`${id}: the local DynamoDB does not know the property ${unknown}.`);
  if (typeof properties['TableName'] !== 'string') {
    throw new Error(`${id}: TableName must be a literal, so that it is known without a deployment.`);
  }
  const shape = Object.fromEntries(Object.entries(properties).filter(([name]) => SHAPE.has(name)));
  const expiry = properties['TimeToLiveSpecification'] as { AttributeName?: string } | undefined;
  return {
    // The template is AWS's own spelling of this input; the service checks it.
    create: shape as unknown as CreateTableCommandInput,
    ...(expiry?.AttributeName !== undefined && { timeToLive: expiry.AttributeName }),
  };
}

async function createTable(client: DynamoDBClient, { create, timeToLive }: LocalTable): Promise<void> {
  try {
    await client.send(new CreateTableCommand(create));
  } catch (error) {
    if (error instanceof ResourceInUseException) return;
    throw error;
  }
  if (timeToLive === undefined) return;
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: create.TableName,
      TimeToLiveSpecification: { AttributeName: timeToLive, Enabled: true },
    }),
  );
}
