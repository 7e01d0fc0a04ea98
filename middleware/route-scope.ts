import { GatewayError } from '../shared/domain/gateway-error.ts';
import { hasScope } from '../shared/domain/principal.ts';
import type { Routes } from '../shared/http/message.ts';
import type { Identity, Middleware, RequestScope, Routed } from './gateway-context.ts';

/** Finds the route by API Gateway's template, never by the path, and asks whether the caller's scopes admit to it. */
export function routeScope(routes: Routes): Middleware<RequestScope & Identity, Routed> {
  return {
    before: ({ context }) => {
      const matched = Object.hasOwn(routes, context.route) ? routes[context.route] : undefined;
      if (matched === undefined) {
        throw new GatewayError('unknown_url', `Unknown request URL: ${context.route}.`);
      }
      if (!matched.scopes.some((scope) => hasScope(context.principal, scope))) {
        const needed = matched.scopes.map((scope) => `'${scope}'`).join(' or ');
        throw new GatewayError(
          'insufficient_scope',
          `This key lacks the scope for ${context.route}: it needs ${needed}. Ask your administrator for a key that has it.`,
        );
      }
      Object.assign(context, { matched } satisfies Routed);
    },
  };
}
