/**
 * The audit log in DynamoDB, read. One chain is listed from its own partition, several or all from the copies in
 * the organisation's; both are in the order of time. Filters act here, not in the query: whatever they leave out
 * has been read either way, so that one page evaluates a bounded number of events.
 */
import type { Config } from '../config.ts';
import { type AuditHead, EMPTY_CHAIN } from '../domain/audit.ts';
import {
  type AuditEvent,
  type AuditQuery,
  admitsEvent,
  auditOrder,
  EVALUATED_MAX,
  refuseEvaluation,
  sixteenDigits,
} from '../domain/audit-event.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import type { TenantRef } from '../domain/ids.ts';
import type { Page } from '../domain/page.ts';
import type { AuditStore } from '../ports.ts';
import { type Item, text, textOf } from './attribute.ts';
import {
  COPY_PREFIX,
  EVENT_PREFIX,
  eventKey,
  fromEventItem,
  fromEvidenceHead,
  fromEvidenceItem,
  fromHeadItem,
  headKey,
} from './audit-items.ts';
import type { Dynamo } from './dynamo.ts';
import { ORGANIZATION_PARTITION, partitionOf } from './item-keys.ts';
import { readPage } from './query-page.ts';
import { unavailable } from './store-failure.ts';

export interface AuditTables {
  readonly dynamo: Dynamo;
  readonly tables: Pick<Config['tables'], 'audit' | 'auditHead'>;
  /** How many events a page of the list evaluates; by default EVALUATED_MAX. */
  readonly evaluatedMax?: number;
}

export const createAuditStore = (audit: AuditTables): AuditStore => ({
  list: (query) => answered(() => list(audit, query)),
  readChain: (chain, page) =>
    answered(() =>
      readPage(audit.dynamo, {
        table: audit.tables.audit,
        partition: partitionOf(chain),
        prefix: EVENT_PREFIX,
        after: page.after === undefined ? undefined : eventKey(chain, Number(page.after)),
        limit: page.limit,
        read: fromEvidenceItem,
      }),
    ),
  readHead: (chain) =>
    answered(async () => {
      const item = await readHeadItem(audit, chain);
      return item === undefined ? EMPTY_CHAIN : fromEvidenceHead(item);
    }),
});

/** The head that the next event follows; of a chain that has none, the empty one's. Throws what DynamoDB throws, and TypeError where it is malformed. */
export async function readHead(audit: AuditTables, chain: TenantRef): Promise<AuditHead> {
  const item = await readHeadItem(audit, chain);
  return item === undefined ? EMPTY_CHAIN : fromHeadItem(item);
}

async function readHeadItem(audit: AuditTables, chain: TenantRef): Promise<Item | undefined> {
  const { Item: item } = await audit.dynamo.getItem({
    TableName: audit.tables.auditHead,
    Key: headKey(chain),
    ConsistentRead: true,
  });
  return item;
}

async function list(audit: AuditTables, query: AuditQuery): Promise<Page<AuditEvent>> {
  const { cursor, filter, limit } = query;
  const place = cursor === undefined ? undefined : await findEvent(audit, cursor);
  if (place !== undefined && filter.chains?.includes(place.facts.chain) === false) refuseCursor(cursor);
  const forward = cursor?.direction === 'before';
  const found: AuditEvent[] = [];
  for await (const event of evaluate(audit, { query, place, forward })) {
    if (admitsEvent(filter, event)) found.push(event);
    if (found.length > limit) break;
  }
  const items = found.slice(0, limit);
  return { items: forward ? items.toReversed() : items, hasMore: found.length > limit };
}

type Cursor = AuditQuery['cursor'];

async function findEvent(audit: AuditTables, cursor: NonNullable<Cursor>): Promise<AuditEvent> {
  const { chain, sequence } = cursor.place;
  const { PK: partition, SK: place } = eventKey(chain, sequence);
  const { Items: items = [] } = await audit.dynamo.query({
    TableName: audit.tables.audit,
    KeyConditionExpression: 'PK = :partition AND SK = :place',
    ExpressionAttributeValues: { ':partition': partition ?? text(''), ':place': place ?? text('') },
    ConsistentRead: true,
  });
  return items[0] === undefined ? refuseCursor(cursor) : fromEventItem(items[0]);
}

/** Names the parameter that the cursor came by. */
function refuseCursor(cursor: Cursor): never {
  const param = cursor?.direction ?? 'after';
  throw new GatewayError('invalid_value', `'${param}' must be the id of an event of this list.`, { param });
}

interface Walk {
  readonly query: AuditQuery;
  /** The walk begins next to this event. */
  readonly place: AuditEvent | undefined;
  readonly forward: boolean;
}

/** The events of the filter's span; throws where a page of them would take more than may be evaluated. */
async function* evaluate(audit: AuditTables, of: Walk): AsyncGenerator<AuditEvent> {
  const { fromMs, toMs } = of.query.filter;
  const evaluatedMax = audit.evaluatedMax ?? EVALUATED_MAX;
  let evaluated = 0;
  for await (const event of walk(audit, of)) {
    if (of.forward ? event.atMs >= toMs : event.atMs < fromMs) return;
    evaluated += 1;
    if (evaluated > evaluatedMax) refuseEvaluation(evaluatedMax);
    yield event;
  }
}

