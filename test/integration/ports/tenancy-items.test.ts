/** What the control plane and authentication make of items that are not what this product writes. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../../shared/aws/attribute.ts';
import { keyKey } from '../../../shared/aws/item-keys.ts';
import { toAdminKeyItem, toKeyItem } from '../../../shared/aws/key-items.ts';
import { toAlertItem, toOnceItem, toOutboxItem } from '../../../shared/aws/message-items.ts';
import { tenantItems, toAccountItem, toNameItem } from '../../../shared/aws/tenancy-items.ts';
import type { Config } from '../../../shared/config.ts';
import { type KeyRef, newAccountRef, newKeyRef } from '../../../shared/domain/ids.ts';
import { DEFAULT_LIMITS, LIMIT_NAMES, type LimitSet } from '../../../shared/domain/limits.ts';
import type { ApiKey } from '../../../shared/domain/tenancy.ts';
import { startTestDynamo } from '../../support/dynamodb.ts';
import { seededRandom } from '../../support/random.ts';
import { tenancyOver } from '../../support/spoilt-tenancy.ts';
import {
  accountEntity,
  adminKeyEntity,
  alertEntity,
  idempotencyEntity,
  keyEntity,
  outboxEntity,
  pendingKeyEntity,
  tenantEntity,
} from '../../support/tenancy-entities.ts';
import { refusedWith, type TenancyPorts } from './tenancy-ports.ts';

const dynamo = await startTestDynamo();
afterAll(() => dynamo?.close());

const unavailable = refusedWith('service_unavailable');
const someKey: KeyRef = newKeyRef(seededRandom('items'), newAccountRef(seededRandom('items')));

/** One entity of each type that says all it can, as an item, and everything that reads it. */
function fullItems() {
  const limits: LimitSet = {
    ...Object.fromEntries(LIMIT_NAMES.map((name, index) => [name, index])),
    shadow: LIMIT_NAMES,
  };
  const grant = { scopes: ['models:read'], level: 'read', models: ['a*'], ipRanges: ['::/0'] } as const;
  const tenant = tenantEntity({
    limits: {
      ...DEFAULT_LIMITS,
      ...limits,
      smoothing: '10s',
      tokenCounting: 'bedrock',
      estimation: 'balanced',
      models: [{ model: 'm', limits }],
    },
    settingsVersion: 1,
    showsCost: true,
    modelPermissions: { mode: 'allow_list', models: ['a'] },
    archivedAtMs: 1,
  });
  const { ref } = tenant;
  const account = accountEntity(ref, { grant, limits, deletedAtMs: 1 });
  const key = keyEntity(account, {
    revokedAtMs: 1,
    rotation: { automatic: true, delivery: { method: 'jwe', jwk: { kty: 'RSA' } }, overlapMs: 1 },
    successor: someKey,
    predecessor: someKey,
    claim: {
      links: [{ hash: 'a', toldBy: 'message' }],
      expiresAtMs: 1,
      count: 1,
      claimedAtMs: 1,
      claimedBy: 'link',
      overlapMs: 1,
    },
    sealed: { jwe: 'sealed', thumbprint: 'thumbprint' },
    secretVersionId: 'version',
  });
  const adminKey = adminKeyEntity({ revokedAtMs: 1, ancestors: [someKey] });
  const alert = alertEntity(ref, { subjectPrefix: 'Spend' });
  const message = outboxEntity(ref, { key: someKey, detail: { text: 'a', count: 1, list: ['a'] } });
  const record = idempotencyEntity(ref);
  const page = { limit: 1 };
  return {
    tenant: {
      item: tenantItems(tenant).tenant,
      read: ({ tenancy }: TenancyPorts) => tenancy.readTenant(ref),
    },
    directory: {
      item: tenantItems(tenant).directory,
      read: ({ tenancy }: TenancyPorts) => tenancy.listTenants({ limit: 100, archived: 'include' }),
    },
    name: {
      item: toNameItem(tenant),
      read: ({ tenancy }: TenancyPorts) => tenancy.readTenantName(tenant.name),
    },
    account: {
      item: toAccountItem(account),
      read: ({ tenancy }: TenancyPorts) => tenancy.readAccount(ref, account.ref),
    },
    'account that is listed': {
      item: toAccountItem(account),
      read: ({ tenancy }: TenancyPorts) => tenancy.listAccounts(ref, page),
    },
    key: { item: toKeyItem(key), read: ({ tenancy }: TenancyPorts) => tenancy.readKey(ref, key.ref) },
    'key that is presented': {
      item: toKeyItem(key),
      read: ({ credentials }: TenancyPorts) => credentials.readTenantKey(ref, key.ref),
    },
    'admin key that is presented': {
      item: toAdminKeyItem(adminKey),
      read: ({ credentials }: TenancyPorts) => credentials.readAdminKey(adminKey.ref),
    },
    alert: {
      item: toAlertItem(alert),
      read: ({ tenancy }: TenancyPorts) => tenancy.readAlert(ref, alert.ref),
    },
    message: {
      item: toOutboxItem(message),
      read: ({ tenancy }: TenancyPorts) => tenancy.readOutbox(ref, message.id),
    },
    'idempotency record': {
      item: toOnceItem(record),
      read: ({ tenancy }: TenancyPorts) => tenancy.readIdempotency(ref, record.digest),
    },
  };
}

