/** Every kind of write, where it holds and where it does not. */
import {
  type Entity,
  insert,
  type RevisedEntity,
  replace,
  type Write,
} from '../../../shared/domain/change.ts';
import type { KeyUse } from '../../../shared/domain/tenancy.ts';
import {
  accountEntity,
  adminKeyEntity,
  alertEntity,
  ENTITIES_MADE_MS,
  idempotencyEntity,
  keyEntity,
  outboxEntity,
  tenantEntity,
} from '../../support/tenancy-entities.ts';

/** One entity of each type. */
export function makeWorld() {
  const tenant = tenantEntity();
  const account = accountEntity(tenant.ref);
  return {
    tenant,
    name: { ref: tenant.ref, name: tenant.name },
    account,
    key: keyEntity(account),
    adminKey: adminKeyEntity(),
    alert: alertEntity(tenant.ref),
    message: outboxEntity(tenant.ref),
    record: idempotencyEntity(tenant.ref),
  };
}
export type World = ReturnType<typeof makeWorld>;

/** An entity of the world at a revision. */
export const REVISED: Record<RevisedEntity['type'], (world: World, revision: number) => RevisedEntity> = {
  tenant: ({ tenant }, revision) => ({ type: 'tenant', value: { ...tenant, revision } }),
  account: ({ account }, revision) => ({ type: 'account', value: { ...account, revision } }),
  key: ({ key }, revision) => ({ type: 'key', value: { ...key, revision } }),
  'admin-key': ({ adminKey }, revision) => ({ type: 'admin-key', value: { ...adminKey, revision } }),
  alert: ({ alert }, revision) => ({ type: 'alert', value: { ...alert, revision } }),
  outbox: ({ message }, revision) => ({ type: 'outbox', value: { ...message, revision } }),
};
const REVISED_TYPES = Object.entries(REVISED);

const STORED: Record<Entity['type'], (world: World) => Entity> = {
  'tenant-name': ({ name }) => ({ type: 'tenant-name', value: name }),
  idempotency: ({ record }) => ({ type: 'idempotency', value: record }),
  tenant: (world) => REVISED.tenant(world, 1),
  account: (world) => REVISED.account(world, 1),
  key: (world) => REVISED.key(world, 1),
  'admin-key': (world) => REVISED['admin-key'](world, 1),
  alert: (world) => REVISED.alert(world, 1),
  outbox: (world) => REVISED.outbox(world, 1),
};

/** Every entity of a world, at its first revision. */
export const entitiesOf = (world: World): readonly Entity[] =>
  Object.values(STORED).map((stored) => stored(world));

export interface Case {
  /** What else has happened to the world. */
  readonly before?: (world: World) => readonly Write[];
  /** How the world's key was last used. */
  readonly use?: KeyUse;
  readonly write: (world: World) => Write;
}

export const requireActive = ({ tenant, account }: World): Write => ({
  op: 'require-active',
  tenant: tenant.ref,
  account: account.ref,
});
export const requireUnused = (world: World): Write => ({
  op: 'require-unused',
  tenant: world.tenant.ref,
  key: world.key.ref,
  claim: 2,
});
export const usedBy = (claim: number): KeyUse => ({ claim, lastUsedAtMs: ENTITIES_MADE_MS });
export const removeAlert = ({ alert }: World): Write => ({
  op: 'remove',
  entity: { type: 'alert', value: alert },
});
export const removeName = (name: World['name']): Write => ({
  op: 'remove',
  entity: { type: 'tenant-name', value: name },
});
const insertRecordAt =
  (afterMs: number) =>
  ({ record }: World): Write => ({
    op: 'insert',
    entity: { type: 'idempotency', value: { ...record, made: 'another' } },
    nowMs: record.forgetAtMs + afterMs,
  });

