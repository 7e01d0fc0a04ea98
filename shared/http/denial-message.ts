/** Why a caller may not use a route, in words: the same from the authorizer's policy and from the pipeline. */
import type { ErrorCode } from '../domain/gateway-error.ts';
import type { Denial } from '../domain/route-scopes.ts';

const CODES: Readonly<Record<Denial['reason'], ErrorCode>> = {
  kind: 'insufficient_scope',
  scope: 'insufficient_scope',
  level: 'insufficient_scope',
  address: 'ip_not_allowed',
};

/** The error code of a denial. */
export const denialCode = (denial: Denial): ErrorCode => CODES[denial.reason];

/**
 * One sentence about what is missing and who can give it. It holds no quotation mark, backslash or line break:
 * API Gateway puts the authorizer's copy between quotes of a JSON text as it is.
 */
export function denialMessage(route: string, denial: Denial): string {
  switch (denial.reason) {
    case 'kind':
      return denial.needed === 'key'
        ? `An admin key cannot call ${route}: use an API key (it begins with bpk_).`
        : `An API key cannot call ${route}: use an admin key (it begins with bpa_).`;
    case 'scope': {
      const needed = denial.needed.length === 0 ? 'a scope that no key has' : denial.needed.join(' or ');
      return `This key lacks the scope for ${route}: it needs ${needed}. Ask your administrator for a key that has it.`;
    }
    case 'level':
      return `This key may only read: its permission level does not allow ${route}. Ask your administrator for a key of level write.`;
    case 'address':
      return 'This key may not be used from the address of this request. Ask your administrator to extend its allowed_ips.';
  }
}
