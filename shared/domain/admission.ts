/** One request's way through the hard limits: what it sets aside, and what it is charged in the end. */
import type { CounterCharge } from './counter.ts';
import type { AccountRef, KeyRef, RequestId, TenantRef } from './ids.ts';
import type { Amounts } from './limits.ts';
import type { NanoUsd } from './money.ts';
import type { ServiceTier } from './price.ts';
import { type Endpoint, NO_USAGE, type UsageRecord } from './usage.ts';

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

/** `committed`: what the counter of each charge holds now, in their order. */
export type AdmissionResult =
  | { readonly outcome: 'admitted'; readonly committed: readonly number[] }
  | AdmissionRefusal;

/** `held`: what the counter of each charge held, in their order; empty where nobody looked. */
export type AdmissionRefusal =
  | {
      readonly outcome: 'refused';
      readonly by: CounterCharge;
      /** What the refusing counter held. */
      readonly committed: number;
      /** How much of that the requests under way would give back, had they used nothing. */
      readonly returnable: number;
      readonly held: readonly number[];
    }
  | { readonly outcome: 'refused'; readonly by: 'inflight'; readonly held: readonly number[] }
  /** The request's id has been used, for something else or before. */
  | { readonly outcome: 'refused'; readonly by: 'duplicate' }
  | { readonly outcome: 'refused'; readonly by: 'stale-limits' };

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
}

/** The record of a request that was admitted and for which no model was called. */
export const unusedRecord = (admission: Admission, settledAtMs: number): UsageRecord => ({
  request: admission.request,
  tenant: admission.tenant,
  account: admission.account,
  key: admission.key,
  model: admission.model,
  endpoint: admission.endpoint,
  serviceTier: admission.serviceTier,
  outcome: 'failed',
  usage: NO_USAGE,
  nanoUsd: 0,
  estimated: false,
  startedAtMs: admission.nowMs,
  settledAtMs,
});
