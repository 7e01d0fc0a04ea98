/**
 * A change of the control plane, as data: all of its writes commit together with their audit entries, or none does.
 * Whoever decides a change reads first; what it read is in the writes as a revision, so that a change decided from
 * an old reading is refused and decided again.
 */
import type { AuditEntry } from './audit.ts';
import type { AccountRef, KeyRef, TenantRef } from './ids.ts';
import type { OutboxMessage } from './outbox.ts';
import type { AdminKey, ApiKey, IdempotencyRecord, ServiceAccount, SpendAlert, Tenant } from './tenancy.ts';

/** What a name stands for, so that it stands for one. */
export interface TenantName {
  readonly ref: TenantRef;
  readonly name: string;
}

/** Everything that can be inserted. */
export type Entity =
  | { readonly type: 'tenant'; readonly value: Tenant }
  | { readonly type: 'tenant-name'; readonly value: TenantName }
  | { readonly type: 'account'; readonly value: ServiceAccount }
  | { readonly type: 'key'; readonly value: ApiKey }
  | { readonly type: 'admin-key'; readonly value: AdminKey }
  | { readonly type: 'alert'; readonly value: SpendAlert }
  | { readonly type: 'outbox'; readonly value: OutboxMessage }
  | { readonly type: 'idempotency'; readonly value: IdempotencyRecord };

/** What carries a revision and so can be replaced. */
export type RevisedEntity = Exclude<Entity, { readonly type: 'tenant-name' | 'idempotency' }>;

export type Write =
  /** Refused where there is one already; an idempotency record that is past its time does not count. */
  | { readonly op: 'insert'; readonly entity: Entity; readonly nowMs?: number }
  /** Refused unless the stored revision is the entity's less one. */
  | { readonly op: 'replace'; readonly entity: RevisedEntity }
  /** Refused unless the stored alert has this revision, or the name stands for this tenant. */
  | { readonly op: 'remove'; readonly entity: Extract<Entity, { readonly type: 'alert' | 'tenant-name' }> }
  /** Refused unless the tenant, or the account, is active. */
  | { readonly op: 'require-active'; readonly tenant: TenantRef; readonly account?: AccountRef }
  /** Refused unless the admin key is active. */
  | { readonly op: 'require-active-admin'; readonly key: KeyRef }
  /** Refused where the secret of the key's `claim`th claim was used. */
  | {
      readonly op: 'require-unused';
      readonly tenant: TenantRef;
      readonly key: KeyRef;
      readonly claim: number;
    };

export interface Change {
  /** At most 40, no two of one item. */
  readonly writes: readonly Write[];
  /** Empty only for what is no change of the control plane: the state of a message. */
  readonly audit: readonly AuditEntry[];
}

/** `refused`: the place in `writes` of the first that did not hold; then nothing was written. */
export type CommitResult = 'committed' | { readonly refused: number };

export const insert = (entity: Entity): Write => ({ op: 'insert', entity });
export const replace = (entity: RevisedEntity): Write => ({ op: 'replace', entity });
