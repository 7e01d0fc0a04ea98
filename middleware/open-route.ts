import type { APIGatewayProxyEvent } from 'aws-lambda';
import { OPEN_ROUTES, routeOf } from '../shared/domain/route-scopes.ts';
import type { OpenRoutes } from '../shared/http/message.ts';
import type { Middleware, OpenRouted, RequestScope } from './gateway-context.ts';
import { useCaseOf } from './use-case-of.ts';

/** Finds the use case of a route that needs no credential. */
export function openRoute(routes: OpenRoutes): Middleware<RequestScope, OpenRouted> {
  return {
    before: ({ context }) => {
      Object.assign(context, { matchedOpen: useCaseOf(routes, context.route) } satisfies OpenRouted);
    },
  };
}

/** Whether an event is for an open route, so that its function knows which of its two pipelines answers. */
export const isOpen = (event: Pick<APIGatewayProxyEvent, 'httpMethod' | 'resource'>): boolean =>
  OPEN_ROUTES.some((route) => route === routeOf(event.httpMethod, event.resource ?? ''));
