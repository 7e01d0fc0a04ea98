/**
 * Telling the world what has committed. Each step may be repeated: a crash after any of them, or a second worker,
 * ends with the message told at least once and the secret current.
 */

import { type Decision, decideAndCommit } from '../decide-and-commit.ts';
import { insert, replace } from '../domain/change.ts';
import { accountOfKey, keyId, projectId, serviceAccountId } from '../domain/ids.ts';
import { withClaimLink } from '../domain/key-lifecycle.ts';
import type { OutboxMessage, OutboxType, PublishedEvent } from '../domain/outbox.ts';
import type { ApiKey } from '../domain/tenancy.ts';
import type { AuditOf } from './audit-of.ts';
import { newClaimToken } from './make-key.ts';
import { isOwned } from './ownership.ts';
import type { KeyPorts, MessagePorts } from './ports.ts';

/** What a message says of a key: ids and times. */
export const keyFacts = (key: Pick<ApiKey, 'tenant' | 'ref' | 'name' | 'expiresAtMs'>) => ({
  project_id: projectId(key.tenant),
  service_account_id: serviceAccountId(key.tenant, accountOfKey(key.ref)),
  key_id: keyId(key.tenant, key.ref),
  key_name: key.name,
  expires_at: Math.floor(key.expiresAtMs / 1000),
});

/** Whether this call wrote the message; false where it was written before. */
export async function record(ports: Pick<KeyPorts, 'tenancy'>, message: OutboxMessage): Promise<boolean> {
  const writes = [insert({ type: 'outbox', value: message })];
  return (await ports.tenancy.commit({ writes, audit: [] })) === 'committed';
}

/**
 * Delivers one message: makes a key's value current in Secrets Manager, adds a fresh link where a key waits to be
 * claimed, publishes, and marks it sent. Rejects where the outside gave no answer; then the message stays.
 */
export async function deliver(
  ports: MessagePorts,
  of: { readonly message: OutboxMessage; readonly nowMs: number; readonly auditOf: AuditOf },
): Promise<void> {
  const { message } = of;
  const key =
    message.key === undefined ? undefined : await ports.tenancy.readKey(message.tenant, message.key);
  if (key !== undefined && PROMOTING.has(message.type)) await promote(ports, key);
  const isMoot = message.key !== undefined && (key === undefined || key.status === 'revoked');
  if (!isMoot) await ports.events.publish(await eventOf(ports, { ...of, key }));
  await markSent(ports, message);
}

/** The messages that a new key's value in Secrets Manager waits for. */
const PROMOTING: ReadonlySet<OutboxType> = new Set(['key.issued', 'key.rotated']);
/** The messages that carry a link: nobody was there to be shown one. */
const LINKING: ReadonlySet<OutboxType> = new Set(['key.claim_pending', 'key.expiring']);

async function promote(ports: KeyPorts, key: ApiKey): Promise<void> {
  if (key.secretVersionId === undefined || key.status !== 'active') return;
  const { tenant, ref, line, secretVersionId: versionId } = key;
  await ports.vault.promote({ tenant, account: accountOfKey(ref), line, versionId });
}

/** The link is made when it is told: its token is kept nowhere but, hashed, with the key. */
async function eventOf(
  ports: MessagePorts,
  of: {
    readonly message: OutboxMessage;
    readonly key: ApiKey | undefined;
    readonly nowMs: number;
    readonly auditOf: AuditOf;
  },
): Promise<PublishedEvent> {
  const { id, type, tenant, detail, createdAtMs } = of.message;
  const event = { id, type, tenant, atMs: createdAtMs, detail };
  if (of.key?.status !== 'pending' || !LINKING.has(type)) return event;
  const { nowMs, auditOf } = of;
  const added = await addClaimLink(ports, { key: of.key, nowMs, auditOf, toldBy: id });
  const link =
    added === undefined ? {} : { claim_url: claimUrl(await ports.settings.baseUrl(), added.token) };
  return { ...event, detail: { ...detail, ...link } };
}

/** The address of a claim link. The token is behind the `#`, so that no server, log or mail scanner is sent it. */
export const claimUrl = (baseUrl: string, token: string): string => `${baseUrl}/v1/api_keys/claim#${token}`;

/** A link that was just made. */
export interface MadeClaimLink {
  readonly token: string;
  readonly expiresAtMs: number;
}

/**
 * Adds a link to a pending key. Undefined where it waits to be claimed no more, or never can be: its project is
 * archived or its account deleted.
 */
export const addClaimLink = (
  ports: Pick<KeyPorts, 'tenancy' | 'random'>,
  of: {
    readonly key: Pick<ApiKey, 'tenant' | 'ref'>;
    readonly nowMs: number;
    readonly auditOf: AuditOf;
    /** The message that tells the link, which replaces its own where it is tried again. */
    readonly toldBy?: string;
  },
): Promise<MadeClaimLink | undefined> =>
  decideAndCommit(ports.tenancy, async (): Promise<Decision<MadeClaimLink | undefined>> => {
    const key = await ports.tenancy.readKey(of.key.tenant, of.key.ref);
    if (key?.status !== 'pending' || !(await isOwned(ports, key))) {
      return { change: { writes: [], audit: [] }, result: undefined };
    }
    const token = newClaimToken(ports, key);
    const { nowMs, toldBy } = of;
    const next = withClaimLink(key, { token, nowMs, ...(toldBy !== undefined && { toldBy }) });
    const audit = of.auditOf({
      type: 'api_key.claim_link.created',
      chain: key.tenant,
      step: next.revision,
      subject: { id: keyId(key.tenant, key.ref) },
    });
    const writes = [replace({ type: 'key', value: next })];
    const expiresAtMs = next.claim?.expiresAtMs ?? next.expiresAtMs;
    return { change: { writes, audit: [audit] }, result: { token, expiresAtMs } };
  });

/** Where another worker was faster, it is sent all the same. */
async function markSent(ports: Pick<KeyPorts, 'tenancy'>, message: OutboxMessage): Promise<void> {
  const sent: OutboxMessage = { ...message, state: 'sent', revision: message.revision + 1 };
  await ports.tenancy.commit({ writes: [replace({ type: 'outbox', value: sent })], audit: [] });
}
