/**
 * The entries that this process has finished with, kept until a later write of the same tenant removes them. Its
 * state: request ids a tenant, and the requests whose admission was answered at the first attempt.
 *
 * While an entry is there, a duplicate of its admission changes nothing. So an entry goes at once only where each
 * of its writes was answered at the first attempt, the resend of the transport counted (signed-http.ts); after a
 * retry a duplicate may still be on its way, and the entry stays for DUPLICATE_LIFE_MS. There is no age at which an
 * entry is too old: another process may have removed it by then (limits-recovery.ts), removing an absent name
 * changes nothing, and the name of a request is never used again.
 */
import type { RequestId, TenantRef } from '../domain/ids.ts';

export interface Finished {
  readonly request: RequestId;
  /** From when on it may be removed; 0 means at once. */
  readonly removableFromMs: number;
}

/** Ten times what an attempt may take before its connection is destroyed. */
const DUPLICATE_LIFE_MS = 6_000;

/** Bounds of the state; beyond them entries are left to recovery. */
const TENANTS_MAX = 1_000;
const ENTRIES_MAX = 2_000;
const ADMITTED_MAX = 10_000;
/** Entries removed by one write. */
const REMOVED_AT_ONCE = 40;

export class FinishedEntries {
  readonly #byTenant = new Map<TenantRef, readonly Finished[]>();
  readonly #admitted = new Set<RequestId>();

  /** Notes an admission that was answered at its first attempt. */
  admittedAtOnce(request: RequestId): void {
    if (this.#admitted.size < ADMITTED_MAX) this.#admitted.add(request);
  }

  /** Whether the admission was answered at its first attempt. Forgets it, however its settlement will end. */
  takeAdmitted(request: RequestId): boolean {
    return this.#admitted.delete(request);
  }

  /** Notes a request as settled and recorded; `answeredAtOnce`: no write of it was sent twice. */
  settled(
    tenant: TenantRef,
    of: { readonly request: RequestId; readonly settledAtMs: number; readonly answeredAtOnce: boolean },
  ): void {
    const { request, settledAtMs, answeredAtOnce } = of;
    const finished = this.#byTenant.get(tenant) ?? [];
    const full = this.#byTenant.size >= TENANTS_MAX && finished.length === 0;
    if (full || finished.length >= ENTRIES_MAX) return;
    const removableFromMs = answeredAtOnce ? 0 : settledAtMs + DUPLICATE_LIFE_MS;
    this.#byTenant.set(tenant, [...finished, { request, removableFromMs }]);
  }

  /** Hands out up to 40 entries for one write to remove; the caller gives them back where the write was refused. */
  take(tenant: TenantRef, nowMs: number): readonly Finished[] {
    const finished = this.#byTenant.get(tenant) ?? [];
    const taken = finished
      .filter(({ removableFromMs }) => removableFromMs <= nowMs)
      .slice(0, REMOVED_AT_ONCE);
    const rest = finished.filter((entry) => !taken.includes(entry));
    if (rest.length > 0) this.#byTenant.set(tenant, rest);
    else this.#byTenant.delete(tenant);
    return taken;
  }

  giveBack(tenant: TenantRef, finished: readonly Finished[]): void {
    if (finished.length > 0) this.#byTenant.set(tenant, [...finished, ...(this.#byTenant.get(tenant) ?? [])]);
  }
}
