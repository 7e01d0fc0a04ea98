/** Whether a key still holds, read from the config table while an answer is written. */
import type { Config } from '../config.ts';
import { accountOfKey, ORGANIZATION_REF } from '../domain/ids.ts';
import type { KeyWatch } from '../ports.ts';
import type { Dynamo } from './dynamo.ts';
import { accountKey, keyKey, tenantKey } from './item-keys.ts';
import { unavailable } from './store-failure.ts';

export interface KeyWatchOptions {
  /** Gives up within a second and tries nothing twice, as `onceDynamo` does: who watches reads again by itself. */
  readonly dynamo: Pick<Dynamo, 'batchGetItem'>;
  readonly tables: Pick<Config['tables'], 'config'>;
}

/**
 * Live are a key, its account and its tenant that all say `active`; what is absent is not. Expiry is not looked at:
 * only a revocation ends an answer that was begun with a good key. The read is eventually consistent, so it may
 * miss a change of the last moments; the next one sees it. It asks for keys and `status` alone, as the function's
 * role demands: a hash never reaches the function that speaks with models.
 */
export function createKeyWatch({ dynamo, tables }: KeyWatchOptions): KeyWatch {
  const table = tables.config;
  return {
    async isLive(tenant, key) {
      // The organisation's partition holds admin keys, which call no models.
      if (tenant === ORGANIZATION_REF) return false;
      const keys = [keyKey(tenant, key), accountKey(tenant, accountOfKey(key)), tenantKey(tenant)];
      const request = {
        Keys: keys,
        ConsistentRead: false,
        ProjectionExpression: 'PK, SK, #status',
        // A reserved word of DynamoDB.
        ExpressionAttributeNames: { '#status': 'status' },
      };
      try {
        const output = await dynamo.batchGetItem({ RequestItems: { [table]: request } });
        const found = output.Responses?.[table] ?? [];
        return found.length === keys.length && found.every((item) => item['status']?.S === 'active');
      } catch (error) {
        throw unavailable('key store', error);
      }
    },
  };
}
