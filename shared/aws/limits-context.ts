/** What the parts of the limits store share: its tables, its patience and what it remembers. */
import type { RequestId, TenantRef } from '../domain/ids.ts';
import type { Clock, Log } from '../ports.ts';
import type { Dynamo } from './dynamo.ts';
import type { FinishedEntries } from './finished-entries.ts';
import type { WriteTarget } from './limits-expression.ts';
import { type Backoff, unavailable } from './store-failure.ts';
import type { UnownedAdmissions } from './unowned-admissions.ts';
import type { UsageTable } from './usage-store.ts';

export interface LimitsTables {
  readonly dynamo: Dynamo;
  readonly limitsTable: string;
  readonly usageTable: string;
  /** Days that usage records are kept; absent means for ever. */
  readonly usageRetentionDays?: number | undefined;
  /** Tells usage records that come after their hour was rolled up; absent: nobody rolls the ledger up. */
  readonly clock?: Clock;
  /** Told of orphans, late duplicates, overruns and charges without a reservation. */
  readonly log?: Log;
}

export interface LimitsContext extends LimitsTables {
  readonly backoff: Backoff;
  readonly finished: FinishedEntries;
  readonly unowned: UnownedAdmissions;
  /** Tenants whose expired entries a refused admission is finishing: one at a time does. */
  readonly recovering: Set<TenantRef>;
}

export const usageTableOf = (context: LimitsContext): UsageTable => ({
  dynamo: context.dynamo,
  table: context.usageTable,
  ...(context.usageRetentionDays !== undefined && { retentionDays: context.usageRetentionDays }),
  ...(context.clock !== undefined && { clock: context.clock }),
});

export const targetOf = (
  context: LimitsContext,
  tenant: TenantRef,
  removable: readonly RequestId[],
): WriteTarget => ({ table: context.limitsTable, tenant, removable });

export const limitsUnavailable = (cause: unknown) => unavailable('limits store', cause);