/** Every event of the filter's span from the cursor or the end on, and then those beyond it. */
async function* walk(audit: AuditTables, of: Walk): AsyncGenerator<AuditEvent> {
  const range = await rangeOf(audit, of);
  if (range === undefined || range.from > range.to) return;
  let next: Item | undefined;
  do {
    const output = await audit.dynamo.query({
      TableName: audit.tables.audit,
      KeyConditionExpression: 'PK = :partition AND SK BETWEEN :from AND :to',
      ExpressionAttributeValues: {
        ':partition': text(range.partition),
        ':from': text(range.from),
        ':to': text(range.to),
      },
      ScanIndexForward: of.forward,
      ConsistentRead: true,
      ...(isPlain(of.query) && { Limit: of.query.limit + 2 }),
      ...(next !== undefined && { ExclusiveStartKey: next }),
    });
    for (const item of output.Items ?? []) {
      if (textOf(item, 'SK') !== range.except) yield fromEventItem(item);
    }
    next = output.LastEvaluatedKey;
  } while (next !== undefined);
}

/** Whether nearly every event that is read is also listed: more need not be read at once. */
const isPlain = ({ filter }: AuditQuery): boolean =>
  (filter.chains?.length ?? 1) === 1 &&
  filter.types === undefined &&
  filter.actorIds === undefined &&
  filter.resourceIds === undefined;

interface Range {
  readonly partition: string;
  /** Sort keys, both inclusive. */
  readonly from: string;
  readonly to: string;
  /** The cursor's own. */
  readonly except: string | undefined;
}

/** Undefined where the filter admits no chain at all. */
async function rangeOf(audit: AuditTables, of: Walk): Promise<Range | undefined> {
  const { chains, fromMs, toMs } = of.query.filter;
  if (chains?.length === 0) return undefined;
  const [chain, ...others] = chains ?? [];
  if (chain !== undefined && others.length === 0) return rangeOfChain(audit, { ...of, chain });
  const except =
    of.place === undefined
      ? undefined
      : COPY_PREFIX + auditOrder({ ...of.place, chain: of.place.facts.chain });
  const span = { from: COPY_PREFIX + sixteenDigits(fromMs), to: COPY_PREFIX + sixteenDigits(toMs) };
  return cutAt(except, { ...span, partition: ORGANIZATION_PARTITION, forward: of.forward });
}

/** A chain is ordered by sequence: where the span begins or ends in it has to be looked for. */
async function rangeOfChain(audit: AuditTables, of: Walk & { readonly chain: TenantRef }): Promise<Range> {
  const { chain, forward, place } = of;
  const { fromMs, toMs } = of.query.filter;
  const isInside = place !== undefined && (forward ? place.atMs >= fromMs : place.atMs < toMs);
  const bound = isInside ? undefined : await firstAt(audit, { chain, atMs: forward ? fromMs : toMs });
  const keyOf = (sequence: number): string => EVENT_PREFIX + sixteenDigits(sequence);
  const beyond = `${EVENT_PREFIX}~`;
  const from = !forward || isInside ? EVENT_PREFIX : bound === undefined ? beyond : keyOf(bound);
  const to = forward || bound === undefined ? beyond : keyOf(bound - 1);
  const except = place === undefined ? undefined : keyOf(place.sequence);
  return cutAt(except, { from, to, partition: partitionOf(chain), forward });
}

const cutAt = (
  except: string | undefined,
  { from, to, partition, forward }: Omit<Range, 'except'> & { readonly forward: boolean },
): Range => ({
  partition,
  from: forward ? greater(except, from) : from,
  to: forward ? to : lesser(except, to),
  except,
});

/**
 * The place in a chain of its first event at that instant or after it; undefined where there is none. A chain's times
 * never go back, so that halving finds it.
 */
async function firstAt(
  audit: AuditTables,
  of: { readonly chain: TenantRef; readonly atMs: number },
): Promise<number | undefined> {
  const { chain, atMs } = of;
  const last = await eventNear(audit, { chain, place: 0, forward: false });
  if (last === undefined || last.atMs < atMs) return undefined;
  let [low, high] = [1, last.place];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const event = await eventNear(audit, { chain, place: middle, forward: true });
    if (event === undefined || event.atMs >= atMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The first event of a chain at that place or after it; backward its last one. */
async function eventNear(
  audit: AuditTables,
  of: { readonly chain: TenantRef; readonly place: number; readonly forward: boolean },
): Promise<{ readonly place: number; readonly atMs: number } | undefined> {
  const { Items: items = [] } = await audit.dynamo.query({
    TableName: audit.tables.audit,
    KeyConditionExpression: 'PK = :partition AND SK BETWEEN :from AND :to',
    ExpressionAttributeValues: {
      ':partition': text(partitionOf(of.chain)),
      ':from': text(EVENT_PREFIX + sixteenDigits(of.place)),
      ':to': text(`${EVENT_PREFIX}~`),
    },
    ScanIndexForward: of.forward,
    ConsistentRead: true,
    Limit: 1,
  });
  const [item] = items;
  // By its key, not by what it says of itself: a forged event must not hide the others from the list.
  return item === undefined
    ? undefined
    : { place: Number(textOf(item, 'SK').slice(EVENT_PREFIX.length)), atMs: fromEventItem(item).atMs };
}

const greater = (one: string | undefined, other: string): string =>
  one === undefined || one < other ? other : one;
const lesser = (one: string | undefined, other: string): string =>
  one === undefined || one > other ? other : one;

/** Whatever is not the product's own refusal means that the store gave no answer. */
async function answered<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof GatewayError ? error : unavailable('audit log', error);
  }
}
