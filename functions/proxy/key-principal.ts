import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { KeyPrincipal } from '../../shared/domain/principal.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';

/** Who calls, where it is a key of a project. `what` is said of the endpoint: `Models are called`. */
export function keyPrincipal({ principal }: GatewayRequest, what: string): KeyPrincipal {
  if (principal.kind === 'key') return principal;
  throw new GatewayError('insufficient_scope', `${what} with an API key of a project.`);
}
