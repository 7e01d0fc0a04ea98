import { type AuditEvent, type AuditFacts, auditEventId } from '../../shared/domain/audit-event.ts';
import {
  accountOfKey,
  ORGANIZATION_REF,
  parseKeyId,
  projectId,
  serviceAccountId,
} from '../../shared/domain/ids.ts';
import { listBody } from '../../shared/http/cursor-page.ts';
import { jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import type { AuditStore } from '../../shared/ports.ts';
import { parseAuditQuery } from './audit-logs-request.ts';

export interface AuditLogsPorts {
  readonly audit: Pick<AuditStore, 'list' | 'readHead'>;
}

/**
 * `GET /organization/audit_logs`: events newest first. Each carries its link of the chain (our addition), so that
 * a reader can verify what it was given; where one chain was asked for, its head comes along, read first so that
 * no event up to it can be missing from the pages.
 */
export const auditLogs =
  (ports: AuditLogsPorts): UseCase =>
  async (request) => {
    const query = parseAuditQuery(request);
    const [chain, ...others] = query.filter.chains ?? [];
    const head = chain === undefined || others.length > 0 ? undefined : await ports.audit.readHead(chain);
    const body = listBody(await ports.audit.list(query), eventObject);
    if (head === undefined) return jsonAnswer(200, body);
    return jsonAnswer(200, { ...body, chain_head: { sequence: head.sequence, hash: head.hash } });
  };

/** AuditLogListResponse of openai 7.55; `chain` is our addition, and so are the types that OpenAI does not have. */
function eventObject({ facts, ...record }: AuditEvent) {
  const { chain, type } = facts;
  return {
    id: auditEventId({ chain, sequence: record.sequence }),
    type,
    effective_at: Math.floor(facts.atMs / 1000),
    actor: actorObject(facts.actor),
    ...(chain !== ORGANIZATION_REF && { project: { id: projectId(chain) } }),
    [type]: detailsObject(facts),
    chain: {
      sequence: record.sequence,
      previous_hash: record.previousHash,
      hash: record.hash,
      canonical: record.canonical,
    },
  };
}

/** What was asked for is where OpenAI has it: `changes_requested` of an update, else `data`. */
function detailsObject({ type, subject }: AuditFacts) {
  const { id, ...rest } = subject;
  if (Object.keys(rest).length === 0) return { id };
  return { id, [type.endsWith('.updated') ? 'changes_requested' : 'data']: rest };
}

/**
 * OpenAI's actors are sessions and API keys. Two more are ours: `claim_link`, whoever held the link of the key
 * named, and `system`, which is the scheduled rotation or a direct invocation of the function.
 */
function actorObject({ kind, id, awsRequestId }: AuditFacts['actor']) {
  switch (kind) {
    case 'admin-key':
      return { type: 'api_key', api_key: { id, type: 'service_account' } };
    case 'api-key':
      return { type: 'api_key', api_key: { id, type: 'service_account', ...accountOf(id) } };
    case 'claim-link':
      return { type: 'claim_link', claim_link: { id } };
    default:
      return {
        type: 'system',
        system: { id: kind, ...(awsRequestId !== undefined && { aws_request_id: awsRequestId }) },
      };
  }
}

function accountOf(id: string | undefined) {
  const key = parseKeyId(id ?? '');
  if (key === undefined) return {};
  return { service_account: { id: serviceAccountId(key.tenant, accountOfKey(key.key)) } };
}
