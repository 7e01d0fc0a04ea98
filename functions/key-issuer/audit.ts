import type { AuditActor, AuditEntry } from '../../shared/domain/audit.ts';
import { keyId, ORGANIZATION_REF } from '../../shared/domain/ids.ts';
import type { Principal } from '../../shared/domain/principal.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';

/** The audit entry of a change: who asked, in which request, and what changed. */
export function auditOf(
  request: GatewayRequest,
  change: Pick<AuditEntry, 'type' | 'chain'> & {
    readonly subject: AuditEntry['subject'] & { readonly id: string };
  },
): AuditEntry {
  return {
    ...change,
    id: `${change.type}:${change.subject.id}`,
    atMs: request.receivedAtMs,
    actor: actorOf(request.principal),
    request: request.requestId,
  };
}

function actorOf(principal: Principal): AuditActor {
  switch (principal.kind) {
    case 'admin':
      return { kind: 'admin-key', id: keyId(ORGANIZATION_REF, principal.key) };
    case 'key':
      return { kind: 'api-key', id: keyId(principal.tenant, principal.key) };
  }
}
