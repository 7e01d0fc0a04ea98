/** What authentication reads, from the config table: always strongly consistent, so that a revocation acts at once. */
import type { Config } from '../config.ts';
import { accountOfKey, ORGANIZATION_REF } from '../domain/ids.ts';
import type { CredentialStore } from '../ports.ts';
import { type Item, integer } from './attribute.ts';
import type { Dynamo } from './dynamo.ts';
import { accountKey, keyKey, tenantKey, useKey } from './item-keys.ts';
import { fromAdminKeyItem, fromKeyItem, fromUseItem } from './key-items.ts';
import { isConditionFailure, unavailable } from './store-failure.ts';
import { fromAccountItem, fromTenantItem } from './tenancy-items.ts';

export interface CredentialStoreOptions {
  readonly dynamo: Dynamo;
  readonly tables: Pick<Config['tables'], 'config'>;
}

/** A malformed item answers as an unreachable store does: nobody is let in, or told to go, on a guess. */
export function createCredentialStore({ dynamo, tables }: CredentialStoreOptions): CredentialStore {
  const table = tables.config;
  return {
    async readTenantKey(tenant, key) {
      // The organisation's partition holds admin keys, and no key of a tenant reaches it.
      if (tenant === ORGANIZATION_REF) return {};
      const keys = [
        keyKey(tenant, key),
        accountKey(tenant, accountOfKey(key)),
        tenantKey(tenant),
        useKey(tenant, key),
      ];
      try {
        const output = await dynamo.batchGetItem({
          RequestItems: { [table]: { Keys: keys, ConsistentRead: true } },
        });
        const items = output.Responses?.[table] ?? [];
        const [keyItem, accountItem, tenantItem, useItem] = keys.map((wanted) =>
          findBySortKey(items, wanted),
        );
        return {
          ...(keyItem !== undefined && { key: fromKeyItem(tenant, keyItem) }),
          ...(accountItem !== undefined && { account: fromAccountItem(tenant, accountItem) }),
          ...(tenantItem !== undefined && { tenant: fromTenantItem(tenantItem) }),
          ...(useItem !== undefined && { use: fromUseItem(useItem) }),
        };
      } catch (error) {
        throw unavailable('credential store', error);
      }
    },
    async readAdminKey(key) {
      try {
        const { Item } = await dynamo.getItem({
          TableName: table,
          Key: keyKey(ORGANIZATION_REF, key),
          ConsistentRead: true,
        });
        return Item === undefined ? undefined : fromAdminKeyItem(Item);
      } catch (error) {
        throw unavailable('credential store', error);
      }
    },
    async noteUse({ tenant, key, use }) {
      try {
        await dynamo.updateItem({
          TableName: table,
          Key: useKey(tenant, key),
          UpdateExpression: 'SET lastUsedAtMs = :at, usedClaim = :claim',
          // A request that was under way while its secret was replaced must not undo the mark of the new one.
          ConditionExpression: 'attribute_not_exists(usedClaim) OR usedClaim <= :claim',
          ExpressionAttributeValues: { ':at': integer(use.lastUsedAtMs), ':claim': integer(use.claim) },
        });
      } catch (error) {
        if (!isConditionFailure(error)) throw unavailable('credential store', error);
      }
    },
  };
}

/** A batch answers in any order; all keys of one share their partition. */
const findBySortKey = (items: readonly Item[], wanted: Item): Item | undefined =>
  items.find((item) => item['SK']?.S === wanted['SK']?.S);
