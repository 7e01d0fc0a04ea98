/**
 * Holds the copies of events against the events, both ways: the list of all projects is read from the copies
 * (`AT#…`), which are part of no chain, so that no chain breaks where one of them was forged.
 */
import type { Item } from '../../shared/aws/attribute.ts';
import {
  COPY_PREFIX,
  copyKey,
  eventKey,
  fromEvidenceItem,
  toCopyItem,
} from '../../shared/aws/audit-items.ts';
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { ORGANIZATION_PARTITION } from '../../shared/aws/item-keys.ts';
import { readPage } from '../../shared/aws/query-page.ts';
import type { AuditRecord } from '../../shared/domain/audit.ts';
import { parseTenantRef, type TenantRef } from '../../shared/domain/ids.ts';

export interface AuditTable {
  readonly dynamo: Dynamo;
  /** The name of the audit table. */
  readonly table: string;
}

/**
 * - `missing`: the event has no copy.
 * - `differs`: its copy says something else.
 * - `invented`: a copy of no event, or one in a place that is not its event's.
 */
export interface CopyFault {
  readonly kind: 'missing' | 'differs' | 'invented';
  /** The sort key of the copy, `AT#<time>#<chain>#<sequence>`. */
  readonly place: string;
}

/** What DynamoDB takes in one batch of reads. */
const BATCH_MAX = 100;

/** The events of one chain that have no copy, or one that differs. Event and copy commit together, so none is yet to come. */
export async function faultsOfEvents(
  of: AuditTable,
  { chain, records }: { readonly chain: TenantRef; readonly records: readonly AuditRecord[] },
): Promise<readonly CopyFault[]> {
  const faults: CopyFault[] = [];
  for (let start = 0; start < records.length; start += BATCH_MAX) {
    const expected = records.slice(start, start + BATCH_MAX).map((record) => toCopyItem(chain, record));
    const found = await readItems(of, expected.map(keyOf));
    for (const copy of expected) {
      const kept = found.get(nameOf(copy));
      if (kept === undefined) faults.push({ kind: 'missing', place: placeOf(copy) });
      else if (!isSame(kept, copy)) faults.push({ kind: 'differs', place: placeOf(copy) });
    }
  }
  return faults;
}

/** The copies that stand where no event puts one: of one chain, or of every chain and of what names none. */
export async function* inventedCopies(
  of: AuditTable,
  chain: TenantRef | undefined,
): AsyncGenerator<CopyFault> {
  let after: Item | undefined;
  let hasMore = true;
  while (hasMore) {
    const page = await readPage(of.dynamo, {
      table: of.table,
      partition: ORGANIZATION_PARTITION,
      prefix: COPY_PREFIX,
      after,
      limit: BATCH_MAX,
      read: (item) => item,
    });
    const judged = page.items.filter((copy) => chain === undefined || eventOf(copy)?.chain === chain);
    yield* await faultsOfCopies(of, judged);
    after = page.items.length === 0 ? undefined : keyOf(page.items.at(-1) ?? {});
    hasMore = page.hasMore;
  }
}

async function faultsOfCopies(of: AuditTable, copies: readonly Item[]): Promise<readonly CopyFault[]> {
  const keys = copies.flatMap((copy) => {
    const event = eventOf(copy);
    return event === undefined ? [] : [eventKey(event.chain, event.sequence)];
  });
  const events = await readItems(of, keys);
  return copies.flatMap((copy): readonly CopyFault[] => {
    const named = eventOf(copy);
    const event = named === undefined ? undefined : events.get(nameOf(eventKey(named.chain, named.sequence)));
    // What an event that is there puts here was compared from the event's side.
    if (named !== undefined && event !== undefined) {
      if (placeOf(copyKey(named.chain, fromEvidenceItem(event))) === placeOf(copy)) return [];
    }
    return [{ kind: 'invented', place: placeOf(copy) }];
  });
}

const PLACE = /^AT#\d{16}#([0-9A-Za-z]{10})#(\d{16})$/;

/** Which event a copy is in the place of; undefined where that names none. */
function eventOf(copy: Item): { readonly chain: TenantRef; readonly sequence: number } | undefined {
  const [, ref = '', sequence] = PLACE.exec(placeOf(copy)) ?? [];
  const chain = parseTenantRef(ref);
  return chain === undefined ? undefined : { chain, sequence: Number(sequence) };
}

/** By partition and place. Two copies may name one event, which is asked for once: a batch takes no key twice. */
async function readItems(of: AuditTable, keys: readonly Item[]): Promise<ReadonlyMap<string, Item>> {
  const Keys = [...new Map(keys.map((key) => [nameOf(key), key])).values()];
  if (Keys.length === 0) return new Map();
  const output = await of.dynamo.batchGetItem({
    RequestItems: { [of.table]: { Keys, ConsistentRead: true } },
  });
  return new Map((output.Responses?.[of.table] ?? []).map((item) => [nameOf(item), item]));
}

const keyOf = ({ PK, SK }: Item): Item => ({
  ...(PK !== undefined && { PK }),
  ...(SK !== undefined && { SK }),
});
const placeOf = (item: Item): string => item['SK']?.S ?? '';
const nameOf = (item: Item): string => `${item['PK']?.S}/${placeOf(item)}`;

const ATTRIBUTES = ['sequence', 'canonical', 'previousHash', 'hash'];

const isSame = (one: Item, other: Item): boolean =>
  ATTRIBUTES.every((name) => JSON.stringify(one[name]) === JSON.stringify(other[name]));
