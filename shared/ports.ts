/**
 * Everything asked of the outside world, on one screen. Adapters are in shared/aws, stand-ins for tests and
 * laptops in local/memory; both pass the same suite (test/integration/ports). Every method rejects with
 * GatewayError `service_unavailable` when its store cannot answer: nothing is decided on a guess.
 */
import type { Admission, AdmissionResult, Settlement, Spend } from './domain/admission.ts';
import type { AuditHead, AuditRecord } from './domain/audit.ts';
import type { AuditEvent, AuditQuery } from './domain/audit-event.ts';
import type { Change, CommitResult, TenantName } from './domain/change.ts';
import type { ContextSecret } from './domain/context-mac.ts';
import type { ConverseAnswer, ConverseCall, ConverseStreamEvent } from './domain/converse.ts';
import type { GuardrailCheckAnswer, GuardrailCheckCall } from './domain/guardrail-check.ts';
import type { AccountRef, AlertRef, KeyRef, TenantRef } from './domain/ids.ts';
import type { InvokeAnswer, InvokeCall } from './domain/invoke-model.ts';
import type { HeldLimits } from './domain/limit-usage.ts';
import type { LogEvent } from './domain/log-event.ts';
import type { OutboxMessage, PublishedEvent } from './domain/outbox.ts';
import type { Page, PageRequest, TenantPageRequest } from './domain/page.ts';
import type { RolledHour, RollupProgress, SealedHour } from './domain/rollup.ts';
import type { SecretVersion, StoredSecret } from './domain/secret-version.ts';
import type {
  AdminKey,
  ApiKey,
  IdempotencyRecord,
  KeyUse,
  ServiceAccount,
  SpendAlert,
  Tenant,
  TenantCredential,
} from './domain/tenancy.ts';
import type { TenantSettings } from './domain/tenant-settings.ts';
import type { TimeRange, UsageRecord } from './domain/usage.ts';

/** What authentication reads, in one strongly consistent round trip. Absent items are undefined. */
export interface CredentialStore {
  readTenantKey(tenant: TenantRef, key: KeyRef): Promise<Partial<TenantCredential>>;
  readAdminKey(key: KeyRef): Promise<AdminKey | undefined>;
  /** Notes when a key was used, and the secret of which claim; a later claim's mark stands. */
  noteUse(of: { readonly tenant: TenantRef; readonly key: KeyRef; readonly use: KeyUse }): Promise<void>;
}

/** The control plane. Each change commits together with its audit entries, or neither does. */
export interface TenancyStore {
  commit(change: Change): Promise<CommitResult>;
  readTenant(tenant: TenantRef): Promise<Tenant | undefined>;
  /** Who has a name that compares the same. */
  readTenantName(name: string): Promise<TenantName | undefined>;
  readAccount(tenant: TenantRef, account: AccountRef): Promise<ServiceAccount | undefined>;
  readKey(tenant: TenantRef, key: KeyRef): Promise<ApiKey | undefined>;
  readKeyUses(tenant: TenantRef, keys: readonly KeyRef[]): Promise<ReadonlyMap<KeyRef, KeyUse>>;
  readAdminKey(key: KeyRef): Promise<AdminKey | undefined>;
  readAlert(tenant: TenantRef, alert: AlertRef): Promise<SpendAlert | undefined>;
  readOutbox(tenant: TenantRef, id: string): Promise<OutboxMessage | undefined>;
  readIdempotency(tenant: TenantRef, digest: string): Promise<IdempotencyRecord | undefined>;
  /** By creation. */
  listTenants(page: TenantPageRequest): Promise<Page<Tenant>>;
  /** Lists by reference: those that are not deleted, not revoked, not sent. */
  listAccounts(tenant: TenantRef, page: PageRequest): Promise<Page<ServiceAccount>>;
  listKeys(tenant: TenantRef, page: PageRequest): Promise<Page<ApiKey>>;
  listAdminKeys(page: PageRequest): Promise<Page<AdminKey>>;
  listAlerts(tenant: TenantRef, page: PageRequest): Promise<Page<SpendAlert>>;
  listOutbox(tenant: TenantRef, page: PageRequest): Promise<Page<OutboxMessage>>;
}

/** The audit log, read; what writes it is the change that it tells of. */
export interface AuditStore {
  /** Newest first. Rejects with `invalid_value` where the cursor names no event that the filter's chains hold. */
  list(query: AuditQuery): Promise<Page<AuditEvent>>;
  /** A chain from its beginning. Like its head it is evidence: nothing is judged here. `after` is a sequence. */
  readChain(chain: TenantRef, page: PageRequest): Promise<Page<AuditRecord>>;
  readHead(chain: TenantRef): Promise<AuditHead>;
}

/** Write-once objects outside the tables, in the account that the tables are in. */
export interface AuditArchive {
  /** Without effect where there is an object of that name. */
  put(object: { readonly account: string; readonly name: string; readonly body: string }): Promise<void>;
}

