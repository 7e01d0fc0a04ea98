/**
 * What an hour brings to a tenant's keys: successors for those that are due, and reminders for those that end soon.
 * Each step may be repeated and raced: a key has one successor and each reminder one message, whoever comes first.
 */
import { causeFacts } from '../../shared/domain/cause.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import {
  type AccountRef,
  accountOfKey,
  type KeyRef,
  keyId,
  type TenantRef,
} from '../../shared/domain/ids.ts';
import { isRotationDue, isUsable, rotationDueAtMs } from '../../shared/domain/key-lifecycle.ts';
import type { OutboxMessage } from '../../shared/domain/outbox.ts';
import { type ApiKey, DAY_MS } from '../../shared/domain/tenancy.ts';
import type { AuditOf } from '../../shared/keys/audit-of.ts';
import { keyFacts, record } from '../../shared/keys/messages.ts';
import { rotateKey } from '../../shared/keys/rotate-key.ts';
import type { KeyRotationPorts } from './ports.ts';

export interface KeySweep {
  readonly rotated: number;
  readonly reminded: number;
  readonly failed: number;
}

interface Sweeping {
  readonly tenant: TenantRef;
  readonly nowMs: number;
  readonly auditOf: AuditOf;
}

const KEYS_A_PAGE = 100;
/** Days before its end at which a key is told of, the most urgent first. */
const REMINDER_DAYS = [1, 7, 14] as const;
/** A key that was due for so long and has no successor is an alarm. */
const OVERDUE_MS = DAY_MS;

/** Sweeps the keys of one active tenant. Rejects only where they cannot be listed. */
export async function sweepKeys(ports: KeyRotationPorts, of: Sweeping): Promise<KeySweep> {
  const sums = { rotated: 0, reminded: 0, failed: 0 };
  const isOwned = ownershipOf(ports, of.tenant);
  for await (const key of keysOf(ports, of.tenant)) {
    if (!isUsable(key, of.nowMs) || !(await isOwned(key))) continue;
    const outcome = await rotateIfDue(ports, { ...of, key });
    if (outcome === 'rotated') sums.rotated += 1;
    if (outcome === 'failed') sums.failed += 1;
    // The message of a rotation says what the first reminder would.
    const isTold = outcome === 'rotated' || outcome === 'overtaken';
    if (!isTold && (await remind(ports, { ...of, key }))) sums.reminded += 1;
  }
  return sums;
}

async function* keysOf(ports: KeyRotationPorts, tenant: TenantRef): AsyncGenerator<ApiKey> {
  let after: KeyRef | undefined;
  for (;;) {
    const page = await ports.tenancy.listKeys(tenant, {
      limit: KEYS_A_PAGE,
      ...(after !== undefined && { after }),
    });
    yield* page.items;
    after = page.items.at(-1)?.ref;
    if (!page.hasMore || after === undefined) return;
  }
}

/** Whether a key's account still is: keys of deleted accounts open nothing and are left to end. */
function ownershipOf(ports: KeyRotationPorts, tenant: TenantRef): (key: ApiKey) => Promise<boolean> {
  const known = new Map<AccountRef, Promise<boolean>>();
  return (key) => {
    const ref = accountOfKey(key.ref);
    const owned =
      known.get(ref) ??
      ports.tenancy.readAccount(tenant, ref).then((account) => account?.status === 'active');
    known.set(ref, owned);
    return owned;
  };
}

/** `overtaken`: another worker, an administrator or the workload itself was faster, or the key is gone. */
type Outcome = 'not-due' | 'rotated' | 'overtaken' | 'failed';

async function rotateIfDue(
  ports: KeyRotationPorts,
  of: Sweeping & { readonly key: ApiKey },
): Promise<Outcome> {
  const { key, nowMs, tenant, auditOf } = of;
  if (!isRotationDue(key, nowMs)) return 'not-due';
  try {
    await rotateKey(ports, { tenant, key: key.ref, nowMs, link: 'later', auditOf });
    return 'rotated';
  } catch (error) {
    if (error instanceof GatewayError && (error.code === 'conflict' || error.code === 'not_found')) {
      return 'overtaken';
    }
    ports.log.write({
      level: 'error',
      event: 'rotation-failed',
      tenant,
      key: keyId(tenant, key.ref),
      ...causeFacts(error),
    });
    await recordOverdue(ports, of).catch(() => undefined);
    return 'failed';
  }
}

async function recordOverdue(
  ports: KeyRotationPorts,
  of: Sweeping & { readonly key: ApiKey },
): Promise<void> {
  const dueAtMs = rotationDueAtMs(of.key) ?? Number.POSITIVE_INFINITY;
  if (of.nowMs < dueAtMs + OVERDUE_MS) return;
  // Every hour, unlike the message: the alarm on it ends with the trouble.
  const facts = { tenant: of.tenant, key: keyId(of.tenant, of.key.ref) };
  ports.log.write({ level: 'error', event: 'rotation-overdue', ...facts });
  const detail = { ...keyFacts(of.key), due_at: Math.floor(dueAtMs / 1000) };
  await record(
    ports,
    messageOf(of, { type: 'key.rotation_overdue', step: dueAtMs, detail, about: of.key.ref }),
  );
}

/** Tells of the nearest end only: a sweep that comes late does not send what is no longer true. */
async function remind(ports: KeyRotationPorts, of: Sweeping & { readonly key: ApiKey }): Promise<boolean> {
  const { key, nowMs, tenant } = of;
  // A key that was made for less than a week is not told of as if its end were news.
  const days = REMINDER_DAYS.find(
    (before) => nowMs >= key.expiresAtMs - before * DAY_MS && before * DAY_MS < key.lifetimeMs,
  );
  if (days === undefined || (days === 14 && key.successor !== undefined)) return false;
  const successor =
    key.successor === undefined ? undefined : await ports.tenancy.readKey(tenant, key.successor);
  const isUnclaimed = successor?.status === 'pending';
  const detail = {
    ...keyFacts(key),
    days_left: days,
    ...(successor !== undefined && {
      successor: keyId(tenant, successor.ref),
      successor_status: successor.status,
    }),
  };
  const message = messageOf(of, {
    type: 'key.expiring',
    step: `${days}:${Math.floor(key.expiresAtMs / 1000)}`,
    detail,
    // A message about a key that waits to be claimed carries a link to it.
    about: isUnclaimed ? successor.ref : key.ref,
  });
  const isNew = await record(ports, message);
  if (isNew && isUnclaimed) {
    const facts = { tenant, key: keyId(tenant, successor.ref), days };
    ports.log.write({ level: 'warn', event: 'key-unclaimed', ...facts });
  }
  return isNew;
}

const messageOf = (
  of: Sweeping & { readonly key: ApiKey },
  message: Pick<OutboxMessage, 'type' | 'detail'> & {
    readonly step: string | number;
    readonly about: KeyRef;
  },
): OutboxMessage => ({
  tenant: of.tenant,
  id: `${message.type}:${keyId(of.tenant, of.key.ref)}:${message.step}`,
  type: message.type,
  createdAtMs: of.nowMs,
  state: 'pending',
  key: message.about,
  detail: message.detail,
  // Nothing writes it again once the key has ended.
  forgetAtMs: of.key.expiresAtMs + 2 * DAY_MS,
  revision: 1,
});
