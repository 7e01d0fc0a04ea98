/** Verifies the chains where they are: in the audit table, against their heads and against the copies of their events. */
import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { createAuditStore } from '../../shared/aws/audit-store.ts';
import { tenantKey } from '../../shared/aws/item-keys.ts';
import { type AuditHead, EMPTY_CHAIN, walkAuditChain } from '../../shared/domain/audit.ts';
import type { ChainVerdict } from '../../shared/domain/audit-archive.ts';
import { ORGANIZATION_REF, parseTenantRef, type TenantRef } from '../../shared/domain/ids.ts';
import type { AuditStore } from '../../shared/ports.ts';
import { connectTables } from '../stage-tables/connection.ts';
import type { TablesPlace } from '../stage-tables/place.ts';
import { type AuditTable, type CopyFault, faultsOfEvents, inventedCopies } from './copies.ts';

export interface AuditSource {
  readonly audit: Pick<AuditStore, 'readChain' | 'readHead'>;
  readonly table: AuditTable;
  /** Every chain of which anything is left: events, copies of them, or a head. */
  chains(): Promise<readonly TenantRef[]>;
  /** Whether there is such a project, or was: an archived one stays. */
  hasProject(chain: TenantRef): Promise<boolean>;
  close(): void;
}

/** The tables of a stage. */
export async function openTables(place: TablesPlace): Promise<AuditSource> {
  const { dynamo, client, prefix, close } = await connectTables(place);
  const tables = { audit: `${prefix}-audit`, auditHead: `${prefix}-audit-head` };
  return {
    audit: createAuditStore({ dynamo, tables }),
    table: { dynamo, table: tables.audit },
    hasProject: async (chain) => {
      const TableName = `${prefix}-config`;
      return (
        (await dynamo.getItem({ TableName, Key: tenantKey(chain), ConsistentRead: true })).Item !== undefined
      );
    },
    chains: () => chainsIn(client, [tables.audit, tables.auditHead]),
    close,
  };
}

async function chainsIn(client: DynamoDBClient, tables: readonly string[]): Promise<readonly TenantRef[]> {
  const chains = new Set<TenantRef>();
  for (const TableName of tables) {
    const input = { TableName, ConsistentRead: true, ProjectionExpression: 'PK, SK' };
    for await (const { Items = [] } of paginateScan({ client }, input)) {
      for (const { PK, SK } of Items) {
        const chain = chainOf(PK?.S ?? '', SK?.S ?? '');
        if (chain !== undefined) chains.add(chain);
      }
    }
  }
  return [...chains].sort();
}

/** `TENANT#<chain>`, or `ORG` with a copy's `AT#<time>#<chain>#<sequence>`, or `ORG` of the organisation's own chain. */
function chainOf(partition: string, place: string): TenantRef | undefined {
  if (partition.startsWith('TENANT#')) return parseTenantRef(partition.slice('TENANT#'.length));
  return place.startsWith('AT#') ? parseTenantRef(place.split('#')[2] ?? '') : ORGANIZATION_REF;
}

/** Whether nothing ever told of a project: no event, no head, no copy of an event, and no project of that id. */
export async function isUnknown(of: AuditSource, chain: TenantRef): Promise<boolean> {
  if (chain === ORGANIZATION_REF || (await of.audit.readHead(chain)).sequence > 0) return false;
  if ((await of.audit.readChain(chain, { limit: 1 })).items.length > 0) return false;
  if (await of.hasProject(chain)) return false;
  const copy = await inventedCopies(of.table, chain).next();
  return copy.done === true;
}

const PAGE = 500;
/** A chain that grows while it is read is caught up with this often. */
const PASSES_MAX = 5;

export interface TableVerdict extends ChainVerdict {
  /** Events without their copy, as far as the chain holds. */
  readonly faults: readonly CopyFault[];
}

/**
 * Walks one chain to its first break or its end, and holds it against its head, and each event against its copy. A
 * chain that has neither event nor head is broken: every chain begins with an event.
 */
export async function verifyChain(
  of: Pick<AuditSource, 'audit' | 'table'>,
  chain: TenantRef,
): Promise<TableVerdict> {
  const walk = walkAuditChain(chain);
  const faults: CopyFault[] = [];
  let events = 0;
  let head: AuditHead = EMPTY_CHAIN;
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    head = await of.audit.readHead(chain);
    for (let hasMore = true; hasMore; ) {
      const page = await of.audit.readChain(chain, { limit: PAGE, after: String(events) });
      for (const record of page.items) {
        const broken = walk.follow(record);
        if (broken !== undefined) return { chain, events, broken, faults };
        events = record.sequence;
      }
      faults.push(...(await faultsOfEvents(of.table, { chain, records: page.items })));
      hasMore = page.hasMore;
    }
    if (events === head.sequence) break;
  }
  const nothing = events === 0 && head.sequence === 0;
  return { chain, events, faults, broken: nothing ? { sequence: 1, reason: 'head' } : walk.end(head) };
}
