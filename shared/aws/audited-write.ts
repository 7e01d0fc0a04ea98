/**
 * Commits changes together with their audit events, in one transaction with the heads of the chains they join.
 * Two writers of one chain contend for its head: the loser reads it again, builds its events anew and tries with
 * a new token, for five seconds at most. A transaction whose answer was lost is resent as it was, with its token,
 * so that it takes effect once whether or not it had arrived.
 */
import { randomUUID } from 'node:crypto';
import type { TransactWriteItem, TransactWriteItemsCommandInput } from '@aws-sdk/client-dynamodb';
import type { Config } from '../config.ts';
import { type AuditEntry, type AuditHead, chainAuditEntry } from '../domain/audit.ts';
import type { TenantRef } from '../domain/ids.ts';
import type { Clock } from '../ports.ts';
import { type Item, integer, text } from './attribute.ts';
import { headKey, toCopyItem, toEventItem } from './audit-items.ts';
import { readHead } from './audit-store.ts';
import type { Dynamo } from './dynamo.ts';
import { isPermanent, unavailable } from './store-failure.ts';
import type { Waiting } from './waiting.ts';

export interface AuditedWriter {
  readonly dynamo: Dynamo;
  readonly tables: Pick<Config['tables'], 'audit' | 'auditHead'>;
  readonly clock: Clock;
  readonly waiting: Waiting;
}

export interface AuditedChange {
  /** Each write's condition, where it has one, is a rule of the product: its failure refuses the change. */
  readonly writes: readonly TransactWriteItem[];
  readonly audit: readonly AuditEntry[];
}

/** The first write whose condition failed, and the item as it was, where the write asked for it and there was one. */
export interface RefusedWrite {
  readonly index: number;
  readonly item: Item | undefined;
}

const PATIENCE_MS = 5_000;
const WAIT_BASE_MS = 20;
const WAIT_MAX_MS = 500;

/** What DynamoDB takes in one transaction. */
const ITEMS_MAX = 100;

/**
 * Undefined when all of it committed; nothing was written where a write was refused or this rejects for contention.
 * Throws RangeError where the change is larger than a transaction: two items an event and one a chain come on top.
 */
export async function commitAudited(
  writer: AuditedWriter,
  change: AuditedChange,
): Promise<RefusedWrite | undefined> {
  const pause = createPause(writer);
  for (;;) {
    const outcome = await submit(writer, { input: await transactionOf(writer, change), change, pause });
    if (outcome === 'committed') return undefined;
    if (!(outcome instanceof Error)) return outcome;
    await pause(outcome);
  }
}

/** Waits with full jitter; throws service_unavailable where the next attempt would come too late. */
type Pause = (cause: unknown) => Promise<void>;

function createPause({ clock, waiting }: AuditedWriter): Pause {
  const startedMs = clock();
  let attempts = 0;
  return async (cause) => {
    attempts += 1;
    const waitMs = waiting.random() * Math.min(WAIT_MAX_MS, WAIT_BASE_MS * 2 ** attempts);
    if (clock() + waitMs - startedMs > PATIENCE_MS) throw unavailable('control plane', cause);
    await waiting.wait(waitMs);
  };
}

/** One transaction until its fate is known. An Error is contention: without effect, and worth a new transaction. */
async function submit(
  writer: AuditedWriter,
  of: {
    readonly input: TransactWriteItemsCommandInput;
    readonly change: AuditedChange;
    readonly pause: Pause;
  },
): Promise<'committed' | RefusedWrite | Error> {
  for (;;) {
    try {
      await writer.dynamo.transactWriteItems(of.input);
      return 'committed';
    } catch (error) {
      if (isCancellation(error)) return judge(error, of.change);
      if (isPermanent(error)) throw unavailable('control plane', error);
      await of.pause(error);
    }
  }
}

interface Cancellation extends Error {
  readonly CancellationReasons?: readonly { readonly Code?: string; readonly Item?: Item }[];
}

const isCancellation = (error: unknown): error is Cancellation =>
  error instanceof Error && error.name === 'TransactionCanceledException';

/** Reasons that pass, besides the failed condition of a head or of an event's place. */
const PASSING = new Set([
  'None',
  'ConditionalCheckFailed',
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]);

function judge(error: Cancellation, change: AuditedChange): RefusedWrite | Error {
  const reasons = error.CancellationReasons ?? [];
  const index = reasons.findIndex(
    (reason, at) => at < change.writes.length && reason.Code === 'ConditionalCheckFailed',
  );
  if (index >= 0) return { index, item: reasons[index]?.Item };
  const passes = reasons.length > 0 && reasons.every((reason) => PASSING.has(reason.Code ?? 'None'));
  if (!passes) throw unavailable('control plane', error);
  return error;
}

/** The change first, then each chain's events, their copies and its head: `judge` tells them apart by their place. */
async function transactionOf(
  writer: AuditedWriter,
  change: AuditedChange,
): Promise<TransactWriteItemsCommandInput> {
  const chains = Map.groupBy(change.audit, (entry) => entry.chain);
  const appends = await Promise.all(
    [...chains].map(async ([chain, entries]) => appendTo(writer, { chain, entries })),
  );
  const items = [...change.writes, ...appends.flat()];
  if (items.length > ITEMS_MAX) throw new RangeError(`A change of ${items.length} items is no transaction.`);
  return { ClientRequestToken: randomUUID(), TransactItems: items };
}

async function appendTo(
  writer: AuditedWriter,
  of: { readonly chain: TenantRef; readonly entries: readonly AuditEntry[] },
): Promise<TransactWriteItem[]> {
  const before = await readHead(writer, of.chain);
  const events: TransactWriteItem[] = [];
  let head = before;
  for (const entry of of.entries) {
    const record = chainAuditEntry(head, entry);
    for (const item of [toEventItem(of.chain, record), toCopyItem(of.chain, record)]) {
      events.push({
        Put: {
          TableName: writer.tables.audit,
          Item: item,
          ConditionExpression: 'attribute_not_exists(SK)',
        },
      });
    }
    head = record;
  }
  return [...events, moveHead(writer, { chain: of.chain, before, after: head })];
}

/** The head moves only from where it was read: two writers cannot both follow the same event. */
function moveHead(
  writer: AuditedWriter,
  of: { readonly chain: TenantRef; readonly before: AuditHead; readonly after: AuditHead },
): TransactWriteItem {
  const { before, after } = of;
  const unborn = before.sequence === 0;
  return {
    Update: {
      TableName: writer.tables.auditHead,
      Key: headKey(of.chain),
      UpdateExpression: 'SET #sequence = :sequence, atMs = :atMs, #hash = :hash',
      ConditionExpression: unborn
        ? 'attribute_not_exists(PK)'
        : '#sequence = :before AND #hash = :beforeHash',
      ExpressionAttributeNames: { '#sequence': 'sequence', '#hash': 'hash' },
      ExpressionAttributeValues: {
        ':sequence': integer(after.sequence),
        ':atMs': integer(after.atMs),
        ':hash': text(after.hash),
        ...(!unborn && { ':before': integer(before.sequence), ':beforeHash': text(before.hash) }),
      },
    },
  };
}
