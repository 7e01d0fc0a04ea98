/** Hourly rollups in DynamoDB. Why what they say is exact is in domain/rollup.ts. */
import type { TenantRef } from '../domain/ids.ts';
import { hourOf, type RolledHour, type RollupProgress, type SealedHour } from '../domain/rollup.ts';
import type { TimeRange, UsageRecord } from '../domain/usage.ts';
import type { UsageRollups } from '../ports.ts';
import { type Item, integer, text } from './attribute.ts';
import type { Dynamo } from './dynamo.ts';
import { partitionOf } from './item-keys.ts';
import {
  fromProgressItem,
  fromRollupItem,
  hourOfParts,
  partsOf,
  progressKey,
  type RollupPart,
  rollupKey,
  rollupRange,
  toProgressItem,
  toRollupItem,
} from './rollup-items.ts';
import { isConditionFailure, unavailable } from './store-failure.ts';

interface RollupTable {
  readonly dynamo: Dynamo;
  readonly table: string;
}

/** Of writers that race for one item, each round lets one through. */
const ROUNDS_MAX = 20;

/** The rollups of a usage table. Reads are queries alone: so the metrics function's role need not get items. */
export const createUsageRollups = (table: RollupTable): UsageRollups => ({
  readProgress: (tenant) => translated(() => readProgress(table, tenant)),
  read: (tenant, range) => readHours(table, tenant, range),
  seal: (tenant, hour) => translated(() => seal(table, tenant, hour)),
  advance: (tenant, { from, toMs }) =>
    translated(() =>
      replaceProgress(table, tenant, { from, to: { rolledToMs: toMs, reopened: from.reopened } }),
    ),
});

/**
 * Opens the hour of a record that may have come after it was sealed, and lets the next sweep begin no later than with
 * it. Throws what DynamoDB throws, or where others were always faster; it may be repeated.
 */
export async function reopenHour(table: RollupTable, record: UsageRecord): Promise<void> {
  const { tenant } = record;
  const startMs = hourOf(record.startedAtMs);
  await inRounds(async () => {
    const generation = await headGeneration(table, { tenant, startMs });
    const opened = toRollupItem(tenant, { startMs, generation: generation + 1, part: 0, lines: [] });
    return replace(table, opened, generationIs(generation));
  });
  await inRounds(async () => {
    const from = await readProgress(table, tenant);
    const to = { rolledToMs: Math.min(from.rolledToMs, startMs), reopened: from.reopened + 1 };
    return replaceProgress(table, tenant, { from, to });
  });
}

async function inRounds(attempt: () => Promise<boolean>): Promise<void> {
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    if (await attempt()) return;
  }
  throw new Error('The rollup changed each time it was to be opened.');
}

/**
 * One item is one conditional write. Several are claimed first, by a generation of their own: of two that seal at once
 * one is refused, and what one that died left behind is overwritten by the next and by no earlier one.
 */
async function seal(
  table: RollupTable,
  tenant: TenantRef,
  hour: SealedHour,
): Promise<'sealed' | 'overtaken'> {
  const { startMs } = hour;
  const [first = [], ...rest] = partsOf(hour.lines);
  let { generation } = hour;
  if (rest.length > 0) {
    const claim = toRollupItem(tenant, { startMs, generation: generation + 1, part: 0, lines: [] });
    if (!(await replace(table, claim, generationIs(generation)))) return 'overtaken';
    generation += 1;
  }
  const sealed = generation + 1;
  for (const [at, lines] of rest.entries()) {
    const part = toRollupItem(tenant, { startMs, generation: sealed, part: at + 1, lines });
    const isOurs = await replace(table, part, {
      ConditionExpression: 'attribute_not_exists(PK) OR generation < :generation',
      ExpressionAttributeValues: { ':generation': integer(sealed) },
    });
    if (!isOurs) return 'overtaken';
  }
  const of = { startMs, generation: sealed, part: 0, parts: rest.length + 1, lines: first };
  const isSealed = await replace(table, toRollupItem(tenant, of), generationIs(generation));
  return isSealed ? 'sealed' : 'overtaken';
}

type Condition = Pick<Parameters<Dynamo['putItem']>[0], 'ConditionExpression' | 'ExpressionAttributeValues'>;

