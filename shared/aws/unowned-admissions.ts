/**
 * Admissions that may have reserved although their callers were told that they had not, kept until a later write of the
 * same tenant gives them another try to be settled with nothing. Its state: a list of them a tenant. Beyond its bounds,
 * and where the process ends first, the orphan rule charges them in full.
 */
import type { Admission } from '../domain/admission.ts';
import type { TenantRef } from '../domain/ids.ts';

export interface Unowned {
  readonly admission: Admission;
  /** How often it was tried. */
  readonly tries: number;
}

interface Kept extends Unowned {
  readonly dueMs: number;
}

const TENANTS_MAX = 1_000;
/** The most that a tenant may have under way: so many places may be bound. */
const KEPT_MAX = 400;
/** Settled beside one write. */
const TAKEN_AT_ONCE = 4;
const WAIT_BASE_MS = 200;
const WAIT_MAX_MS = 5_000;

export class UnownedAdmissions {
  readonly #byTenant = new Map<TenantRef, readonly Kept[]>();

  /** Keeps one that could not be settled; it is due after 200 ms, then 400, … 5,000. */
  keep({ admission, tries }: Unowned, nowMs: number): void {
    const { tenant } = admission;
    const kept = this.#byTenant.get(tenant) ?? [];
    const isFull = kept.length >= KEPT_MAX || (kept.length === 0 && this.#byTenant.size >= TENANTS_MAX);
    if (isFull) return;
    const dueMs = nowMs + Math.min(WAIT_MAX_MS, WAIT_BASE_MS * 2 ** (tries - 1));
    this.#byTenant.set(tenant, [...kept, { admission, tries, dueMs }]);
  }

  /** Hands out up to four that are due. Those past their expiry are dropped: others settle them. */
  take(tenant: TenantRef, nowMs: number): readonly Unowned[] {
    const kept = this.#byTenant.get(tenant);
    if (kept === undefined) return [];
    const alive = kept.filter(({ admission }) => admission.expiresAtMs >= nowMs);
    const taken = alive.filter(({ dueMs }) => dueMs <= nowMs).slice(0, TAKEN_AT_ONCE);
    const rest = alive.filter((one) => !taken.includes(one));
    if (rest.length > 0) this.#byTenant.set(tenant, rest);
    else this.#byTenant.delete(tenant);
    return taken;
  }
}
