/** Usage records as items: `PK=TENANT#<ref>`, `SK=USAGE#<request id>`, numbers as numbers. Written once, never changed. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { accountOfKey, parseKeyRef, parseRequestId, type RequestId, type TenantRef } from '../domain/ids.ts';
import { requestTimePrefix } from '../domain/request-time.ts';
import { OUTCOMES, type UsageRecord } from '../domain/usage.ts';
import type { TimeRange } from '../ports.ts';

export type Item = Record<string, AttributeValue>;

const DAY_SECONDS = 86_400;

/** `TENANT#<ref>`: the partition of a tenant in every table. */
export const tenantPartition = (tenant: TenantRef): AttributeValue => ({ S: `TENANT#${tenant}` });

/** The key of one record. */
export const usageKey = (tenant: TenantRef, request: RequestId): Item => ({
  PK: tenantPartition(tenant),
  SK: { S: `USAGE#${request}` },
});

/** The first and last sort key of a range: inclusive below, exclusive above (see requestTimePrefix). */
export const usageRange = (
  range: TimeRange,
): { readonly from: AttributeValue; readonly to: AttributeValue } => ({
  from: { S: `USAGE#${requestTimePrefix(range.fromMs)}` },
  to: { S: `USAGE#${requestTimePrefix(range.toMs)}` },
});

/** The item of a record; with `retentionDays` DynamoDB may drop it that long after settlement. */
export const toUsageItem = (record: UsageRecord, retentionDays: number | undefined): Item => ({
  ...usageKey(record.tenant, record.request),
  key: { S: record.key },
  model: { S: record.model },
  endpoint: { S: record.endpoint },
  outcome: { S: record.outcome },
  input: numeric(record.usage.input),
  output: numeric(record.usage.output),
  cacheRead: numeric(record.usage.cacheRead),
  cacheWrite: numeric(record.usage.cacheWrite),
  nanoUsd: numeric(record.nanoUsd),
  estimated: { BOOL: record.estimated },
  startedAtMs: numeric(record.startedAtMs),
  settledAtMs: numeric(record.settledAtMs),
  ...(retentionDays !== undefined && {
    ttl: numeric(Math.floor(record.settledAtMs / 1000) + retentionDays * DAY_SECONDS),
  }),
});

/** Reads an item; throws TypeError where it is not a usage record, because a sum over part of a ledger is wrong. */
export function fromUsageItem(tenant: TenantRef, item: Item): UsageRecord {
  const request = parseRequestId(textOf(item, 'SK').slice('USAGE#'.length));
  const key = parseKeyRef(textOf(item, 'key'));
  const outcome = OUTCOMES.find((candidate) => candidate === item['outcome']?.S);
  const endpoint = textOf(item, 'endpoint');
  if (
    request === undefined ||
    key === undefined ||
    outcome === undefined ||
    endpoint !== 'chat.completions'
  ) {
    throw new TypeError(`Not a usage record: ${textOf(item, 'SK')}.`);
  }
  return {
    request,
    tenant,
    account: accountOfKey(key),
    key,
    model: textOf(item, 'model'),
    endpoint,
    outcome,
    usage: {
      input: numberOf(item, 'input'),
      output: numberOf(item, 'output'),
      cacheRead: numberOf(item, 'cacheRead'),
      cacheWrite: numberOf(item, 'cacheWrite'),
    },
    nanoUsd: numberOf(item, 'nanoUsd'),
    estimated: item['estimated']?.BOOL === true,
    startedAtMs: numberOf(item, 'startedAtMs'),
    settledAtMs: numberOf(item, 'settledAtMs'),
  };
}

const numeric = (value: number): AttributeValue => ({ N: String(value) });

function textOf(item: Item, name: string): string {
  const text = item[name]?.S;
  if (text === undefined) throw new TypeError(`A usage record without ${name}.`);
  return text;
}

function numberOf(item: Item, name: string): number {
  const value = Number(item[name]?.N);
  if (!Number.isSafeInteger(value)) throw new TypeError(`A usage record whose ${name} is no integer.`);
  return value;
}
