/** Audit events as they are read and asked for: parsed, in the order of time, filtered. */
import * as z from 'zod/mini';
import type { AuditRecord, AuditSubject } from './audit.ts';
import { GatewayError } from './gateway-error.ts';
import {
  accountOfKey,
  ORGANIZATION_REF,
  parseKeyId,
  parseTenantRef,
  serviceAccountId,
  type TenantRef,
} from './ids.ts';

/** What an event says. A newer release may have written types and actors that this one does not know. */
export interface AuditFacts {
  readonly id: string;
  readonly type: string;
  readonly atMs: number;
  readonly actor: { readonly kind: string; readonly id?: string; readonly awsRequestId?: string };
  readonly request: string;
  readonly chain: TenantRef;
  readonly subject: AuditSubject;
}

/** An event in its chain, and what it says. */
export interface AuditEvent extends AuditRecord {
  readonly facts: AuditFacts;
}

const fact = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]);

const schema = z.object({
  id: z.string(),
  type: z.string(),
  atMs: z.int().check(z.gte(0)),
  actor: z.object({ kind: z.string(), id: z.optional(z.string()), awsRequestId: z.optional(z.string()) }),
  request: z.string(),
  chain: z.string(),
  subject: z.catchall(z.object({ id: z.string() }), fact),
});

/** Reads the canonical text of an event; undefined where it is not one. */
export function parseAuditFacts(canonical: string): AuditFacts | undefined {
  const { success, data } = schema.safeParse(parseJson(canonical));
  const chain = success ? parseTenantRef(data.chain) : undefined;
  if (!success || chain === undefined) return undefined;
  const { id, awsRequestId } = data.actor;
  const actor = {
    kind: data.actor.kind,
    ...(id !== undefined && { id }),
    ...(awsRequestId !== undefined && { awsRequestId }),
  };
  return { ...data, chain, actor };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The place of an event among those of all chains, as text that sorts: by time, then chain, then sequence. */
export const auditOrder = (of: {
  readonly atMs: number;
  readonly chain: TenantRef;
  readonly sequence: number;
}): string => `${sixteenDigits(of.atMs)}#${of.chain}#${sixteenDigits(of.sequence)}`;

/** A count or a time as text that sorts. */
export const sixteenDigits = (value: number): string => String(value).padStart(16, '0');

/** Names one event. */
export interface AuditPlace {
  readonly chain: TenantRef;
  readonly sequence: number;
}

/** Which events to list: those that every given filter admits. */
export interface AuditFilter {
  /** Inclusive; milliseconds since the epoch. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  readonly chains?: readonly TenantRef[];
  readonly types?: readonly string[];
  /** Ids of keys, or of the service accounts that they belong to. */
  readonly actorIds?: readonly string[];
  readonly resourceIds?: readonly string[];
}

/** One page of events, newest first. `before` gives the page that ends right before its event, in the same order. */
export interface AuditQuery {
  readonly filter: AuditFilter;
  readonly cursor?: { readonly direction: 'after' | 'before'; readonly place: AuditPlace };
  /** 1 to 100. */
  readonly limit: number;
}

/** How many events one page evaluates at most: some 20 MB, which are read and parsed in a few seconds. */
export const EVALUATED_MAX = 20_000;

/** For a page that the filter leaves too much out of: it is refused rather than read for minutes, and paid for. */
export function refuseEvaluation(evaluatedMax: number): never {
  throw new GatewayError(
    'invalid_value',
    `More than ${evaluatedMax} events would have to be searched for this page. Narrow 'effective_at', or give one project in 'project_ids'.`,
    { param: 'effective_at' },
  );
}

/** Whether the filter admits the event. */
export function admitsEvent(filter: AuditFilter, { facts }: AuditEvent): boolean {
  const among = (wanted: readonly string[] | undefined, found: readonly string[]): boolean =>
    wanted === undefined || wanted.some((one) => found.includes(one));
  return (
    facts.atMs >= filter.fromMs &&
    facts.atMs < filter.toMs &&
    among(filter.chains, [facts.chain]) &&
    among(filter.types, [facts.type]) &&
    among(filter.actorIds, actorIds(facts.actor)) &&
    among(filter.resourceIds, [facts.subject.id])
  );
}

/** By which ids an actor can be asked for. The holder of a claim link is no key: its id names the key that was claimed. */
function actorIds({ kind, id }: AuditFacts['actor']): readonly string[] {
  if (id === undefined) return [kind];
  const key = kind === 'api-key' ? parseKeyId(id) : undefined;
  if (key === undefined || key.tenant === ORGANIZATION_REF) return [id];
  return [id, serviceAccountId(key.tenant, accountOfKey(key.key))];
}

const EVENT_ID = /^audit_([0-9A-Za-z]{10})([1-9]\d{0,14})$/;

/** `audit_…`: an event's id on the wire. */
export const auditEventId = ({ chain, sequence }: AuditPlace): string => `audit_${chain}${sequence}`;

/** Reads an `audit_…` id; undefined where it is not one. */
export function parseAuditEventId(id: string): AuditPlace | undefined {
  const [, ref = '', sequence] = EVENT_ID.exec(id) ?? [];
  const chain = parseTenantRef(ref);
  return chain === undefined ? undefined : { chain, sequence: Number(sequence) };
}
