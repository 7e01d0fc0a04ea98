import { GatewayError } from '../shared/domain/gateway-error.ts';
import { denialOf } from '../shared/domain/route-scopes.ts';
import { denialCode, denialMessage } from '../shared/http/denial-message.ts';
import type { Routes } from '../shared/http/message.ts';
import type { Identity, Middleware, RequestScope, Routed } from './gateway-context.ts';
import { useCaseOf } from './use-case-of.ts';

/**
 * Finds the route's use case and asks again whether the caller's scopes and address open it: the authorizer has
 * asked the same, and neither relies on the other.
 */
export function routeScope(routes: Routes): Middleware<RequestScope & Identity, Routed> {
  return {
    before: ({ context }) => {
      const matched = useCaseOf(routes, context.route);
      const denial = denialOf(context.principal, context);
      if (denial !== undefined) {
        throw new GatewayError(denialCode(denial), denialMessage(context.route, denial));
      }
      Object.assign(context, { matched } satisfies Routed);
    },
  };
}
