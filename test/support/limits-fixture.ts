/** Admissions, settlements and stores for the tests of limits and ledger. */
import { createMemoryLimitsStore } from '../../local/memory/limits-store.ts';
import { createMemoryUsageStore } from '../../local/memory/usage-store.ts';
import type { Item } from '../../shared/aws/attribute.ts';
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { limitsKey } from '../../shared/aws/limits-item.ts';
import { createLimitsStore } from '../../shared/aws/limits-store.ts';
import { createUsageStore } from '../../shared/aws/usage-store.ts';
import type { Admission, AdmissionResult, Settlement } from '../../shared/domain/admission.ts';
import { counterAt, counterName, countersFor } from '../../shared/domain/counter.ts';
import {
  accountOfKey,
  type KeyRef,
  newAccountRef,
  newKeyRef,
  newTenantRef,
  parseRequestId,
  type RequestId,
  type TenantRef,
} from '../../shared/domain/ids.ts';
import {
  type Amounts,
  DEFAULT_LIMITS,
  type LimitSet,
  requestLimitsOf,
  type TenantLimits,
} from '../../shared/domain/limits.ts';
import type { LogEvent } from '../../shared/domain/log-event.ts';
import { requestTimePrefix } from '../../shared/domain/request-time.ts';
import type { UsageRecord } from '../../shared/domain/usage.ts';
import type { LimitsStore, UsageStore } from '../../shared/ports.ts';
import { seededRandom } from './random.ts';

/** 2026-11-20T20:17:30Z: half a minute from the next. */
export const NOW_MS = Date.UTC(2026, 10, 20, 20, 17, 30);
export const LIFETIME_MS = 30_000;
export const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';

const random = seededRandom('limits-fixture');
export const KEY = newKeyRef(random, newAccountRef(random));
/** A key of another account. */
export const OTHER_KEY = newKeyRef(random, newAccountRef(random));
export const freshTenant = (): TenantRef => newTenantRef(random);

/** The `index`th request received at `timeMs`. */
export function requestAt(index: number, timeMs = NOW_MS): RequestId {
  const request = parseRequestId(requestTimePrefix(timeMs) + String(index).padStart(16, '0'));
  if (request === undefined) throw new TypeError('Not a request id.');
  return request;
}

export interface AdmissionFacts {
  readonly tenant: TenantRef;
  readonly index: number;
  readonly tokens?: number;
  readonly nanoUsd?: number;
  readonly atMs?: number;
  readonly limits?: Partial<TenantLimits>;
  /** By default KEY. */
  readonly key?: KeyRef;
  readonly accountLimits?: LimitSet;
  /** By default MODEL. */
  readonly model?: string;
  /** Where limits a minute count otherwise, the factor of output included. */
  readonly minuteTokens?: number;
  readonly outputFactor?: number;
  readonly debtNanoUsd?: number;
  readonly debtTokens?: number;
  readonly debtMinuteTokens?: number;
}

export function admissionOf(facts: AdmissionFacts): Admission {
  const nowMs = facts.atMs ?? NOW_MS;
  const limits = { ...DEFAULT_LIMITS, ...facts.limits };
  const key = facts.key ?? KEY;
  const account = accountOfKey(key);
  const model = facts.model ?? MODEL;
  const accountLimits = facts.accountLimits ?? {};
  const inForce = { limits: requestLimitsOf(limits), account, accountLimits, model };
  const reserved: Amounts = {
    tokens: facts.tokens ?? 10,
    ...(facts.minuteTokens !== undefined && { minuteTokens: facts.minuteTokens }),
    nanoUsd: facts.nanoUsd ?? 1_000,
    ...(facts.debtNanoUsd !== undefined && { debtNanoUsd: facts.debtNanoUsd }),
    ...(facts.debtTokens !== undefined && { debtTokens: facts.debtTokens }),
    ...(facts.debtMinuteTokens !== undefined && { debtMinuteTokens: facts.debtMinuteTokens }),
  };
  return {
    tenant: facts.tenant,
    account,
    key,
    request: requestAt(facts.index, nowMs),
    model,
    endpoint: 'chat.completions',
    serviceTier: 'standard',
    limitsVersion: limits.version,
    inflightMax: limits.inflightMax,
    charges: countersFor(inForce, { nowMs, amounts: reserved }),
    reserved,
    ...(facts.outputFactor !== undefined && { outputFactor: facts.outputFactor }),
    nowMs,
    expiresAtMs: nowMs + LIFETIME_MS,
  };
}

export interface UsedFacts {
  readonly tokens?: number;
  readonly nanoUsd?: number;
  readonly settledAtMs?: number;
  /** Of the tokens, those read from the prompt cache; the rest is half input, half output. */
  readonly cacheRead?: number;
}

