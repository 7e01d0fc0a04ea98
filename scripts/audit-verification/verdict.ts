/** What is said of a chain, in a line. */
import type { ChainBreak } from '../../shared/domain/audit.ts';
import type { ChainVerdict } from '../../shared/domain/audit-archive.ts';
import { ORGANIZATION_REF, parseProjectId, projectId, type TenantRef } from '../../shared/domain/ids.ts';
import type { CopyFault } from './copies.ts';

/** How the organisation's own chain is called, here as in the API's `project_ids`. */
const ORGANIZATION = 'org';

export const chainName = (chain: TenantRef): string =>
  chain === ORGANIZATION_REF ? ORGANIZATION : projectId(chain);

/** `proj_…` or `org`; undefined for anything else. */
export const parseChainName = (name: string): TenantRef | undefined =>
  name === ORGANIZATION ? ORGANIZATION_REF : parseProjectId(name);

const MEANINGS: Readonly<Record<ChainBreak['reason'], string>> = {
  sequence: 'another event is in its place: it is missing, or the order was changed',
  fork: 'there are two of it',
  'previous-hash': 'it does not follow the event before it, which was replaced',
  hash: 'it was edited',
  entry: 'it is no event of this chain, or is older than the one before it',
  head: 'the chain does not end as its head says: events were cut off, added, or written anew',
};

/** `proj_0123456789  5 events  holds`, or the first link that does not. */
export function verdictLine({ chain, events, broken, awaited }: ChainVerdict): string {
  const begin = `${chainName(chain)}  ${events} ${events === 1 ? 'event' : 'events'}`;
  if (broken === undefined && awaited === undefined) return `${begin}  holds`;
  if (broken === undefined)
    return `${begin}  INCOMPLETE: what is there holds, but its last head is that of event ${awaited}: the rest is not archived yet, or not exported, or gone`;
  return `${begin}  BROKEN at event ${broken.sequence} (${broken.reason}): ${MEANINGS[broken.reason]}`;
}

const FAULTS: Readonly<Record<CopyFault['kind'], string>> = {
  missing: 'its event has no copy in the list of all projects',
  differs: 'it says something else than its event',
  invented: 'no event puts a copy there',
};

/** What is said of the copies that do not hold: their number and the first; undefined where all do. */
export function faultsLine(faults: readonly CopyFault[]): string | undefined {
  const [first] = faults;
  if (first === undefined) return undefined;
  const begin =
    faults.length === 1 ? '1 copy does not hold' : `${faults.length} copies do not hold, the first`;
  return `${begin}: ${first.place} (${first.kind}): ${FAULTS[first.kind]}`;
}
