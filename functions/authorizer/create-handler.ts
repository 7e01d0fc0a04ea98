import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import type { ParsedKey } from '../../shared/domain/api-key.ts';
import { causeFacts } from '../../shared/domain/cause.ts';
import { signContext } from '../../shared/domain/context-mac.ts';
import type { Principal } from '../../shared/domain/principal.ts';
import { denialOf, routeOf } from '../../shared/domain/route-scopes.ts';
import { denialCode, denialMessage } from '../../shared/http/denial-message.ts';
import type { Clock, ContextSecretSource, CredentialStore, Log } from '../../shared/ports.ts';
import { authenticate } from './authenticate.ts';
import { presentedKey } from './credential.ts';
import { allowRoute, denyStage } from './policy.ts';

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
    const admitted = await admit(ports, { event, presented }).catch((error: unknown) => {
      const request = event.requestContext.requestId;
      ports.log.write({ level: 'error', event: 'authentication-failed', request, ...causeFacts(error) });
      throw error;
    });
    return admitted ?? refuse();
  };
}

/** What becomes of a presented key: undefined where it is no good. */
async function admit(
  ports: AuthorizerPorts,
  of: { readonly event: APIGatewayRequestAuthorizerEvent; readonly presented: ParsedKey },
): Promise<APIGatewayAuthorizerResult | undefined> {
  const { event, presented } = of;
  const principal = await authenticate(ports, presented);
  if (principal === undefined) return undefined;
  const { requestContext } = event;
  const route = routeOf(event.httpMethod, requestContext.resourcePath);
  const denial = denialOf(principal, { route, sourceIp: requestContext.identity.sourceIp });
  if (denial === undefined) return admission(ports, { event, principal });
  return {
    principalId: principal.key,
    policyDocument: denyStage(event),
    // The words of the 403 (resources/api/gateway-responses.yml).
    context: { denial: denialMessage(route, denial), denialCode: denialCode(denial) },
  };
}

/** The policy of the route that was called, and the signed context of who calls it. */
async function admission(
  ports: AuthorizerPorts,
  of: { readonly event: APIGatewayRequestAuthorizerEvent; readonly principal: Principal },
): Promise<APIGatewayAuthorizerResult> {
  const { event, principal } = of;
  const binding = {
    requestId: event.requestContext.requestId,
    method: event.httpMethod,
    resourcePath: event.requestContext.resourcePath,
  };
  const context = signContext(await ports.secrets.current(), { principal, binding, nowMs: ports.clock() });
  return { principalId: principal.key, policyDocument: allowRoute(event), context: { ...context } };
}

/** One refusal for an absent, malformed, unknown, wrong, revoked or expired key: it tells an attacker nothing. */
function refuse(): never {
  throw new Error('Unauthorized');
}
