/** The control plane in DynamoDB: each change in one transaction with its audit events. */
import type { Config } from '../config.ts';
import type { Change, CommitResult } from '../domain/change.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import { type KeyRef, ORGANIZATION_REF, parseKeyRef, parseTenantRef, type TenantRef } from '../domain/ids.ts';
import type { Page, PageRequest } from '../domain/page.ts';
import type { KeyUse, Tenant } from '../domain/tenancy.ts';
import type { Clock, TenancyStore } from '../ports.ts';
import { type Item, text } from './attribute.ts';
import { commitAudited } from './audited-write.ts';
import type { Dynamo } from './dynamo.ts';
import {
  ACCOUNT_PREFIX,
  ALERT_PREFIX,
  accountKey,
  alertKey,
  DIRECTORY_PREFIX,
  directoryKey,
  KEY_PREFIX,
  keyKey,
  nameKey,
  ORGANIZATION_PARTITION,
  OUTBOX_PREFIX,
  onceKey,
  outboxKey,
  partitionOf,
  tenantKey,
  USE_PREFIX,
  useKey,
} from './item-keys.ts';
import { fromAdminKeyItem, fromKeyItem, fromUseItem } from './key-items.ts';
import { fromAlertItem, fromOnceItem, fromOutboxItem } from './message-items.ts';
import { type PageFilter, readPage } from './query-page.ts';
import { unavailable } from './store-failure.ts';
import { fromAccountItem, fromNameItem, fromTenantItem } from './tenancy-items.ts';
import { type PlacedWrites, transactionWrites } from './tenancy-writes.ts';
import { REAL_WAITING, type Waiting } from './waiting.ts';

export interface TenancyStoreOptions {
  readonly dynamo: Dynamo;
  readonly tables: Pick<Config['tables'], 'config' | 'audit' | 'auditHead'>;
  readonly clock: Clock;
  readonly waiting?: Waiting;
}

/** The store over one sender. Contention is waited out for five seconds, then `service_unavailable` with no effect. */
export function createTenancyStore(options: TenancyStoreOptions): TenancyStore {
  const reader = { dynamo: options.dynamo, table: options.tables.config };
  const waiting = options.waiting ?? REAL_WAITING;
  return {
    commit: (change) => answered(() => commit({ ...options, waiting }, change)),
    ...readsOf(reader),
    ...listsOf(reader),
    readKeyUses: (tenant, keys) => answered(() => readKeyUses(reader, { tenant, keys })),
  };
}

async function commit(
  options: TenancyStoreOptions & { readonly waiting: Waiting },
  change: Change,
): Promise<CommitResult> {
  const placed = transactionWrites(options.tables.config, change.writes);
  const refused = await commitAudited(options, { writes: placed.writes, audit: change.audit });
  return refused === undefined ? 'committed' : { refused: placeOf(placed, refused.index) };
}

/** A tenant is written twice: the refusal of its copy is a refusal of the tenant. */
const placeOf = (placed: PlacedWrites, index: number): number => placed.places[index] ?? 0;

interface Reader {
  readonly dynamo: Dynamo;
  readonly table: string;
}

type Lists = Pick<
  TenancyStore,
  'listTenants' | 'listAccounts' | 'listKeys' | 'listAdminKeys' | 'listAlerts' | 'listOutbox'
>;

function readsOf(reader: Reader): Omit<TenancyStore, keyof Lists | 'commit' | 'readKeyUses'> {
  const one = async <Entity>(key: Item, read: (item: Item) => Entity): Promise<Entity | undefined> =>
    answered(async () => {
      const { Item } = await reader.dynamo.getItem({
        TableName: reader.table,
        Key: key,
        ConsistentRead: true,
      });
      return Item === undefined ? undefined : read(Item);
    });
  return {
    readTenant: (tenant) => one(tenantKey(tenant), fromTenantItem),
    readTenantName: (name) => one(nameKey(name), fromNameItem),
    readAccount: (tenant, account) =>
      one(accountKey(tenant, account), (item) => fromAccountItem(tenant, item)),
    // The organisation's partition holds admin keys, and no key of a tenant reaches it.
    readKey: async (tenant, key) =>
      tenant === ORGANIZATION_REF ? undefined : one(keyKey(tenant, key), (item) => fromKeyItem(tenant, item)),
    readAdminKey: (key) => one(keyKey(ORGANIZATION_REF, key), fromAdminKeyItem),
    readAlert: (tenant, alert) => one(alertKey(tenant, alert), (item) => fromAlertItem(tenant, item)),
    readOutbox: (tenant, id) => one(outboxKey(tenant, id), (item) => fromOutboxItem(tenant, item)),
    readIdempotency: (tenant, digest) => one(onceKey(tenant, digest), (item) => fromOnceItem(tenant, item)),
  };
}

