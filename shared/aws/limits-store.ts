/**
 * The hard limits in DynamoDB: one conditional update to reserve, one to settle, on the tenant's limits item.
 *
 * Order of a settlement: flip the entry R→S, then put the usage record, then remove the entry with a later write.
 * A process may die between any two: an S carries the whole record for whoever finds it, and an R that outlives
 * its expiry is charged in full. A record is never written before the flip, therefore an R whose record exists was
 * set aside by a late duplicate and is released.
 *
 * An admission whose answer was lost may have reserved, as may one that was refused when it was sent again. No model
 * runs for it, so it is settled with nothing: at once, else beside later writes of its tenant by the same process
 * (limits-release.ts). Where the process ends before that, it cannot be told from a request that ran, and is charged in
 * full at its expiry.
 */
import type { LimitsStore } from '../ports.ts';
import { FinishedEntries } from './finished-entries.ts';
import { admit } from './limits-admission.ts';
import type { LimitsContext, LimitsTables } from './limits-context.ts';
import { readHeld } from './limits-counters.ts';
import { sweepTenant } from './limits-recovery.ts';
import { settle } from './limits-settlement.ts';
import { readSpend } from './limits-spend.ts';
import type { Backoff } from './store-failure.ts';
import { UnownedAdmissions } from './unowned-admissions.ts';
import { REAL_WAITING } from './waiting.ts';

/** Beside the sender's own three attempts: at worst 7 s a write, of the 10 s that a function keeps to settle in. */
const DEFAULT_BACKOFF: Backoff = { ...REAL_WAITING, attemptsMax: 4 };

/** Make one a process: it remembers which entries of its own are to be removed. */
export function createLimitsStore(tables: LimitsTables, backoff: Backoff = DEFAULT_BACKOFF): LimitsStore {
  const context: LimitsContext = {
    ...tables,
    backoff,
    finished: new FinishedEntries(),
    unowned: new UnownedAdmissions(),
    recovering: new Set(),
  };
  return {
    admit: (admission) => admit(context, admission),
    settle: (settlement) => settle(context, settlement),
    sweep: (tenant, nowMs) => sweepTenant(context, tenant, nowMs),
    readSpend: (tenant, nowMs) => readSpend(context, tenant, nowMs),
    readHeld: (tenant) => readHeld(context, tenant),
  };
}
