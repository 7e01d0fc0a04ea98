/** The ledger in DynamoDB. Reading is the metrics function's; writing belongs to settlement (limits-store.ts). */
import type { RequestId, TenantRef } from '../domain/ids.ts';
import { isLate } from '../domain/rollup.ts';
import type { TimeRange, UsageRecord } from '../domain/usage.ts';
import type { Clock, UsageStore } from '../ports.ts';
import { type Item, text } from './attribute.ts';
import type { Dynamo } from './dynamo.ts';
import { partitionOf } from './item-keys.ts';
import { isConditionFailure, unavailable } from './store-failure.ts';
import { fromUsageItem, toUsageItem, usageKey, usageRange } from './usage-item.ts';
import { reopenHour } from './usage-rollups.ts';

export interface UsageTable {
  readonly dynamo: Dynamo;
  readonly table: string;
  /** After this many days a record may be dropped; absent means never. */
  readonly retentionDays?: number;
  /** Tells records that come late; absent: nobody rolls this ledger up. */
  readonly clock?: Clock;
}

/**
 * Reads by the time inside the request id, which is the request's receipt: it may precede `startedAtMs`, the
 * admission, by the milliseconds that authentication takes. One page a query, at most 1 MB of records.
 */
export const createUsageStore = (usage: UsageTable): UsageStore => ({
  read: (tenant, range) => readPages(usage, tenant, range),
});

/**
 * Writes a record unless it is there: repeating it, from any process, changes nothing. A record that comes late opens
 * its hour again, also where it was there: who wrote it may have died before this. Throws what DynamoDB throws.
 */
export async function putUsageRecord(usage: UsageTable, record: UsageRecord): Promise<void> {
  try {
    await usage.dynamo.putItem({
      TableName: usage.table,
      Item: toUsageItem(record, usage.retentionDays),
      ConditionExpression: 'attribute_not_exists(PK)',
    });
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
  }
  // Asked behind the write: by then the record is there, however long the process stood still before.
  if (usage.clock !== undefined && isLate(record, usage.clock())) await reopenHour(usage, record);
}

/** Whether a request has its record, strongly consistent. Throws what DynamoDB throws. */
export async function hasUsageRecord(
  usage: UsageTable,
  tenant: TenantRef,
  request: RequestId,
): Promise<boolean> {
  const output = await usage.dynamo.getItem({
    TableName: usage.table,
    Key: usageKey(tenant, request),
    ConsistentRead: true,
    ProjectionExpression: 'PK',
  });
  return output.Item !== undefined;
}

async function* readPages(
  usage: UsageTable,
  tenant: TenantRef,
  range: TimeRange,
): AsyncGenerator<readonly UsageRecord[]> {
  if (range.toMs <= range.fromMs) return;
  let start: Item | undefined;
  do {
    const page = await queryPage(usage, { tenant, range, start });
    if (page.records.length > 0) yield page.records;
    start = page.next;
  } while (start !== undefined);
}

/** A record that cannot be read fails the page: a sum over part of a ledger is wrong. */
async function queryPage(
  usage: UsageTable,
  of: { readonly tenant: TenantRef; readonly range: TimeRange; readonly start: Item | undefined },
): Promise<{ readonly records: readonly UsageRecord[]; readonly next: Item | undefined }> {
  const { from, to } = usageRange(of.range);
  try {
    const output = await usage.dynamo.query({
      TableName: usage.table,
      KeyConditionExpression: 'PK = :tenant AND SK BETWEEN :from AND :to',
      ExpressionAttributeValues: { ':tenant': text(partitionOf(of.tenant)), ':from': from, ':to': to },
      ConsistentRead: true,
      ...(of.start !== undefined && { ExclusiveStartKey: of.start }),
    });
    const records = (output.Items ?? []).map((item) => fromUsageItem(of.tenant, item));
    return { records, next: output.LastEvaluatedKey };
  } catch (error) {
    throw unavailable('usage ledger', error);
  }
}