/** Hard limits, on one item a tenant. Each method may be repeated with the same request id without effect. */
export interface LimitsStore {
  admit(admission: Admission): Promise<AdmissionResult>;
  /** Charges what was used to the periods of its admission and writes the usage record, exactly once. */
  settle(settlement: Settlement): Promise<void>;
  /** Settles what dead processes left behind; returns how many requests it settled. */
  sweep(tenant: TenantRef, nowMs: number): Promise<number>;
  /** Money of the UTC month of `nowMs`; 0 where there is none. Strongly consistent. */
  readSpend(tenant: TenantRef, nowMs: number): Promise<Spend>;
  /** Everything that is counted and set aside, of one instant. Strongly consistent. */
  readHeld(tenant: TenantRef): Promise<HeldLimits>;
}

/** The ledger, read by the metrics function and the sweep. Records are ordered by request id, hence by start. */
export interface UsageStore {
  read(tenant: TenantRef, range: TimeRange): AsyncIterable<readonly UsageRecord[]>;
}

/**
 * What closed hours of the ledger add up to, so that a report need not read each record (domain/rollup.ts). Each write
 * may be repeated and raced. An hour that is not sealed is told by its records.
 */
export interface UsageRollups {
  /** Strongly consistent. */
  readProgress(tenant: TenantRef): Promise<RollupProgress>;
  /** Hours that begin in the range and were ever sealed or opened again, in order. Strongly consistent, hour by hour. */
  read(tenant: TenantRef, range: TimeRange): AsyncIterable<readonly RolledHour[]>;
  /**
   * Seals an hour with what its records added up to, read after its `generation` was. `overtaken` where that has
   * moved since: then nothing was sealed, and whoever moved it or the next that looks will.
   */
  seal(tenant: TenantRef, hour: SealedHour): Promise<'sealed' | 'overtaken'>;
  /** Notes that each hour before `toMs` is rolled up; false, without effect, where `from` is no longer so. */
  advance(tenant: TenantRef, to: { readonly from: RollupProgress; readonly toMs: number }): Promise<boolean>;
}

/** Bedrock. Both methods resolve only when Bedrock has accepted, and reject with the GatewayError to answer. */
export interface ModelRuntime {
  converse(call: ConverseCall): Promise<ConverseAnswer>;
  /** One batch for each read from the network. Ending is not success: that is `messageStop`. */
  converseStream(call: ConverseCall): Promise<AsyncIterable<readonly ConverseStreamEvent[]>>;
}

/** Bedrock's models that hold no conversation. Rejects with the GatewayError to answer. */
export interface ModelInvoker {
  invoke(call: InvokeCall): Promise<InvokeAnswer>;
}

/** Bedrock's content filter, asked without a model. Rejects with the GatewayError to answer. */
export interface GuardrailChecks {
  check(call: GuardrailCheckCall): Promise<GuardrailCheckAnswer>;
}

/** The secret that signs identity contexts: two key ids may be valid at once while it is rotated. */
export interface ContextSecretSource {
  /** Kept for minutes; one that lacks `wantedKeyId` is read again, every ten seconds at most. */
  current(wantedKeyId?: string): Promise<ContextSecret>;
}

/** Whether a running answer may go on. Eventually consistent, for the timer of a stream alone. */
export interface KeyWatch {
  /** False once the key was revoked, its account deleted or its tenant archived. Rejects where the store gives no answer. */
  isLive(tenant: TenantRef, key: KeyRef): Promise<boolean>;
}

/** Secrets Manager, one secret a service account. Each step may be repeated. */
export interface SecretVault {
  /** Keeps the value as a pending version; where the version exists already, what it holds stands and is returned. */
  putPending(version: SecretVersion, value: string): Promise<StoredSecret>;
  /** Makes a pending version the current one; without effect where it is. */
  promote(version: SecretVersion): Promise<void>;
}

/** EventBridge. At least once: who subscribes tells repeats by the event's id. */
export interface EventBus {
  publish(event: PublishedEvent): Promise<void>;
}

/** What exists only once the stack is deployed, from Parameter Store. */
export interface DeploymentSettings {
  /** Where the API is reached, without `/v1`: `https://….amazonaws.com/prod`. Kept for the process's life. */
  baseUrl(): Promise<string>;
}

/**
 * A tenant's slow settings, in Parameter Store by version: written first, then in force once the tenant names the
 * version. A version never changes, so it is kept for the process's life.
 */
export interface TenantSettingsStore {
  /** Writes them as a new version and returns it. */
  put(tenant: TenantRef, settings: TenantSettings): Promise<number>;
  read(tenant: TenantRef, version: number): Promise<TenantSettings>;
}

/** Application inference profiles of the account. */
export interface InferenceProfiles {
  /**
   * The id of the model or system profile that it leads to; an ARN never leads elsewhere, so it is asked once. Rejects
   * with `model_not_found`, whose message names no profile, where it leads to none that has a price.
   */
  modelOf(arn: string): Promise<string>;
  /** The same without asking: undefined where nothing is known of the profile. */
  knownModelOf(arn: string): string | undefined;
}

/** One JSON line an event. Never a body, a prompt or a secret. */
export interface Log {
  write(event: LogEvent): void;
}

/** Milliseconds since the epoch. */
export type Clock = () => number;
/** Calls back once after the delay; returns what cancels it. */
export type Timer = (delayMs: number, callback: () => void) => () => void;
