/** One page of a partition's items under a sort-key prefix, in the order of their sort keys. */
import type { QueryCommandInput } from '@aws-sdk/client-dynamodb';
import type { Page } from '../domain/page.ts';
import { type Item, text } from './attribute.ts';
import type { Dynamo } from './dynamo.ts';

/** Leaves out the items of one status. */
export interface PageFilter {
  readonly leaveOut: 'archived' | 'deleted' | 'revoked' | 'sent';
}

export interface PageQuery<Entity> {
  readonly table: string;
  readonly partition: string;
  readonly prefix: string;
  /** The key that the page follows; an item need not be there. */
  readonly after: Item | undefined;
  readonly limit: number;
  readonly filter?: PageFilter;
  readonly read: (item: Item) => Entity;
}

/** Items that a query with a filter evaluates at a time: tombstones cost reads, not round trips. */
const EVALUATED = 200;

/** Reads one item more than the page holds, which tells whether there are more. */
export async function readPage<Entity>(dynamo: Dynamo, page: PageQuery<Entity>): Promise<Page<Entity>> {
  const query = queryOf(page);
  const found: Item[] = [];
  let next = page.after;
  do {
    const output = await dynamo.query({ ...query, ExclusiveStartKey: next });
    found.push(...(output.Items ?? []));
    next = output.LastEvaluatedKey;
  } while (found.length <= page.limit && next !== undefined);
  return { items: found.slice(0, page.limit).map(page.read), hasMore: found.length > page.limit };
}

function queryOf(page: Omit<PageQuery<unknown>, 'read'>): QueryCommandInput {
  const values = { ':partition': text(page.partition), ':prefix': text(page.prefix) };
  const query = {
    TableName: page.table,
    KeyConditionExpression: 'PK = :partition AND begins_with(SK, :prefix)',
    ConsistentRead: true,
  };
  if (page.filter === undefined)
    return { ...query, ExpressionAttributeValues: values, Limit: page.limit + 1 };
  return {
    ...query,
    FilterExpression: '#status <> :leftOut',
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: { ...values, ':leftOut': text(page.filter.leaveOut) },
    Limit: EVALUATED,
  };
}
