import { ulid } from 'ulid';
import type { RandomBytes, RequestId } from '../shared/domain/ids.ts';
import { routeOf } from '../shared/domain/route-scopes.ts';
import type { Clock } from '../shared/ports.ts';
import type { Middleware, RequestScope } from './gateway-context.ts';

/** Names the request, its route and its deadline. First of all, so that every refusal can name the request. */
export function requestScope(deps: {
  readonly clock: Clock;
  readonly random: RandomBytes;
}): Middleware<unknown, RequestScope> {
  return {
    before: ({ event, context }) => {
      const receivedAtMs = deps.clock();
      const scope: RequestScope = {
        requestId: newRequestId(deps.random, receivedAtMs),
        route: routeOf(event.httpMethod, event.resource ?? ''),
        sourceIp: event.requestContext?.identity?.sourceIp ?? '',
        receivedAtMs,
        deadlineMs: receivedAtMs + context.getRemainingTimeInMillis(),
      };
      Object.assign(context, scope);
    },
  };
}

/** A ULID of the given instant: 80 random bits behind 48 bits of time. */
export function newRequestId(random: RandomBytes, nowMs: number): RequestId {
  const bytes = random(16);
  let next = 0;
  const fraction = () => {
    const byte = bytes[next] ?? 0;
    next += 1;
    return byte / 256;
  };
  return ulid(nowMs, fraction) as RequestId;
}
