/** The audit log in memory, read from the chains that the control plane in memory grows. */
import { type AuditRecord, EMPTY_CHAIN } from '../../shared/domain/audit.ts';
import {
  type AuditEvent,
  type AuditFilter,
  type AuditQuery,
  admitsEvent,
  auditOrder,
  EVALUATED_MAX,
  parseAuditFacts,
  refuseEvaluation,
} from '../../shared/domain/audit-event.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { TenantRef } from '../../shared/domain/ids.ts';
import type { AuditStore } from '../../shared/ports.ts';

type Chains = ReadonlyMap<TenantRef, readonly AuditRecord[]>;

export const createMemoryAudit = (chains: Chains, evaluatedMax = EVALUATED_MAX): AuditStore => ({
  async list({ filter, cursor, limit }) {
    const order = cursor === undefined ? undefined : placeOf(chains, { filter, cursor });
    const forward = cursor?.direction === 'before';
    const walked = [...chains.values()]
      .flat()
      .map(eventOf)
      .filter((event) => admitsEvent(walkOf(filter), event))
      .filter((event) => order === undefined || (forward ? orderOf(event) > order : orderOf(event) < order))
      .sort((one, other) => (orderOf(one) < orderOf(other) === forward ? -1 : 1));
    const found = walked.slice(0, evaluatedMax).filter((event) => admitsEvent(filter, event));
    if (found.length <= limit && walked.length > evaluatedMax) refuseEvaluation(evaluatedMax);
    const items = found.slice(0, limit);
    return { items: forward ? items.toReversed() : items, hasMore: found.length > limit };
  },
  async readChain(chain, { after = '0', limit }) {
    const rest = (chains.get(chain) ?? []).slice(Number(after));
    return { items: rest.slice(0, limit), hasMore: rest.length > limit };
  },
  readHead: async (chain) => {
    const { sequence, atMs, hash } = chains.get(chain)?.at(-1) ?? EMPTY_CHAIN;
    return { sequence, atMs, hash };
  },
});

/** What is read for a list: one chain or all of them, within the span. */
const walkOf = ({ fromMs, toMs, chains }: AuditFilter): AuditFilter => ({
  fromMs,
  toMs,
  ...(chains !== undefined && chains.length < 2 && { chains }),
});

function eventOf(record: AuditRecord): AuditEvent {
  const facts = parseAuditFacts(record.canonical);
  if (facts === undefined) throw new TypeError('A chain in memory holds what is no event.');
  return { ...record, facts };
}

const orderOf = (event: AuditEvent): string => auditOrder({ ...event, chain: event.facts.chain });

function placeOf(
  chains: Chains,
  of: Pick<AuditQuery, 'filter'> & { readonly cursor: NonNullable<AuditQuery['cursor']> },
): string {
  const { place, direction } = of.cursor;
  const listed = of.filter.chains?.includes(place.chain) ?? true;
  const record = listed ? chains.get(place.chain)?.[place.sequence - 1] : undefined;
  if (record !== undefined) return orderOf(eventOf(record));
  throw new GatewayError('invalid_value', `'${direction}' must be the id of an event of this list.`, {
    param: direction,
  });
}
