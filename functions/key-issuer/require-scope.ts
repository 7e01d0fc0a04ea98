import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { type Scope, scopesOf } from '../../shared/domain/principal.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';

/**
 * Refuses a field of a body whose caller lacks the field's own scope (`insufficient_scope`). Route scopes judge
 * templates, not bodies: without this, whoever may rename a project could also lift what it may spend.
 */
export function requireScope(
  { principal, route }: Pick<GatewayRequest, 'principal' | 'route'>,
  of: { readonly scope: Scope; readonly param: string },
): void {
  if (scopesOf(principal).includes(of.scope)) return;
  throw new GatewayError(
    'insufficient_scope',
    `This key lacks the scope for ${of.param} in ${route}: it needs ${of.scope}. Ask your administrator for a key that has it.`,
    { param: of.param },
  );
}
