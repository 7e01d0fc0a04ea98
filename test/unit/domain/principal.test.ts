import { ADMIN_SCOPES, scopesOf } from '../../../shared/domain/principal.ts';
import { adminPrincipal } from '../../support/gateway-event.ts';

test.each(ADMIN_SCOPES)('an admin key of %s may see what it may change, and no more', (scope) => {
  const read = scope.replace(/:write$/, ':read');
  expect(scopesOf(adminPrincipal({ scopes: [scope] }))).toEqual([...new Set([scope, read])]);
});
