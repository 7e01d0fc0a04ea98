/**
 * The archive of the audit log: every change that the streams of its tables told, as lines of JSON in objects that
 * nobody can change. A line may occur twice: streams deliver at least once.
 */
import * as z from 'zod/mini';
import { type AuditHead, type AuditRecord, type ChainBreak, walkAuditChain } from './audit.ts';
import { parseTenantRef, type TenantRef } from './ids.ts';

/** What is never done by this product: an event changed or removed, a head that went back, an item that is neither. */
export interface Tampering {
  readonly kind: 'tampering';
  readonly table: 'audit' | 'audit-head';
  readonly change: 'INSERT' | 'MODIFY' | 'REMOVE';
  /** Partition and sort key, `TENANT#…/EV#…`. */
  readonly item: string;
  /** The item as the table had it, and has it now, in DynamoDB's JSON; absent where there was or is none. */
  readonly before?: unknown;
  readonly after?: unknown;
}

/** One line of the archive. */
export type AuditChange =
  | { readonly kind: 'event'; readonly chain: TenantRef; readonly record: AuditRecord }
  | { readonly kind: 'head'; readonly chain: TenantRef; readonly head: AuditHead }
  | Tampering;

/** The changes of one batch, which comes from one shard of one table's stream. */
export interface AuditBatch {
  readonly account: string;
  readonly table: Tampering['table'];
  /** Of its first and last record; with the table they name the batch, however often it is delivered. */
  readonly firstSequenceNumber: string;
  readonly lastSequenceNumber: string;
  /** When its first change was made. */
  readonly startedAtMs: number;
  readonly changes: readonly AuditChange[];
}

const chain = z.string().check(z.refine((text) => parseTenantRef(text) !== undefined));
const head = { sequence: z.int(), atMs: z.int(), hash: z.string() };
const line = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('event'),
    chain,
    record: z.object({ ...head, canonical: z.string(), previousHash: z.string() }),
  }),
  z.object({ kind: z.literal('head'), chain, head: z.object(head) }),
  z.object({
    kind: z.literal('tampering'),
    table: z.enum(['audit', 'audit-head']),
    change: z.enum(['INSERT', 'MODIFY', 'REMOVE']),
    item: z.string(),
    before: z.optional(z.unknown()),
    after: z.optional(z.unknown()),
  }),
]);

/** Reads one line; undefined where it is none of the archive's. */
export function parseArchiveLine(text: string): AuditChange | undefined {
  const { success, data } = line.safeParse(parseJson(text));
  // The schema is the type but for the brand of the chain, which it has checked.
  return success ? (data as AuditChange) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What verification says of one chain. */
export interface ChainVerdict {
  readonly chain: TenantRef;
  /** How many of its events were read. */
  readonly events: number;
  /** The first link that does not hold; undefined where all do. */
  readonly broken: ChainBreak | undefined;
  /** The sequence of the last event that an archive is to have by its heads, where it does not have it (yet). */
  readonly awaited?: number;
}

/**
 * Judges every chain of an archive, whatever the order of its lines. The streams of events and of heads come apart,
 * for a minute mostly and for longer where one of them fails, so a chain may be ahead of its last archived head or
 * behind it. One that is behind contradicts nothing: it is incomplete.
 */
export function verifyArchive(changes: Iterable<AuditChange>): readonly ChainVerdict[] {
  const chains = new Map<TenantRef, Evidence>();
  for (const change of changes) {
    if (change.kind === 'tampering') continue;
    const evidence: Evidence = chains.get(change.chain) ?? { records: new Map(), heads: [] };
    chains.set(change.chain, evidence);
    if (change.kind === 'head') evidence.heads.push(change.head);
    else evidence.records.set(JSON.stringify(change.record), change.record);
  }
  return [...chains].map(([ref, evidence]) => judge(ref, evidence));
}

interface Evidence {
  /** By their whole text: a line that is there twice is one, two that differ are two. */
  readonly records: Map<string, AuditRecord>;
  readonly heads: AuditHead[];
}

function judge(ref: TenantRef, { records, heads }: Evidence): ChainVerdict {
  const ordered = [...records.values()].toSorted((one, other) => one.sequence - other.sequence);
  const walk = walkAuditChain(ref);
  for (const record of ordered) walk.follow(record);
  const last = ordered.at(-1)?.sequence ?? 0;
  const bySequence = new Map(ordered.map((record) => [record.sequence, record]));
  const contradicted = heads
    .filter(({ sequence, hash }) => sequence <= last && bySequence.get(sequence)?.hash !== hash)
    .map(({ sequence }): ChainBreak => ({ sequence, reason: 'head' }));
  const breaks = [walk.end() ?? [], contradicted].flat();
  const [broken] = breaks.toSorted((one, other) => one.sequence - other.sequence);
  const awaited = Math.max(0, ...heads.map(({ sequence }) => sequence));
  return { chain: ref, events: ordered.length, broken, ...(awaited > last && { awaited }) };
}