export const REFUSED: readonly (readonly [string, Case])[] = [
  ...Object.entries(STORED).map(([type, stored]): readonly [string, Case] => [
    `the insertion of a ${type} that is there`,
    { write: (world) => insert(stored(world)) },
  ]),
  ...REVISED_TYPES.flatMap(([type, revised]): readonly (readonly [string, Case])[] => [
    [
      `a replacement of the ${type} from an older revision`,
      {
        before: (world) => [replace(revised(world, 2))],
        write: (world) => replace(revised(world, 2)),
      },
    ],
    [
      `a replacement of the ${type} from a revision still to come`,
      { write: (world) => replace(revised(world, 3)) },
    ],
    [`a replacement of a ${type} that is not there`, { write: () => replace(revised(makeWorld(), 2)) }],
  ]),
  [
    'a name in another spelling',
    {
      write: ({ tenant }) =>
        insert({
          type: 'tenant-name',
          value: { ref: tenantEntity().ref, name: ` ${tenant.name.toUpperCase().replace(' ', '\t ')}` },
        }),
    },
  ],
  ['an idempotency record a millisecond before its time', { write: insertRecordAt(-1) }],
  [
    'the removal of an alert from an older revision',
    {
      before: (world) => [replace(REVISED.alert(world, 2))],
      write: removeAlert,
    },
  ],
  ['the removal of an alert that is not there', { write: () => removeAlert(makeWorld()) }],
  [
    'the removal of a name that stands for another tenant',
    {
      write: ({ name }) => removeName({ ...name, ref: tenantEntity().ref }),
    },
  ],
  ['the removal of a name that is not there', { write: () => removeName(makeWorld().name) }],
  [
    'an unknown tenant that must be active',
    {
      write: () => ({ op: 'require-active', tenant: tenantEntity().ref }),
    },
  ],
  [
    'an archived tenant that must be active',
    {
      before: ({ tenant }) => [
        replace({ type: 'tenant', value: { ...tenant, status: 'archived', archivedAtMs: 1, revision: 2 } }),
      ],
      write: ({ tenant }) => ({ op: 'require-active', tenant: tenant.ref }),
    },
  ],
  [
    'an unknown account that must be active',
    {
      write: (world) => requireActive({ ...world, account: makeWorld().account }),
    },
  ],
  [
    'a deleted account that must be active',
    {
      before: ({ account }) => [
        replace({ type: 'account', value: { ...account, status: 'deleted', deletedAtMs: 1, revision: 2 } }),
      ],
      write: requireActive,
    },
  ],
  [
    'an unknown admin key that must be active',
    {
      write: () => ({ op: 'require-active-admin', key: adminKeyEntity().ref }),
    },
  ],
  [
    'a revoked admin key that must be active',
    {
      before: ({ adminKey }) => [
        replace({
          type: 'admin-key',
          value: { ...adminKey, status: 'revoked', revokedAtMs: 1, revision: 2 },
        }),
      ],
      write: ({ adminKey }) => ({ op: 'require-active-admin', key: adminKey.ref }),
    },
  ],
  ['a secret that was used and must not be', { use: usedBy(2), write: requireUnused }],
  ['a secret whose successor was used', { use: usedBy(3), write: requireUnused }],
];

export const HELD: readonly (readonly [string, Case])[] = [
  ...REVISED_TYPES.map(([type, revised]): readonly [string, Case] => [
    `a replacement of the ${type} by its next revision`,
    { write: (world) => replace(revised(world, 2)) },
  ]),
  ['an idempotency record over one whose time has come', { write: insertRecordAt(0) }],
  ['the removal of an alert', { write: removeAlert }],
  [
    'the removal of a name, in any spelling',
    {
      write: ({ name }) => removeName({ ...name, name: name.name.toUpperCase() }),
    },
  ],
  [
    'an active tenant that must be',
    { write: ({ tenant }) => ({ op: 'require-active', tenant: tenant.ref }) },
  ],
  ['an active account that must be', { write: requireActive }],
  [
    'an active admin key that must be',
    {
      write: ({ adminKey }) => ({ op: 'require-active-admin', key: adminKey.ref }),
    },
  ],
  ['a secret that was never used', { write: requireUnused }],
  ['a secret after one that was used', { use: usedBy(1), write: requireUnused }],
];