const generationIs = (generation: number): Condition =>
  generation === 0
    ? { ConditionExpression: 'attribute_not_exists(PK)' }
    : {
        ConditionExpression: 'generation = :seen',
        ExpressionAttributeValues: { ':seen': integer(generation) },
      };

/** False where the condition does not hold; also after a write of ours whose answer was lost. */
async function replace(table: RollupTable, item: Item, condition: Condition): Promise<boolean> {
  try {
    await table.dynamo.putItem({ TableName: table.table, Item: item, ...condition });
    return true;
  } catch (error) {
    if (!isConditionFailure(error)) throw error;
    return false;
  }
}

const replaceProgress = (
  table: RollupTable,
  tenant: TenantRef,
  { from, to }: { readonly from: RollupProgress; readonly to: RollupProgress },
): Promise<boolean> =>
  replace(
    table,
    toProgressItem(tenant, to),
    from.rolledToMs === 0 && from.reopened === 0
      ? { ConditionExpression: 'attribute_not_exists(PK)' }
      : {
          ConditionExpression: 'rolledToMs = :to AND reopened = :reopened',
          ExpressionAttributeValues: { ':to': integer(from.rolledToMs), ':reopened': integer(from.reopened) },
        },
  );

async function headGeneration(
  table: RollupTable,
  of: { readonly tenant: TenantRef; readonly startMs: number },
): Promise<number> {
  const { Item: item } = await table.dynamo.getItem({
    TableName: table.table,
    Key: rollupKey(of.tenant, { startMs: of.startMs, part: 0 }),
    ConsistentRead: true,
  });
  return item === undefined ? 0 : fromRollupItem(item).generation;
}

async function readProgress(table: RollupTable, tenant: TenantRef): Promise<RollupProgress> {
  const { SK } = progressKey(tenant);
  const output = await query(table, { tenant, from: SK, to: SK, start: undefined });
  return fromProgressItem(output.Items?.[0]);
}

/** Hours are handed out when the item behind their last has been seen: an hour may go over the end of a page. */
async function* readHours(
  table: RollupTable,
  tenant: TenantRef,
  range: TimeRange,
): AsyncGenerator<readonly RolledHour[]> {
  if (range.toMs <= range.fromMs) return;
  let parts: readonly RollupPart[] = [];
  let start: Item | undefined;
  do {
    const page = await translated(async () => {
      const output = await query(table, { tenant, ...rollupRange(range), start });
      return { read: (output.Items ?? []).map(fromRollupItem), next: output.LastEvaluatedKey };
    });
    start = page.next;
    const hours = byHour([...parts, ...page.read]);
    parts = start === undefined ? [] : (hours.pop() ?? []);
    if (hours.length > 0) yield hours.flatMap(hourOfItems);
  } while (start !== undefined);
}

function byHour(parts: readonly RollupPart[]): RollupPart[][] {
  const hours: RollupPart[][] = [];
  for (const part of parts) {
    const last = hours.at(-1);
    if (last?.[0]?.startMs === part.startMs) last.push(part);
    else hours.push([part]);
  }
  return hours;
}

/** An hour's head is written before its first item and never removed. */
function hourOfItems([head, ...rest]: readonly RollupPart[]): readonly RolledHour[] {
  return head === undefined ? [] : [hourOfParts(head, rest)];
}

const query = (
  { dynamo, table }: RollupTable,
  of: {
    readonly tenant: TenantRef;
    readonly from: Item[string] | undefined;
    readonly to: Item[string] | undefined;
    readonly start: Item | undefined;
  },
) => {
  const { from = text(''), to = text('') } = of;
  return dynamo.query({
    TableName: table,
    KeyConditionExpression: 'PK = :tenant AND SK BETWEEN :from AND :to',
    ExpressionAttributeValues: { ':tenant': text(partitionOf(of.tenant)), ':from': from, ':to': to },
    ConsistentRead: true,
    ...(of.start !== undefined && { ExclusiveStartKey: of.start }),
  });
};

/** A rollup that cannot be read fails the whole: a sum over part of an hour is wrong. */
async function translated<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw unavailable('usage ledger', error);
  }
}
