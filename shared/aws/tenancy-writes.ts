/** The writes of a change as writes of a transaction, each with the condition under which it holds. */
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { Entity, RevisedEntity, Write } from '../domain/change.ts';
import { ORGANIZATION_REF } from '../domain/ids.ts';
import { type Item, integer, text } from './attribute.ts';
import { accountKey, alertKey, keyKey, nameKey, tenantKey, useKey } from './item-keys.ts';
import { toAdminKeyItem, toKeyItem } from './key-items.ts';
import { toAlertItem, toOnceItem, toOutboxItem } from './message-items.ts';
import { tenantItems, toAccountItem, toNameItem } from './tenancy-items.ts';

/** Writes, and for each the place of the change's write that it belongs to. */
export interface PlacedWrites {
  readonly writes: readonly TransactWriteItem[];
  readonly places: readonly number[];
}

/** A tenant becomes two writes; everything else one. */
export function transactionWrites(table: string, writes: readonly Write[]): PlacedWrites {
  const placed = writes.flatMap((write, place) =>
    writesOf(table, write).map((transactWrite) => ({ transactWrite, place })),
  );
  return {
    writes: placed.map(({ transactWrite }) => transactWrite),
    places: placed.map(({ place }) => place),
  };
}

function writesOf(table: string, write: Write): readonly TransactWriteItem[] {
  switch (write.op) {
    case 'insert':
      return itemsOf(write.entity).map((item) => insertion(table, { item, nowMs: write.nowMs }));
    case 'replace':
      return itemsOf(write.entity).map((item) => replacement(table, { item, entity: write.entity }));
    case 'remove':
      return [removal(table, write.entity)];
    case 'require-active':
      return [
        active(
          table,
          write.account === undefined ? tenantKey(write.tenant) : accountKey(write.tenant, write.account),
        ),
      ];
    case 'require-active-admin':
      return [active(table, keyKey(ORGANIZATION_REF, write.key))];
    case 'require-unused':
      return [unused(table, { key: useKey(write.tenant, write.key), claim: write.claim })];
  }
}

function itemsOf(entity: Entity): readonly Item[] {
  switch (entity.type) {
    case 'tenant': {
      const { tenant, directory } = tenantItems(entity.value);
      return [tenant, directory];
    }
    case 'tenant-name':
      return [toNameItem(entity.value)];
    case 'account':
      return [toAccountItem(entity.value)];
    case 'key':
      return [toKeyItem(entity.value)];
    case 'admin-key':
      return [toAdminKeyItem(entity.value)];
    case 'alert':
      return [toAlertItem(entity.value)];
    case 'outbox':
      return [toOutboxItem(entity.value)];
    case 'idempotency':
      return [toOnceItem(entity.value)];
  }
}

/** What may be forgotten by now is as good as absent: DynamoDB deletes it days late. */
const insertion = (
  table: string,
  of: { readonly item: Item; readonly nowMs: number | undefined },
): TransactWriteItem => ({
  Put: {
    TableName: table,
    Item: of.item,
    ConditionExpression:
      of.nowMs === undefined ? 'attribute_not_exists(PK)' : 'attribute_not_exists(PK) OR forgetAtMs <= :now',
    ...(of.nowMs !== undefined && { ExpressionAttributeValues: { ':now': integer(of.nowMs) } }),
  },
});

const replacement = (
  table: string,
  of: { readonly item: Item; readonly entity: RevisedEntity },
): TransactWriteItem => ({
  Put: {
    TableName: table,
    Item: of.item,
    ConditionExpression: '#revision = :before',
    ExpressionAttributeNames: { '#revision': 'revision' },
    ExpressionAttributeValues: { ':before': integer(of.entity.value.revision - 1) },
  },
});

function removal(
  table: string,
  entity: Extract<Write, { readonly op: 'remove' }>['entity'],
): TransactWriteItem {
  const [name, value] =
    entity.type === 'alert'
      ? (['revision', integer(entity.value.revision)] as const)
      : (['ref', text(entity.value.ref)] as const);
  return {
    Delete: {
      TableName: table,
      Key:
        entity.type === 'alert'
          ? alertKey(entity.value.tenant, entity.value.ref)
          : nameKey(entity.value.name),
      ConditionExpression: '#name = :value',
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: { ':value': value },
    },
  };
}

const active = (table: string, key: Item): TransactWriteItem => ({
  ConditionCheck: {
    TableName: table,
    Key: key,
    ConditionExpression: '#status = :active',
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: { ':active': text('active') },
  },
});

const unused = (table: string, of: { readonly key: Item; readonly claim: number }): TransactWriteItem => ({
  ConditionCheck: {
    TableName: table,
    Key: of.key,
    ConditionExpression: 'attribute_not_exists(PK) OR usedClaim < :claim',
    ExpressionAttributeValues: { ':claim': integer(of.claim) },
  },
});
