import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { signContext } from '../../shared/domain/context-mac.ts';
import type { Clock, ContextSecretSource, CredentialStore, Log } from '../../shared/ports.ts';
import { authenticate } from './authenticate.ts';
import { presentedKey } from './credential.ts';
import { policyFor } from './policy.ts';

export interface AuthorizerPorts {
  readonly credentials: CredentialStore;
  readonly secrets: ContextSecretSource;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The REQUEST authorizer. API Gateway answers 401 only to an error whose message is exactly `Unauthorized`;
 * any other is AUTHORIZER_FAILURE, which this API answers with 503.
 */
export function createHandler(ports: AuthorizerPorts) {
  return async (event: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> => {
    const presented = presentedKey(event);
    if (presented === undefined) return refuse();
    const principal = await authenticate(ports, presented).catch((error: unknown) =>
      failed(ports.log, error),
    );
    if (principal === undefined) return refuse();
    return {
      principalId: principal.key,
      policyDocument: policyFor(principal, event.methodArn),
      context: {
        ...signContext(await ports.secrets.current(), {
          principal,
          binding: {
            requestId: event.requestContext.requestId,
            method: event.httpMethod,
            resourcePath: event.requestContext.resourcePath,
          },
          nowMs: ports.clock(),
        }),
      },
    };
  };
}

/** Rethrows: an outage must not look like a wrong key. */
function failed(log: Log, error: unknown): never {
  log.write({
    level: 'error',
    event: 'authentication-failed',
    cause: error instanceof Error ? error.name : typeof error,
  });
  throw error;
}

/** One refusal for an absent, malformed, unknown, wrong, revoked or expired key: it tells an attacker nothing. */
function refuse(): never {
  throw new Error('Unauthorized');
}
