import { GatewayError } from '../shared/domain/gateway-error.ts';

/** What answers a route, by API Gateway's template and never by the path. Throws `unknown_url` where nothing does. */
export function useCaseOf<Answers>(
  routes: Readonly<Partial<Record<string, Answers>>>,
  route: string,
): Answers {
  const answers = Object.hasOwn(routes, route) ? routes[route] : undefined;
  if (answers === undefined) throw new GatewayError('unknown_url', `Unknown request URL: ${route}.`);
  return answers;
}