const FULL = fullItems();

/** Every place in an item below its key, maps within maps too; `ttl` is for DynamoDB alone. */
const placesIn = (item: Item, above: readonly string[] = []): readonly (readonly string[])[] =>
  Object.entries(item)
    .filter(([name]) => !['PK', 'SK', 'ttl'].includes(name))
    .flatMap(([name, value]) => [
      [...above, name],
      ...(value.M === undefined ? [] : placesIn(value.M, [...above, name])),
    ]);

/** The item with another value at a place; undefined takes the attribute away. */
function damaged(item: Item, of: { readonly place: readonly string[]; readonly by?: AttributeValue }): Item {
  const [name = '', ...below] = of.place;
  const { [name]: value, ...rest } = item;
  if (below.length > 0) return { ...item, [name]: { M: damaged(value?.M ?? {}, { ...of, place: below }) } };
  return of.by === undefined ? rest : { ...rest, [name]: of.by };
}

/** What an entity may lack. */
const OPTIONAL = new Set([
  ...['archivedAtMs', 'deletedAtMs', 'revokedAtMs', 'claimedAtMs', 'modelPermissions', 'ipRanges', 'kty'],
  ...LIMIT_NAMES,
  ...['shadow', 'smoothing', 'tokenCounting', 'estimation', 'settingsVersion', 'showsCost'],
  ...['subjectPrefix', 'claim'],
  ...[
    'claimedBy',
    'toldBy',
    'ttl',
    'successor',
    'predecessor',
    'sealed',
    'secretVersionId',
    'text',
    'count',
    'list',
    'key',
  ],
]);
const isOptional = (type: string, place: readonly string[]): boolean => {
  const path = place.join('.');
  if (path === 'claim.count') return false;
  return (
    OPTIONAL.has(place.at(-1) ?? '') ||
    path === 'grant.models' ||
    path === 'limits.models' ||
    path === 'claim.overlapMs' ||
    (type.startsWith('account') && path === 'limits')
  );
};

const PLACES = Object.entries(FULL).flatMap(([type, { item }]) =>
  placesIn(item).map((place) => [type as keyof typeof FULL, place] as const),
);

