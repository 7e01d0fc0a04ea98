/** Walks the hash chains of the audit log over the API: what is checked is what was answered, not what the server says of it. */
import { type AuditRecord, type ChainBreak, walkAuditChain } from '../shared/domain/audit.ts';
import { parseAuditFacts } from '../shared/domain/audit-event.ts';
import { ORGANIZATION_REF, parseProjectId, type TenantRef } from '../shared/domain/ids.ts';
import type { Api } from './api.ts';
import { Failure } from './failure.ts';
import { at, type JsonObject, objectsAt, textAt } from './json.ts';
import { PROJECTS, projectPath } from './paths.ts';

export interface ChainReport {
  /** A tenant's id, or `org`. */
  readonly chain: string;
  readonly events: number;
  /** The hash of the last event. */
  readonly head: string | null;
  /** The first link that does not hold. */
  readonly broken: (ChainBreak & { readonly detail: string }) | null;
}

const LOGS = '/organization/audit_logs';
const ORGANIZATION = 'org';

const DETAILS: Readonly<Record<ChainBreak['reason'], string>> = {
  sequence: 'it is missing, or events were reordered',
  fork: 'there are two of it',
  'previous-hash': 'it follows another event than the one before it, which was replaced',
  hash: 'it was edited',
  entry: 'it is no event of this chain',
  head: 'the chain does not end as its head says: events were cut off or added',
};

/** Every chain: the organisation's, and each tenant's, archived ones included. */
export async function everyChain(api: Api): Promise<readonly string[]> {
  const tenants = await api.list(PROJECTS, {
    limit: Number.MAX_SAFE_INTEGER,
    query: { include_archived: true },
  });
  return [ORGANIZATION, ...objectsAt(tenants, 'data').flatMap((tenant) => textAt(tenant, 'id') ?? [])];
}

/** Walks one chain from its first event to its head. */
export async function verifyChain(api: Api, chain: string): Promise<ChainReport> {
  const { records, ...rest } = await readChain(api, chain);
  if (rest.head.sequence === 0 && chain !== ORGANIZATION) await expectTenant(api, chain);
  const broken = breakOf({ ref: refOf(chain), records, ...rest });
  return {
    chain,
    events: records.length,
    head: records.at(-1)?.hash ?? null,
    broken: broken === undefined ? null : { ...broken, detail: DETAILS[broken.reason] },
  };
}

/** No chain at all is that of a tenant that never was, and broken only where there is one. */
const expectTenant = (api: Api, chain: string): Promise<unknown> =>
  api.get(projectPath(chain)).catch((error: unknown) => {
    const isUnknown = error instanceof Failure && error.status === 404;
    throw isUnknown
      ? new Failure('refused', `No such tenant: ${chain}. See bpx tenants list --archived.`)
      : error;
  });

interface Head {
  readonly sequence: number;
  readonly hash: string;
}

interface Chain {
  /** Oldest first, none newer than the head. */
  readonly records: readonly AuditRecord[];
  readonly head: Head;
  /** Whether there are events behind the head that it never came to. */
  readonly isOverlong: boolean;
}

/**
 * The head is read before the events that it must be among, and events that came later are left for another time:
 * those that are there when it is read again, and still beyond it, are nobody's.
 */
async function readChain(api: Api, chain: string): Promise<Chain> {
  const records: AuditRecord[] = [];
  let head: Head | undefined;
  let after: string | undefined;
  for (;;) {
    const page = await readPage(api, { chain, after, limit: 100 });
    head ??= page.head;
    records.push(...page.records);
    if (page.next === undefined || page.next === after) break;
    after = page.next;
  }
  records.reverse();
  const last = records.at(-1)?.sequence ?? 0;
  const later =
    last > head.sequence ? (await readPage(api, { chain, after: undefined, limit: 1 })).head : head;
  const { sequence } = head;
  return {
    records: records.filter((record) => record.sequence <= sequence),
    head,
    isOverlong: last > later.sequence,
  };
}

async function readPage(
  api: Api,
  of: { readonly chain: string; readonly after: string | undefined; readonly limit: number },
) {
  const { chain, after, limit } = of;
  const page = await api.get(LOGS, { project_ids: [chain], limit, ...(after !== undefined && { after }) });
  const next = textAt(page, 'last_id');
  return {
    records: objectsAt(page, 'data').map(recordOf),
    head: headOf(page),
    next: page['has_more'] === true ? next : undefined,
  };
}

function breakOf(of: Chain & { readonly ref: TenantRef | undefined }): ChainBreak | undefined {
  const { ref, records, head, isOverlong } = of;
  // A tenant's first event is its own creation, so that a tenant without events has lost them.
  if (records.length === 0 && ref !== ORGANIZATION_REF) return { sequence: 1, reason: 'sequence' };
  const walk = walkAuditChain(ref);
  for (const record of records) walk.follow(record);
  const broken = walk.end({ ...head, atMs: records.at(-1)?.atMs ?? 0 });
  return broken ?? (isOverlong ? { sequence: head.sequence + 1, reason: 'head' } : undefined);
}

const refOf = (chain: string): TenantRef | undefined =>
  chain === ORGANIZATION ? ORGANIZATION_REF : parseProjectId(chain);

/** The time is in the text that is hashed; the one beside it is for people. */
function recordOf(event: JsonObject): AuditRecord {
  const sequence = at(event, 'chain.sequence');
  const canonical = textAt(event, 'chain.canonical');
  const previousHash = textAt(event, 'chain.previous_hash');
  const hash = textAt(event, 'chain.hash');
  if (
    typeof sequence !== 'number' ||
    canonical === undefined ||
    previousHash === undefined ||
    hash === undefined
  ) {
    return refuseAnswer();
  }
  const atMs = parseAuditFacts(canonical)?.atMs ?? Number.NaN;
  return { sequence, canonical, previousHash, hash, atMs };
}

function headOf(page: JsonObject): Head {
  const sequence = at(page, 'chain_head.sequence');
  const hash = textAt(page, 'chain_head.hash');
  return typeof sequence === 'number' && hash !== undefined ? { sequence, hash } : refuseAnswer();
}

function refuseAnswer(): never {
  throw new Failure(
    'unreachable',
    'These audit logs carry no chain: the server is not a bedrock-proxy, or too old.',
  );
}
