/** One request's way through the hard limits: what it sets aside, and what it is charged in the end. */
import type { CounterCharge } from './counter.ts';
import type { AccountRef, KeyRef, RequestId, TenantRef } from './ids.ts';
import type { Amounts } from './limits.ts';
import type { NanoUsd } from './money.ts';
import type { ServiceTier } from './price.ts';
import type { Endpoint, UsageRecord } from './usage.ts';

/** What a request asks to set aside. */
export interface Admission {
  readonly tenant: TenantRef;
  readonly account: AccountRef;
  readonly key: KeyRef;
  readonly request: RequestId;
  /** The catalogue's id of the model that will answer. */
  readonly model: string;
  readonly endpoint: Endpoint;
  readonly serviceTier: ServiceTier;
  readonly limitsVersion: number;
  readonly inflightMax: number;
  readonly charges: readonly CounterCharge[];
  readonly reserved: Amounts;
  /** What a token of output counts where limits a minute count as Bedrock does; absent where every token counts once. */
  readonly outputFactor?: number;
  readonly nowMs: number;
  /** After this instant the request's process is dead and anyone may settle it. */
  readonly expiresAtMs: number;
}

/** `committed`: what each charge's counter holds now, or what the refusing one held. */
export type AdmissionResult =
  | { readonly outcome: 'admitted'; readonly committed: readonly number[] }
  | { readonly outcome: 'refused'; readonly by: CounterCharge; readonly committed: number }
  | { readonly outcome: 'refused'; readonly by: 'inflight' | 'stale-limits' };

/** What a tenant has spent in a UTC month, settled and reserved. */
export interface Spend {
  readonly nanoUsd: NanoUsd;
  /** How much more the requests under way may use than they reserved; 0 but for `balanced` estimates. */
  readonly debtNanoUsd: NanoUsd;
}

/** What an admitted request is charged. */
export interface Settlement {
  readonly admission: Admission;
  readonly record: UsageRecord;
  /** How often to try each write, for a caller that cannot wait; by default the store's own patience. */
  readonly attemptsMax?: number;
}
