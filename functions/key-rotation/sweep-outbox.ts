/** The outbox: what has committed and was not told yet. */
import { causeFacts } from '../../shared/domain/cause.ts';
import type { TenantRef } from '../../shared/domain/ids.ts';
import type { AuditOf } from '../../shared/keys/audit-of.ts';
import { deliver } from '../../shared/keys/messages.ts';
import type { KeyRotationPorts } from './ports.ts';

const MESSAGES_A_PAGE = 100;

/** Delivers a tenant's messages, one after the other; what fails stays for the next hour. */
export async function sweepOutbox(
  ports: KeyRotationPorts,
  of: { readonly tenant: TenantRef; readonly nowMs: number; readonly auditOf: AuditOf },
): Promise<{ readonly delivered: number; readonly failed: number }> {
  const sums = { delivered: 0, failed: 0 };
  let after: string | undefined;
  for (;;) {
    const page = await ports.tenancy.listOutbox(of.tenant, {
      limit: MESSAGES_A_PAGE,
      ...(after !== undefined && { after }),
    });
    for (const message of page.items) {
      try {
        await deliver(ports, { message, nowMs: of.nowMs, auditOf: of.auditOf });
        sums.delivered += 1;
      } catch (error) {
        sums.failed += 1;
        ports.log.write({
          level: 'error',
          event: 'message-not-delivered',
          tenant: of.tenant,
          message: message.id,
          ...causeFacts(error),
        });
      }
    }
    after = page.items.at(-1)?.id;
    if (!page.hasMore || after === undefined) return sums;
  }
}
