/** The control plane in DynamoDB: each change in one transaction with its audit events. */
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { Config } from '../config.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import { parseTenantRef, type TenantRef } from '../domain/ids.ts';
import type { Page, PageRequest } from '../domain/page.ts';
import type { Tenant } from '../domain/tenancy.ts';
import type { Clock, TenancyStore } from '../ports.ts';
import { type Item, integer, text } from './attribute.ts';
import { EVENT_PREFIX, eventKey, fromEventItem } from './audit-items.ts';
import { type AuditedChange, commitAudited, type RefusedWrite } from './audited-write.ts';
import type { Dynamo } from './dynamo.ts';
import { readPage } from './query-page.ts';
import { unavailable } from './store-failure.ts';
import {
  ACCOUNT_PREFIX,
  DIRECTORY_PREFIX,
  directoryKey,
  fromAccountItem,
  fromKeyItem,
  fromTenantItem,
  KEY_PREFIX,
  keyKey,
  ORGANIZATION_PARTITION,
  partitionOf,
  tenantItems,
  tenantKey,
  toAccountItem,
  toAdminKeyItem,
  toKeyItem,
  toNameItem,
} from './tenancy-items.ts';
import { REAL_WAITING, type Waiting } from './waiting.ts';

export interface TenancyStoreOptions {
  readonly dynamo: Dynamo;
  readonly tables: Pick<Config['tables'], 'config' | 'audit' | 'auditHead'>;
  readonly clock: Clock;
  readonly waiting?: Waiting;
}

/** The store over one sender. Contention is waited out for five seconds, then `service_unavailable` with no effect. */
export const createTenancyStore = (options: TenancyStoreOptions): TenancyStore => ({
  ...writesOf(options),
  ...readsOf(options),
});

type Writes = Pick<TenancyStore, 'createTenant' | 'createAccount' | 'createAdminKey' | 'revokeKey'>;

function writesOf(options: TenancyStoreOptions): Writes {
  const table = options.tables.config;
  const writer = { ...options, waiting: options.waiting ?? REAL_WAITING };
  const commit = (change: AuditedChange): Promise<RefusedWrite | undefined> =>
    answered(() => commitAudited(writer, change));
  const insert = (item: Item): TransactWriteItem => insertInto(table, item);
  return {
    async createTenant(tenant, audit) {
      const items = tenantItems(tenant);
      const writes = [items.tenant, items.directory, toNameItem(tenant)].map(insert);
      if (await commit({ writes, audit: [audit] })) refuseTaken('project');
    },

    async createAccount({ account, key, audit }) {
      const members = [toAccountItem(account), ...(key === undefined ? [] : [toKeyItem(key)])];
      const writes = [requireActive(table, account.tenant), ...members.map(insert)];
      const refused = await commit({ writes, audit });
      if (refused?.index === 0) refuseTenant(refused.item);
      if (refused !== undefined) refuseTaken('service account');
    },

    async createAdminKey(key, audit) {
      if (await commit({ writes: [insert(toAdminKeyItem(key))], audit: [audit] })) refuseTaken('admin key');
    },

    async revokeKey({ tenant, key, revokedAtMs, audit }) {
      const write = revocation(table, { key: keyKey(tenant, key), revokedAtMs });
      const refused = await commit({ writes: [write], audit: [audit] });
      if (refused !== undefined && refused.item === undefined) refuseAbsent('API key');
      return refused === undefined;
    },
  };
}

function readsOf({ dynamo, tables }: TenancyStoreOptions): Omit<TenancyStore, keyof Writes> {
  const table = tables.config;
  const readTenant = async (tenant: TenantRef): Promise<Tenant | undefined> => {
    const { Item } = await dynamo.getItem({ TableName: table, Key: tenantKey(tenant), ConsistentRead: true });
    return Item === undefined ? undefined : fromTenantItem(Item);
  };
  /** The directory is sorted by creation, which the reference alone does not tell. */
  const readCursor = async (after: string): Promise<Tenant> => {
    const ref = parseTenantRef(after);
    return (ref === undefined ? undefined : await readTenant(ref)) ?? refuseCursor();
  };
  return {
    readTenant: (tenant) => answered(() => readTenant(tenant)),

    listTenants: (page) =>
      answered(async () => {
        return readPage(dynamo, {
          table,
          partition: ORGANIZATION_PARTITION,
          prefix: DIRECTORY_PREFIX,
          after: page.after === undefined ? undefined : directoryKey(await readCursor(page.after)),
          limit: page.limit,
          read: fromTenantItem,
        });
      }),

    listAccounts: listActive({ dynamo, table }, { prefix: ACCOUNT_PREFIX, read: fromAccountItem }),
    listKeys: listActive({ dynamo, table }, { prefix: KEY_PREFIX, read: fromKeyItem }),

    listAudit: (chain, page) =>
      answered(() =>
        readPage(dynamo, {
          table: tables.audit,
          partition: partitionOf(chain),
          prefix: EVENT_PREFIX,
          after: page.after === undefined ? undefined : eventKey(chain, sequenceOf(page.after)),
          limit: page.limit,
          read: fromEventItem,
        }),
      ),
  };
}

/** Lists the active items of one kind in a tenant's partition. */
const listActive =
  <Entity>(
    { dynamo, table }: { readonly dynamo: Dynamo; readonly table: string },
    of: { readonly prefix: string; readonly read: (tenant: TenantRef, item: Item) => Entity },
  ) =>
  (tenant: TenantRef, page: PageRequest): Promise<Page<Entity>> =>
    answered(() =>
      readPage(dynamo, {
        table,
        partition: partitionOf(tenant),
        prefix: of.prefix,
        after: page.after === undefined ? undefined : keyOfCursor(tenant, of.prefix + page.after),
        limit: page.limit,
        only: 'active',
        read: (item) => of.read(tenant, item),
      }),
    );

const keyOfCursor = (tenant: TenantRef, sortKey: string): Item => ({
  PK: text(partitionOf(tenant)),
  SK: text(sortKey),
});

const sequenceOf = (after: string): number => (/^\d{1,15}$/.test(after) ? Number(after) : refuseCursor());

const insertInto = (table: string, item: Item): TransactWriteItem => ({
  Put: { TableName: table, Item: item, ConditionExpression: 'attribute_not_exists(PK)' },
});

/** A service account is made only under a tenant that exists and is active when it commits. */
const requireActive = (table: string, tenant: TenantRef): TransactWriteItem => ({
  ConditionCheck: {
    TableName: table,
    Key: tenantKey(tenant),
    ConditionExpression: '#status = :active',
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: { ':active': text('active') },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  },
});

/** Only an active key is revoked, so that its first revocation stands and leaves the only event. */
const revocation = (
  table: string,
  of: { readonly key: Item; readonly revokedAtMs: number },
): TransactWriteItem => ({
  Update: {
    TableName: table,
    Key: of.key,
    UpdateExpression: 'SET #status = :revoked, revokedAtMs = :at',
    ConditionExpression: '#status = :active',
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: {
      ':revoked': text('revoked'),
      ':active': text('active'),
      ':at': integer(of.revokedAtMs),
    },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  },
});

function refuseTaken(what: string): never {
  throw new GatewayError('conflict', `There is already a ${what} of that name or reference.`);
}

function refuseAbsent(what: string): never {
  throw new GatewayError('not_found', `There is no such ${what}.`);
}

function refuseTenant(found: Item | undefined): never {
  if (found === undefined) refuseAbsent('project');
  throw new GatewayError('conflict', 'The project is archived.');
}

function refuseCursor(): never {
  throw new GatewayError('invalid_value', 'after must be the id of an item of this list.', {
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