function listsOf(reader: Reader): Lists {
  const list = listMembers(reader);
  const readCursor = async (after: string): Promise<Tenant> => {
    const ref = parseTenantRef(after) ?? refuseCursor();
    const { Item } = await reader.dynamo.getItem({
      TableName: reader.table,
      Key: tenantKey(ref),
      ConsistentRead: true,
    });
    return Item === undefined ? refuseCursor() : fromTenantItem(Item);
  };
  return {
    listTenants: ({ after, archived, limit }) =>
      answered(async () => {
        const cursor = typeof after === 'string' ? await readCursor(after) : after;
        return readPage(reader.dynamo, {
          table: reader.table,
          partition: ORGANIZATION_PARTITION,
          prefix: DIRECTORY_PREFIX,
          after: cursor === undefined ? undefined : directoryKey(cursor),
          limit,
          ...(archived === 'leave-out' && { filter: { leaveOut: 'archived' } }),
          read: fromTenantItem,
        });
      }),
    listAccounts: list(ACCOUNT_PREFIX, fromAccountItem, { leaveOut: 'deleted' }),
    listKeys: list(KEY_PREFIX, fromKeyItem, { leaveOut: 'revoked' }),
    listAdminKeys: (page) =>
      list(KEY_PREFIX, (_, item) => fromAdminKeyItem(item), { leaveOut: 'revoked' })(ORGANIZATION_REF, page),
    listAlerts: list(ALERT_PREFIX, fromAlertItem),
    listOutbox: list(OUTBOX_PREFIX, fromOutboxItem, { leaveOut: 'sent' }),
  };
}

/** Lists the items of one kind in a tenant's partition, in the order of their references. */
const listMembers =
  (reader: Reader) =>
  <Entity>(prefix: string, read: (tenant: TenantRef, item: Item) => Entity, filter?: PageFilter) =>
  (tenant: TenantRef, page: PageRequest): Promise<Page<Entity>> =>
    answered(() =>
      readPage(reader.dynamo, {
        table: reader.table,
        partition: partitionOf(tenant),
        prefix,
        after:
          page.after === undefined
            ? undefined
            : { PK: text(partitionOf(tenant)), SK: text(prefix + page.after) },
        limit: page.limit,
        ...(filter !== undefined && { filter }),
        read: (item) => read(tenant, item),
      }),
    );

/** Keys of one page, at most 100: what a batch takes. */
async function readKeyUses(
  reader: Reader,
  of: { readonly tenant: TenantRef; readonly keys: readonly KeyRef[] },
): Promise<ReadonlyMap<KeyRef, KeyUse>> {
  if (of.keys.length === 0) return new Map();
  const { dynamo, table } = reader;
  const Keys = of.keys.map((key) => useKey(of.tenant, key));
  const output = await dynamo.batchGetItem({ RequestItems: { [table]: { Keys, ConsistentRead: true } } });
  return new Map(
    (output.Responses?.[table] ?? []).flatMap((item) => {
      const key = parseKeyRef(item['SK']?.S?.slice(USE_PREFIX.length) ?? '');
      return key === undefined ? [] : [[key, fromUseItem(item)] as const];
    }),
  );
}

function refuseCursor(): never {
  throw new GatewayError('invalid_value', "'after' must be the id of an item of this list.", {
    param: 'after',
  });
}

/** Whatever is not the product's own refusal means that the store gave no answer. */
async function answered<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof GatewayError ? error : unavailable('control plane', error);
  }
}
