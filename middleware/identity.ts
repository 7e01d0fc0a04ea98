import { signingKeyId, verifyContext } from '../shared/domain/context-mac.ts';
import { GatewayError } from '../shared/domain/gateway-error.ts';
import type { Clock, ContextSecretSource } from '../shared/ports.ts';
import type { Identity, Middleware, RequestScope } from './gateway-context.ts';

/**
 * Takes the principal from the authorizer's signed context and from nowhere else. An invocation without a
 * valid one, from whomever, is nobody's.
 */
export function identity(deps: {
  readonly secrets: ContextSecretSource;
  readonly clock: Clock;
}): Middleware<RequestScope, Identity> {
  return {
    before: async ({ event, context }) => {
      const { requestContext } = event;
      const signed = requestContext?.authorizer ?? {};
      const principal = verifyContext(await deps.secrets.current(signingKeyId(signed)), {
        context: signed,
        binding: {
          requestId: requestContext?.requestId,
          method: event.httpMethod,
          // The very field by which the request is routed: what was signed for one route opens no other.
          resourcePath: event.resource,
        },
        nowMs: deps.clock(),
      });
      if (principal === undefined) {
        // The authorizer admitted the caller, so what is wrong is ours (secret, clock) or no caller at all.
        throw new GatewayError(
          'service_unavailable',
          'The request carries no identity that this service issued.',
        );
      }
      Object.assign(context, { principal } satisfies Identity);
    },
  };
}
