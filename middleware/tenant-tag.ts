import { keyId, ORGANIZATION_REF, projectId } from '../shared/domain/ids.ts';
import type { LogEvent } from '../shared/domain/log-event.ts';
import type { Principal } from '../shared/domain/principal.ts';
import type { Log } from '../shared/ports.ts';
import type { Identity, Middleware, RequestScope, TaggedLog } from './gateway-context.ts';

/** Tags what follows with who called: every log line, and the answer's `openai-organization` header. */
export function tenantTag(deps: { readonly log: Log }): Middleware<RequestScope & Identity, TaggedLog> {
  return {
    before: ({ context }) => {
      const tags = { ...callerOf(context.principal), request: context.requestId };
      const log: Log = { write: (event) => deps.log.write({ ...event, ...tags }) };
      Object.assign(context, { log } satisfies TaggedLog);
    },
    after: ({ context: { principal }, response }) => {
      if (principal.kind !== 'key' || response === null || response === undefined) return;
      response.headers['openai-organization'] = projectId(principal.tenant);
    },
  };
}

function callerOf(principal: Principal): Partial<LogEvent> {
  switch (principal.kind) {
    case 'key':
      return { tenant: principal.tenant, key: keyId(principal.tenant, principal.key) };
    case 'admin':
      return { key: keyId(ORGANIZATION_REF, principal.key) };
  }
}
