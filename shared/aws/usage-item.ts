/** Usage records as items: `PK=TENANT#<ref>`, `SK=USAGE#<request id>`, numbers as numbers. Written once, never changed. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { accountOfKey, parseKeyRef, parseRequestId, type RequestId, type TenantRef } from '../domain/ids.ts';
import { SERVICE_TIERS } from '../domain/price.ts';
import { requestTimePrefix } from '../domain/request-time.ts';
import { ENDPOINTS, OUTCOMES, type TimeRange, type UsageRecord } from '../domain/usage.ts';
import { type Item, integer, integerOf, text, textOf } from './attribute.ts';
import { partitionOf } from './item-keys.ts';

const DAY_SECONDS = 86_400;

/** The key of one record. */
export const usageKey = (tenant: TenantRef, request: RequestId): Item => ({
  PK: text(partitionOf(tenant)),
  SK: text(`USAGE#${request}`),
});

/** The first and last sort key of a range: inclusive below, exclusive above (see requestTimePrefix). */
export const usageRange = (
  range: TimeRange,
): { readonly from: AttributeValue; readonly to: AttributeValue } => ({
  from: text(`USAGE#${requestTimePrefix(range.fromMs)}`),
  to: text(`USAGE#${requestTimePrefix(range.toMs)}`),
});

/** The item of a record; with `retentionDays` DynamoDB may drop it that long after settlement. */
export const toUsageItem = (record: UsageRecord, retentionDays: number | undefined): Item => ({
  ...usageKey(record.tenant, record.request),
  key: text(record.key),
  model: text(record.model),
  endpoint: text(record.endpoint),
  serviceTier: text(record.serviceTier),
  outcome: text(record.outcome),
  input: integer(record.usage.input),
  output: integer(record.usage.output),
  cacheRead: integer(record.usage.cacheRead),
  cacheWrite: integer(record.usage.cacheWrite),
  ...(record.usage.cacheWrite1h !== undefined && { cacheWrite1h: integer(record.usage.cacheWrite1h) }),
  ...(record.usage.images !== undefined && { images: integer(record.usage.images) }),
  nanoUsd: integer(record.nanoUsd),
  estimated: { BOOL: record.estimated },
  startedAtMs: integer(record.startedAtMs),
  settledAtMs: integer(record.settledAtMs),
  ...(retentionDays !== undefined && {
    ttl: integer(Math.floor(record.settledAtMs / 1000) + retentionDays * DAY_SECONDS),
  }),
});

/** Reads an item; throws TypeError where it is not a usage record, because a sum over part of a ledger is wrong. */
export function fromUsageItem(tenant: TenantRef, item: Item): UsageRecord {
  const request = parseRequestId(textOf(item, 'SK').slice('USAGE#'.length));
  const key = parseKeyRef(textOf(item, 'key'));
  const outcome = OUTCOMES.find((candidate) => candidate === item['outcome']?.S);
  const endpoint = ENDPOINTS.find((candidate) => candidate === item['endpoint']?.S);
  // Records of the first version do not say it: there was no other.
  const tierText = item['serviceTier'] === undefined ? 'standard' : item['serviceTier'].S;
  const serviceTier = SERVICE_TIERS.find((candidate) => candidate === tierText);
  if (request === undefined || key === undefined || outcome === undefined) throw notARecord(item);
  if (endpoint === undefined || serviceTier === undefined) throw notARecord(item);
  return {
    request,
    tenant,
    account: accountOfKey(key),
    key,
    model: textOf(item, 'model'),
    endpoint,
    serviceTier,
    outcome,
    usage: {
      input: integerOf(item, 'input'),
      output: integerOf(item, 'output'),
      cacheRead: integerOf(item, 'cacheRead'),
      cacheWrite: integerOf(item, 'cacheWrite'),
      ...(item['images'] !== undefined && { images: integerOf(item, 'images') }),
      ...(item['cacheWrite1h'] !== undefined && { cacheWrite1h: integerOf(item, 'cacheWrite1h') }),
    },
    nanoUsd: integerOf(item, 'nanoUsd'),
    estimated: item['estimated']?.BOOL === true,
    startedAtMs: integerOf(item, 'startedAtMs'),
    settledAtMs: integerOf(item, 'settledAtMs'),
  };
}

const notARecord = (item: Item): TypeError => new TypeError(`Not a usage record: ${textOf(item, 'SK')}.`);
