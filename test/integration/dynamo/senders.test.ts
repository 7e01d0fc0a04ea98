import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Dynamo } from '../../../shared/aws/dynamo.ts';
import { startTestDynamo } from '../../support/dynamodb.ts';

/** The lean sender and the SDK's, through the same calls against a local DynamoDB: same answers, same refusals. */
const dynamo = await startTestDynamo();
afterAll(() => dynamo?.close());

/** What differs between two runs by nature: request ids, attempts, the SDK's own bookkeeping. */
const essence = ({ $metadata: _, ...answer }: object & { $metadata?: unknown }): object => answer;

const refusal = (error: unknown): object => {
  if (!(error instanceof Error)) throw new TypeError('not an error');
  const { Item, CancellationReasons } = error as {
    Item?: unknown;
    CancellationReasons?: readonly { Code?: string; Item?: unknown }[];
  };
  return {
    name: error.name,
    Item,
    reasons: CancellationReasons?.map(({ Code, Item: item }) => ({ Code, Item: item })),
  };
};

const refused = async (call: Promise<unknown>): Promise<object> =>
  call.then(
    () => {
      throw new Error('The call was expected to be refused.');
    },
    (error: unknown) => refusal(error),
  );

type Item = Record<string, AttributeValue>;
const everyKind: Item = {
  text: { S: 'grüße "\\\u0000 🎈' },
  emptyText: { S: '' },
  number: { N: '-12345678901234567890.5' },
  bytes: { B: Uint8Array.from([0, 1, 254, 255]) },
  noBytes: { B: new Uint8Array() },
  truth: { BOOL: false },
  nothing: { NULL: true },
  texts: { SS: ['a', 'b'] },
  numbers: { NS: ['1', '2'] },
  manyBytes: { BS: [Uint8Array.from([1]), Uint8Array.from([2, 3])] },
  list: { L: [{ B: Uint8Array.from([9]) }, { M: { B: { B: Uint8Array.from([8]) } } }] },
  map: { M: { B: { S: 'named as a type' }, BS: { L: [{ S: 'likewise' }] } } },
  B: { S: 'an attribute named as a type' },
};
const bySortKey = (a: Item, b: Item) => (a['SK']?.S ?? '').localeCompare(b['SK']?.S ?? '');
const bytes = Buffer.from('a buffer that is a slice').subarray(2, 8);

/** Every call of the port, refusals included; returns all that was answered. */
async function scenario(sender: Dynamo, TableName: string): Promise<unknown> {
  const PK = { S: 'p' };
  const key = (sort: string) => ({ PK, SK: { S: sort } });
  const first = { ...key('1'), ...everyKind, bytes: { B: bytes } };
  const answers: unknown[] = [];
  const keep = async (answer: Promise<object>) => answers.push(essence(await answer));

  await keep(sender.putItem({ TableName, Item: first }));
  await keep(sender.getItem({ TableName, Key: key('1'), ConsistentRead: true }));
  await keep(sender.getItem({ TableName, Key: key('absent') }));
  await keep(
    sender.updateItem({
      TableName,
      Key: key('counter'),
      UpdateExpression: 'SET #b = :b ADD hits :one',
      ExpressionAttributeNames: { '#b': 'B' },
      ExpressionAttributeValues: { ':b': { B: Uint8Array.from([7]) }, ':one': { N: '1' } },
      ReturnValues: 'ALL_NEW',
    }),
  );
  await keep(
    refused(
      sender.updateItem({
        TableName,
        Key: key('1'),
        UpdateExpression: 'SET x = :x',
        ConditionExpression: 'attribute_exists(absent)',
        ExpressionAttributeValues: { ':x': { N: '1' } },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    ),
  );
  await keep(
    refused(sender.putItem({ TableName, Item: key('1'), ConditionExpression: 'attribute_not_exists(SK)' })),
  );
  await keep(
    sender.transactWriteItems({
      TransactItems: [
        { Put: { TableName, Item: { ...key('2'), payload: { B: Uint8Array.from([5]) } } } },
        { ConditionCheck: { TableName, Key: key('1'), ConditionExpression: 'attribute_exists(PK)' } },
      ],
    }),
  );
  await keep(
    refused(
      sender.transactWriteItems({
        TransactItems: [
          { Put: { TableName, Item: key('3') } },
          {
            Put: {
              TableName,
              Item: key('2'),
              ConditionExpression: 'attribute_not_exists(PK)',
              ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
            },
          },
        ],
      }),
    ),
  );
  const Keys = [key('1'), key('2'), key('absent')];
  const batch = await sender.batchGetItem({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } });
  answers.push([...(batch.Responses?.[TableName] ?? [])].sort(bySortKey));
  const page = {
    TableName,
    KeyConditionExpression: 'PK = :pk',
    ExpressionAttributeValues: { ':pk': PK },
    Limit: 2,
  };
  const start = await sender.query(page);
  answers.push(essence(start));
  await keep(sender.query({ ...page, ExclusiveStartKey: start.LastEvaluatedKey }));
  await keep(refused(sender.getItem({ TableName: 'absent', Key: key('1') })));
  await keep(refused(sender.getItem({ TableName, Key: { PK } })));
  return answers;
}

if (dynamo === undefined) {
  test('this machine has no local DynamoDB, so the senders were not compared', () => undefined);
} else {
  test('the lean sender answers and refuses as the SDK does', async () => {
    const lean = await scenario(dynamo.lean, await dynamo.makeTable());
    const sdk = await scenario(dynamo.sdk, await dynamo.makeTable());
    expect(plain(lean)).toEqual(plain(sdk));
  });

  test('the lean sender gives back the bytes it was given', async () => {
    const TableName = await dynamo.makeTable();
    const Item = { PK: { S: 'p' }, SK: { S: 's' }, ...everyKind };
    await dynamo.lean.putItem({ TableName, Item });
    const read = await dynamo.lean.getItem({ TableName, Key: { PK: Item.PK, SK: Item.SK } });
    expect(read.Item).toEqual(Item);
  });

  test.each(['lean', 'sdk'] as const)(
    'a %s transaction resent with its token takes effect once',
    async (name) => {
      const TableName = await dynamo.makeTable();
      const Key = { PK: { S: 'p' }, SK: { S: 's' } };
      const Update = {
        TableName,
        Key,
        UpdateExpression: 'ADD hits :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      };
      const input = { ClientRequestToken: `token-of-${name}`, TransactItems: [{ Update }] };
      await dynamo[name].transactWriteItems(input);
      await dynamo[name].transactWriteItems(input);
      const read = await dynamo[name].getItem({ TableName, Key });
      expect(read.Item?.['hits']).toEqual({ N: '1' });
    },
  );
}

/** Without `undefined` members and SDK classes, so that only data is compared. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, plain(member)]));
}
