/**
 * Everything asked of the outside world, on one screen. Adapters are in shared/aws, stand-ins for tests and
 * laptops in local/memory; both pass the same suite (test/integration/ports). Every method rejects with
 * GatewayError `service_unavailable` when its store cannot answer: nothing is decided on a guess.
 */
import type { AuditEntry, AuditRecord } from './domain/audit.ts';
import type { ContextSecret } from './domain/context-mac.ts';
import type { ConverseAnswer, ConverseBody, ConverseStreamEvent } from './domain/converse.ts';
import type { AccountRef, KeyRef, RandomBytes, RequestId, TenantRef } from './domain/ids.ts';
import type { Amounts, CounterCharge } from './domain/limits.ts';
import type { AdminKey, ApiKey, ServiceAccount, Tenant } from './domain/tenancy.ts';
import type { TokenUsage, UsageRecord } from './domain/usage.ts';

/** What authentication reads, in one strongly consistent round trip. Absent items are undefined. */
export interface CredentialStore {
  readTenantKey(tenant: TenantRef, key: KeyRef): Promise<Partial<TenantCredential>>;
  readAdminKey(key: KeyRef): Promise<AdminKey | undefined>;
}
export interface TenantCredential {
  readonly key: ApiKey;
  readonly account: ServiceAccount;
  readonly tenant: Tenant;
}

/** The control plane. Each change commits together with its audit entry, or neither does. */
export interface TenancyStore {
  /** Rejects with `conflict` where the name or reference is taken. */
  createTenant(tenant: Tenant, audit: AuditEntry): Promise<void>;
  createAccount(creation: AccountCreation): Promise<void>;
  createAdminKey(key: AdminKey, audit: AuditEntry): Promise<void>;
  /** True where this call revoked it, false where it was revoked already; `not_found` where there is none. */
  revokeKey(revocation: KeyRevocation): Promise<boolean>;
  readTenant(tenant: TenantRef): Promise<Tenant | undefined>;
  listTenants(page: PageRequest): Promise<Page<Tenant>>;
  listAccounts(tenant: TenantRef, page: PageRequest): Promise<Page<ServiceAccount>>;
  listKeys(tenant: TenantRef, page: PageRequest): Promise<Page<ApiKey>>;
  listAudit(chain: TenantRef, page: PageRequest): Promise<Page<AuditRecord>>;
}
export interface AccountCreation {
  readonly account: ServiceAccount;
  /** Its first key; undefined where it begins without one. */
  readonly key: ApiKey | undefined;
  readonly audit: readonly AuditEntry[];
}
export interface KeyRevocation {
  readonly tenant: TenantRef;
  readonly key: KeyRef;
  readonly revokedAtMs: number;
  readonly audit: AuditEntry;
}
/** `after`: the reference (or sequence) of the last item of the page before; `limit`: 1 to 100. */
export interface PageRequest {
  readonly after?: string;
  readonly limit: number;
}
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasMore: boolean;
}

/** Hard limits: DESIGN's one item a tenant. Each method may be repeated with the same request id without effect. */
export interface LimitsStore {
  admit(admission: Admission): Promise<AdmissionResult>;
  /** Charges what was used to the periods of its admission and writes the usage record, exactly once. */
  settle(settlement: Settlement): Promise<void>;
  /** Settles what dead processes left behind; returns how many requests it settled. */
  sweep(tenant: TenantRef, nowMs: number): Promise<number>;
}
export interface Admission {
  readonly tenant: TenantRef;
  readonly account: AccountRef;
  readonly key: KeyRef;
  readonly request: RequestId;
  readonly model: string;
  readonly limitsVersion: number;
  readonly inflightMax: number;
  readonly charges: readonly CounterCharge[];
  readonly reserved: Amounts;
  readonly nowMs: number;
  /** After this instant the request's process is dead and anyone may settle it. */
  readonly expiresAtMs: number;
}
export type AdmissionResult =
  | { readonly outcome: 'admitted'; readonly committed: readonly number[] }
  | { readonly outcome: 'refused'; readonly by: CounterCharge; readonly committed: number }
  | { readonly outcome: 'refused'; readonly by: 'inflight' | 'stale-limits' };
export interface Settlement {
  readonly admission: Admission;
  readonly record: UsageRecord;
  /** How often to try each write, for a caller that cannot wait; by default the store's own patience. */
  readonly attemptsMax?: number;
}

/** The ledger, read by the metrics function. Records are ordered by request id, hence by start. */
export interface UsageStore {
  read(tenant: TenantRef, range: TimeRange): AsyncIterable<readonly UsageRecord[]>;
}
/** Milliseconds since the epoch; `fromMs` inclusive, `toMs` exclusive. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Bedrock. Both methods resolve only when Bedrock has accepted, and reject with the GatewayError to answer. */
export interface ModelRuntime {
  converse(call: ConverseCall): Promise<ConverseAnswer>;
  /** One batch for each read from the network. Ending is not success: that is `messageStop`. */
  converseStream(call: ConverseCall): Promise<AsyncIterable<readonly ConverseStreamEvent[]>>;
}
export interface ConverseCall {
  readonly modelId: string;
  readonly body: ConverseBody;
  readonly signal: AbortSignal;
}

/** The secret that signs identity contexts: two key ids may be valid at once while it is rotated. */
export interface ContextSecretSource {
  /** Kept for minutes; one that lacks `wantedKeyId` is read again, every ten seconds at most. */
  current(wantedKeyId?: string): Promise<ContextSecret>;
}

/** One JSON line an event. Never a body, a prompt or a secret. */
export interface Log {
  write(event: LogEvent): void;
}
export interface LogEvent {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly tenant?: TenantRef;
  readonly [fact: string]: string | number | boolean | EmbeddedMetrics | undefined;
}
/** Which facts of the line CloudWatch is to count (embedded metric format); always the fact `_aws`. */
export interface EmbeddedMetrics {
  readonly Timestamp: number;
  readonly CloudWatchMetrics: readonly {
    readonly Namespace: string;
    readonly Dimensions: readonly (readonly string[])[];
    readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
  }[];
}

/** Milliseconds since the epoch. */
export type Clock = () => number;
/** Calls back once after the delay; returns what cancels it. */
export type Timer = (delayMs: number, callback: () => void) => () => void;
export type { RandomBytes, TokenUsage };
