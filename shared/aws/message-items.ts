/** Spend alerts, outbox messages and idempotency records as items of the config table. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { parseAlertRef, parseKeyRef, type TenantRef } from '../domain/ids.ts';
import { OUTBOX_TYPES, type OutboxMessage } from '../domain/outbox.ts';
import type { IdempotencyRecord, SpendAlert } from '../domain/tenancy.ts';
import {
  type Item,
  integer,
  integerOf,
  malformed,
  mapOf,
  oneOf,
  optionalTextOf,
  text,
  textOf,
  texts,
  textsOf,
} from './attribute.ts';
import { ALERT_PREFIX, alertKey, OUTBOX_PREFIX, onceKey, outboxKey } from './item-keys.ts';

export const toAlertItem = (alert: SpendAlert): Item => ({
  ...alertKey(alert.tenant, alert.ref),
  thresholdNanoUsd: integer(alert.thresholdNanoUsd),
  recipients: texts(alert.recipients),
  ...(alert.subjectPrefix !== undefined && { subjectPrefix: text(alert.subjectPrefix) }),
  createdAtMs: integer(alert.createdAtMs),
  revision: integer(alert.revision),
});

export function fromAlertItem(tenant: TenantRef, item: Item): SpendAlert {
  const subjectPrefix = optionalTextOf(item, 'subjectPrefix');
  return {
    tenant,
    ref: parseAlertRef(textOf(item, 'SK').slice(ALERT_PREFIX.length)) ?? malformed('SK'),
    thresholdNanoUsd: integerOf(item, 'thresholdNanoUsd'),
    recipients: textsOf(item, 'recipients'),
    ...(subjectPrefix !== undefined && { subjectPrefix }),
    createdAtMs: integerOf(item, 'createdAtMs'),
    revision: integerOf(item, 'revision'),
  };
}

export const toOutboxItem = (message: OutboxMessage): Item => ({
  ...outboxKey(message.tenant, message.id),
  type: text(message.type),
  status: text(message.state),
  createdAtMs: integer(message.createdAtMs),
  ...(message.key !== undefined && { key: text(message.key) }),
  detail: { M: detailMap(message.detail) },
  revision: integer(message.revision),
  ...forgotten(message.forgetAtMs),
});

export function fromOutboxItem(tenant: TenantRef, item: Item): OutboxMessage {
  const key = optionalTextOf(item, 'key');
  return {
    tenant,
    id: textOf(item, 'SK').slice(OUTBOX_PREFIX.length),
    type: oneOf(item, 'type', OUTBOX_TYPES),
    createdAtMs: integerOf(item, 'createdAtMs'),
    state: oneOf(item, 'status', ['pending', 'sent']),
    ...(key !== undefined && { key: parseKeyRef(key) ?? malformed('key') }),
    detail: fromDetailMap(mapOf(item, 'detail')),
    revision: integerOf(item, 'revision'),
    forgetAtMs: integerOf(item, 'forgetAtMs'),
  };
}

export const toOnceItem = (record: IdempotencyRecord): Item => ({
  ...onceKey(record.tenant, record.digest),
  made: text(record.made),
  ...forgotten(record.forgetAtMs),
});

export const fromOnceItem = (tenant: TenantRef, item: Item): IdempotencyRecord => ({
  tenant,
  digest: textOf(item, 'SK').slice('ONCE#'.length),
  made: textOf(item, 'made'),
  forgetAtMs: integerOf(item, 'forgetAtMs'),
});

/** `ttl` is DynamoDB's, in seconds and late by days; what a rule depends on is compared as `forgetAtMs`. */
const forgotten = (forgetAtMs: number): Item => ({
  forgetAtMs: integer(forgetAtMs),
  ttl: integer(Math.ceil(forgetAtMs / 1000)),
});

type Detail = OutboxMessage['detail'];

function detailMap(detail: Detail): Item {
  const map: Item = {};
  for (const [name, value] of Object.entries(detail)) map[name] = detailValue(value);
  return map;
}

function detailValue(value: Detail[string]): AttributeValue {
  if (typeof value === 'string') return text(value);
  return typeof value === 'number' ? integer(value) : texts(value);
}

function fromDetailMap(map: Item): Detail {
  return Object.fromEntries(
    Object.entries(map).map(([name, value]) => {
      if (value.S !== undefined) return [name, value.S];
      return [name, value.N === undefined ? textsOf(map, name) : Number(value.N)];
    }),
  );
}