if (dynamo === undefined) {
  test('this machine has no local DynamoDB, so no item was damaged', () => undefined);
} else {
  const { lean } = dynamo;
  let tables: Config['tables'];
  beforeAll(async () => {
    tables = await dynamo.makeTables();
  });
  const over = () => tenancyOver({ dynamo: lean, tables });
  const put = (Item: Item) => lean.putItem({ TableName: tables.config, Item });

  test('damage reaches every attribute of every type', () => {
    expect(PLACES.length).toBeGreaterThan(100);
  });

  test.each(PLACES)(
    'a %s whose %p is of another type answers as an unreachable store does',
    async (type, place) => {
      const { item, read } = FULL[type];
      await put(damaged(item, { place, by: { NULL: true } }));
      await expect(read(over())).rejects.toEqual(unavailable);
    },
  );

  test.each(PLACES.filter(([type, place]) => !isOptional(type, place)))(
    'a %s without its %p answers as an unreachable store does',
    async (type, place) => {
      const { item, read } = FULL[type];
      await put(damaged(item, { place }));
      await expect(read(over())).rejects.toEqual(unavailable);
    },
  );

  test.each(PLACES.filter(([type, place]) => isOptional(type, place)))(
    'a %s may lack its %p',
    async (type, place) => {
      const { item, read } = FULL[type];
      await put(damaged(item, { place }));
      await expect(read(over())).resolves.toBeDefined();
    },
  );

  describe('a key', () => {
    const damages: readonly (readonly [string, string, AttributeValue])[] = [
      ['a short digest', 'hash', { B: new Uint8Array(31) }],
      ['a digest as text', 'hash', { S: 'x'.repeat(32) }],
      ['a short salt', 'salt', { B: new Uint8Array(15) }],
      ['an unknown digest', 'hashAlg', { S: 'plain' }],
      ['an unknown status', 'status', { S: 'ACTIVE' }],
      ['an unknown environment', 'environment', { S: 'prod' }],
      ['an end that is no number', 'expiresAtMs', { S: '9999999999999' }],
      ['a fractional end', 'expiresAtMs', { N: '1.5' }],
      ['a negative end', 'expiresAtMs', { N: '-1' }],
      ['an end beyond the integers', 'expiresAtMs', { N: '9007199254740993' }],
      ['a scope that is no text', 'grant', { M: { scopes: { L: [{ N: '1' }] }, level: { S: 'read' } } }],
      ['an unknown level', 'grant', { M: { scopes: { L: [] }, level: { S: 'root' } } }],
      ['an unknown delivery', 'rotation', { M: { automatic: { BOOL: true }, method: { S: 'response' } } }],
      ['a successor that is no reference', 'successor', { S: 'short' }],
    ];
    test.each(damages)('with %s lets nobody in and sends nobody away', async (_, name, by) => {
      const account = accountEntity(tenantEntity().ref);
      const key = keyEntity(account);
      await put(toAccountItem(account));
      await put(damaged(toKeyItem(key), { place: [name], by }));
      await expect(over().credentials.readTenantKey(account.tenant, key.ref)).rejects.toEqual(unavailable);
      expect((await over().tenancy.listAccounts(account.tenant, { limit: 1 })).items).toEqual([account]);
    });

    test('without a digest is read while it is pending, and after it was revoked unclaimed', async () => {
      const account = accountEntity(tenantEntity().ref);
      const pending = pendingKeyEntity(account);
      const revoked: ApiKey = { ...pending, ref: keyEntity(account).ref, status: 'revoked', revokedAtMs: 1 };
      for (const key of [pending, revoked]) {
        await put(toKeyItem(key));
        expect(await over().tenancy.readKey(key.tenant, key.ref)).toEqual(key);
      }
    });

    test('in a list, under what is no reference, answers as an unreachable store does', async () => {
      const account = accountEntity(tenantEntity().ref);
      await put({ ...toKeyItem(keyEntity(account)), SK: { S: 'KEY#short' } });
      await expect(over().tenancy.listKeys(account.tenant, { limit: 1 })).rejects.toEqual(unavailable);
    });

    test('with a scope that this release does not know has the others', async () => {
      const account = accountEntity(tenantEntity().ref);
      const key = keyEntity(account);
      const by = { L: [{ S: 'everything' }, { S: 'usage:read' }, { S: 'models:read' }] };
      await put(damaged(toKeyItem(key), { place: ['grant', 'scopes'], by }));
      const read = await over().tenancy.readKey(account.tenant, key.ref);
      expect(read?.grant).toEqual({ ...key.grant, scopes: ['usage:read', 'models:read'] });
    });

    test('whose mark of use is malformed lets nobody in and sends nobody away', async () => {
      const account = accountEntity(tenantEntity().ref);
      const { ref, tenant } = keyEntity(account);
      await put({ ...keyKey(tenant, ref), SK: { S: `KEYUSE#${ref}` }, lastUsedAtMs: { N: '1' } });
      await expect(over().credentials.readTenantKey(tenant, ref)).rejects.toEqual(unavailable);
      await expect(over().tenancy.readKeyUses(tenant, [ref])).rejects.toEqual(unavailable);
    });
  });
}
