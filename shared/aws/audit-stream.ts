/**
 * What the streams of the two audit tables tell (NEW_AND_OLD_IMAGES), as changes of the log. The tables' own
 * writers only ever add events and move heads forward: everything else is tampering.
 */
import type { Config } from '../config.ts';
import type { AuditBatch, AuditChange, Tampering } from '../domain/audit-archive.ts';
import { ORGANIZATION_REF, parseTenantRef, type TenantRef } from '../domain/ids.ts';
import type { Item } from './attribute.ts';
import { copyKey, eventKey, fromEventItem, fromHeadItem } from './audit-items.ts';
import { ORGANIZATION_PARTITION } from './item-keys.ts';

/** Lambda's event of a DynamoDB stream, as far as it is read here. */
export interface StreamEvent {
  readonly Records: readonly StreamRecord[];
}

interface StreamRecord {
  readonly eventName?: 'INSERT' | 'MODIFY' | 'REMOVE';
  /** `arn:aws:dynamodb:<region>:<account>:table/<table>/stream/<label>`. */
  readonly eventSourceARN?: string;
  readonly dynamodb?: {
    readonly Keys?: Item;
    readonly OldImage?: Item;
    readonly NewImage?: Item;
    readonly SequenceNumber?: string;
    /** Unix seconds. */
    readonly ApproximateCreationDateTime?: number;
  };
}

type AuditTables = Pick<Config['tables'], 'audit' | 'auditHead'>;

const SOURCE = /^arn:[\w-]+:dynamodb:[\w-]+:(\d{12}):table\/([\w.-]+)\/stream\//;

/** Throws TypeError where the batch is not one of these tables' streams. */
export function readAuditStream(tables: AuditTables, event: StreamEvent): AuditBatch {
  const [first, last] = [event.Records[0], event.Records.at(-1)];
  const [, account, name] = SOURCE.exec(first?.eventSourceARN ?? '') ?? [];
  const table = tableOf(tables, name);
  const firstSequenceNumber = first?.dynamodb?.SequenceNumber;
  const lastSequenceNumber = last?.dynamodb?.SequenceNumber;
  if (account === undefined || firstSequenceNumber === undefined || lastSequenceNumber === undefined) {
    throw new TypeError('The event is no batch of a DynamoDB stream.');
  }
  return {
    account,
    table,
    firstSequenceNumber,
    lastSequenceNumber,
    startedAtMs: (first?.dynamodb?.ApproximateCreationDateTime ?? 0) * 1000,
    changes: event.Records.flatMap((record) => changeOf(table, record) ?? []),
  };
}

function tableOf(tables: AuditTables, name: string | undefined): Tampering['table'] {
  if (name === tables.audit) return 'audit';
  if (name === tables.auditHead) return 'audit-head';
  throw new TypeError(`The stream of ${name ?? 'no table'} is not the audit log's.`);
}

function changeOf(table: Tampering['table'], record: StreamRecord): AuditChange | undefined {
  const honest = table === 'audit' ? eventAdded(record) : headMoved(record);
  if (honest === 'copy') return undefined;
  return honest ?? tamperingOf(table, record);
}

/**
 * An event that was added in its own place. A copy in its own place says nothing that its event does not: what is
 * missing there, or invented, verification of the table finds.
 */
function eventAdded({ eventName, dynamodb }: StreamRecord): AuditChange | 'copy' | undefined {
  const item = dynamodb?.NewImage;
  const { partition, place } = keyOf(dynamodb?.Keys);
  if (eventName !== 'INSERT' || item === undefined) return undefined;
  const event = readable(() => fromEventItem(item));
  if (event === undefined) return undefined;
  const { facts, ...record } = event;
  const isAt = (key: Item): boolean => keyOf(key).partition === partition && keyOf(key).place === place;
  if (isAt(copyKey(facts.chain, record))) return 'copy';
  return isAt(eventKey(facts.chain, record.sequence))
    ? { kind: 'event', chain: facts.chain, record }
    : undefined;
}

/** A head that was made or went forward. */
function headMoved({ eventName, dynamodb }: StreamRecord): AuditChange | undefined {
  const { NewImage: after, OldImage: before } = dynamodb ?? {};
  const chain = chainOf(keyOf(dynamodb?.Keys).partition);
  if (eventName === 'REMOVE' || after === undefined || chain === undefined) return undefined;
  const head = readable(() => fromHeadItem(after));
  const old = before === undefined ? undefined : readable(() => fromHeadItem(before));
  if (head === undefined) return undefined;
  const forward = before === undefined || (old !== undefined && head.sequence > old.sequence);
  return forward ? { kind: 'head', chain, head } : undefined;
}

function tamperingOf(table: Tampering['table'], { eventName, dynamodb }: StreamRecord): Tampering {
  const { partition, place } = keyOf(dynamodb?.Keys);
  return {
    kind: 'tampering',
    table,
    change: eventName ?? 'MODIFY',
    item: `${partition}/${place}`,
    ...(dynamodb?.OldImage !== undefined && { before: dynamodb.OldImage }),
    ...(dynamodb?.NewImage !== undefined && { after: dynamodb.NewImage }),
  };
}

const keyOf = (keys: Item | undefined): { readonly partition: string; readonly place: string } => ({
  partition: keys?.['PK']?.S ?? '',
  place: keys?.['SK']?.S ?? '',
});

const chainOf = (partition: string): TenantRef | undefined =>
  partition === ORGANIZATION_PARTITION ? ORGANIZATION_REF : parseTenantRef(partition.replace(/^TENANT#/, ''));

/** Undefined where the item is not what this product writes. */
function readable<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