/** The settlement of an admission, by default one second later and with all that was reserved. */
export function settlementOf(admission: Admission, used: UsedFacts = {}): Settlement {
  const cacheRead = used.cacheRead ?? 0;
  const tokens = (used.tokens ?? admission.reserved.tokens) - cacheRead;
  const record: UsageRecord = {
    request: admission.request,
    tenant: admission.tenant,
    account: admission.account,
    key: admission.key,
    model: admission.model,
    endpoint: 'chat.completions',
    serviceTier: 'standard',
    outcome: 'completed',
    usage: {
      input: tokens - Math.floor(tokens / 2),
      output: Math.floor(tokens / 2),
      cacheRead,
      cacheWrite: 0,
    },
    nanoUsd: used.nanoUsd ?? admission.reserved.nanoUsd,
    estimated: false,
    startedAtMs: admission.nowMs,
    settledAtMs: used.settledAtMs ?? admission.nowMs + 1_000,
  };
  return { admission, record };
}

/** Limits and ledger of one kind, over the same data. */
export interface Stores {
  readonly limits: LimitsStore;
  readonly usage: UsageStore;
  readonly events: readonly LogEvent[];
  /** The limits as another process opens them. */
  another(): LimitsStore;
}

export function memoryStores(): Stores {
  const usage = createMemoryUsageStore();
  const limits = createMemoryLimitsStore(usage);
  return { limits, usage, events: [], another: () => limits };
}

export const TABLES = { limitsTable: 'limits', usageTable: 'usage' } as const;

export function dynamoStores(
  dynamo: Dynamo,
  tables: { readonly limitsTable: string; readonly usageTable: string } = TABLES,
): Stores {
  const events: LogEvent[] = [];
  const log = { write: (event: LogEvent) => void events.push(event) };
  const another = () =>
    createLimitsStore({ dynamo, ...tables, log }, { attemptsMax: 8, random: () => 0, wait: async () => {} });
  return {
    limits: another(),
    another,
    events,
    usage: createUsageStore({ dynamo, table: tables.usageTable }),
  };
}

/** The limits item as it is. */
export async function limitsItemOf(
  dynamo: Dynamo,
  of: { readonly tenant: TenantRef; readonly table: string },
): Promise<Item> {
  const output = await dynamo.getItem({
    TableName: of.table,
    Key: limitsKey(of.tenant),
    ConsistentRead: true,
  });
  return output.Item ?? {};
}

const DAY_MS = 86_400_000;
const PROBE = 'probe';

function freshRequest(atMs: number): RequestId {
  const digits = String(Buffer.from(random(6)).readUIntBE(0, 6)).padStart(15, '0');
  const request = parseRequestId(`${requestTimePrefix(atMs)}9${digits}`);
  if (request === undefined) throw new TypeError('Not a request id.');
  return request;
}

/** Every record of the days around the fixture's, but for those of probes. */
export async function recordsOf(stores: Stores, tenant: TenantRef): Promise<readonly UsageRecord[]> {
  const records: UsageRecord[] = [];
  for await (const page of stores.usage.read(tenant, {
    fromMs: NOW_MS - DAY_MS,
    toMs: NOW_MS + 60 * DAY_MS,
  })) {
    records.push(...page.filter((record) => record.model !== PROBE));
  }
  return records;
}

/** An admission of a tenant whose accounts have no limits and whose requests are all of one minute, and what its counters then hold. */
export const admittedWith = (held: {
  readonly tokens: number;
  readonly nanoUsd: number;
  readonly requests: number;
}): AdmissionResult => ({
  outcome: 'admitted',
  committed: [
    held.nanoUsd,
    held.tokens,
    held.nanoUsd,
    held.tokens,
    held.requests,
    held.requests,
    held.tokens,
  ],
});

/** What the tenant's tokens of the minute and money of the month hold: asked by an admission of nothing. */
export async function committedAt(
  stores: Stores,
  tenant: TenantRef,
  atMs = NOW_MS,
): Promise<readonly number[]> {
  const held = await countersAt(stores, { tenant, atMs });
  return (['tokens-minute', 'money-month'] as const).map(
    (kind) => held.get(counterName(counterAt(kind, atMs))) ?? 0,
  );
}

const FAR_AWAY: LimitSet = {
  requestsPerMinute: 10 ** 9,
  requestsPerDay: 10 ** 9,
  tokensPerMinute: 10 ** 9,
  tokensPerDay: 10 ** 9,
  tokensPerMonth: 10 ** 9,
  nanoUsdPerDay: 10 ** 15,
  nanoUsdPerMonth: 10 ** 15,
};

/** Every counter of the tenant and of the key's account, by name: asked by an admission of nothing, itself a request. */
export async function countersAt(
  stores: Stores,
  of: {
    readonly tenant: TenantRef;
    readonly atMs: number;
    readonly key?: KeyRef;
    /** Of the limits that admitted last; by default 1. */
    readonly version?: number;
  },
): Promise<ReadonlyMap<string, number>> {
  const accountLimits = of.key === undefined ? {} : FAR_AWAY;
  const limits = { inflightMax: 400, version: of.version ?? 1 };
  const facts = { ...of, index: 0, tokens: 0, nanoUsd: 0, limits, accountLimits };
  const admission = { ...admissionOf(facts), request: freshRequest(of.atMs), model: PROBE };
  const result = await stores.limits.admit(admission);
  if (result.outcome !== 'admitted') throw new Error('A probe was refused.');
  await stores.limits.settle(settlementOf(admission, { settledAtMs: of.atMs }));
  return new Map(admission.charges.map((charge, at) => [counterName(charge), result.committed[at] ?? 0]));
}
