/**
 * Everything asked of the outside world, on one screen. Adapters are in shared/aws, stand-ins for tests and
 * laptops in local/memory; both pass the same suite (test/integration/ports). Every method rejects with
 * GatewayError `service_unavailable` when its store cannot answer: nothing is decided on a guess.
 */
import type { Admission, AdmissionResult, Settlement } from './domain/admission.ts';
import type { AuditEntry, AuditRecord } from './domain/audit.ts';
import type { ContextSecret } from './domain/context-mac.ts';
import type { ConverseAnswer, ConverseCall, ConverseStreamEvent } from './domain/converse.ts';
import type { KeyRef, TenantRef } from './domain/ids.ts';
import type { LogEvent } from './domain/log-event.ts';
import type { Page, PageRequest } from './domain/page.ts';
import type {
  AccountCreation,
  AdminKey,
  ApiKey,
  KeyRevocation,
  ServiceAccount,
  Tenant,
  TenantCredential,
} from './domain/tenancy.ts';
import type { TimeRange, UsageRecord } from './domain/usage.ts';

/** What authentication reads, in one strongly consistent round trip. Absent items are undefined. */
export interface CredentialStore {
  readTenantKey(tenant: TenantRef, key: KeyRef): Promise<Partial<TenantCredential>>;
  readAdminKey(key: KeyRef): Promise<AdminKey | undefined>;
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

/** Hard limits, on one item a tenant. Each method may be repeated with the same request id without effect. */
export interface LimitsStore {
  admit(admission: Admission): Promise<AdmissionResult>;
  /** Charges what was used to the periods of its admission and writes the usage record, exactly once. */
  settle(settlement: Settlement): Promise<void>;
  /** Settles what dead processes left behind; returns how many requests it settled. */
  sweep(tenant: TenantRef, nowMs: number): Promise<number>;
}

/** The ledger, read by the metrics function. Records are ordered by request id, hence by start. */
export interface UsageStore {
  read(tenant: TenantRef, range: TimeRange): AsyncIterable<readonly UsageRecord[]>;
}

/** Bedrock. Both methods resolve only when Bedrock has accepted, and reject with the GatewayError to answer. */
export interface ModelRuntime {
  converse(call: ConverseCall): Promise<ConverseAnswer>;
  /** One batch for each read from the network. Ending is not success: that is `messageStop`. */
  converseStream(call: ConverseCall): Promise<AsyncIterable<readonly ConverseStreamEvent[]>>;
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

/** Milliseconds since the epoch. */
export type Clock = () => number;
/** Calls back once after the delay; returns what cancels it. */
export type Timer = (delayMs: number, callback: () => void) => () => void;
