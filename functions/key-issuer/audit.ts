import type { AuditActor } from '../../shared/domain/audit.ts';
import { keyId, ORGANIZATION_REF } from '../../shared/domain/ids.ts';
import type { Principal } from '../../shared/domain/principal.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';
import { type AuditOf, auditsBy } from '../../shared/keys/audit-of.ts';

/**
 * Makes the audit entries of a request: who asked, in which request, and what changed. An id is deterministic by
 * what changed and, where that can happen more than once, by the step.
 */
export const auditsOf = (request: GatewayRequest): AuditOf =>
  auditsBy({ actor: actorOf(request.principal), request: request.requestId, atMs: request.receivedAtMs });

function actorOf(principal: Principal): AuditActor {
  switch (principal.kind) {
    case 'admin':
      return { kind: 'admin-key', id: keyId(ORGANIZATION_REF, principal.key) };
    case 'key':
      return { kind: 'api-key', id: keyId(principal.tenant, principal.key) };
  }
}
