import { KEY_SCOPES } from '../../../shared/domain/grant.ts';
import { ADMIN_SCOPES } from '../../../shared/domain/principal.ts';
import { denialOf, OPEN_ROUTES, ROUTE_SCOPES, routeOf } from '../../../shared/domain/route-scopes.ts';
import { denialCode, denialMessage } from '../../../shared/http/denial-message.ts';
import { adminPrincipal, keyPrincipal } from '../../support/gateway-event.ts';

const sourceIp = '203.0.113.7';

describe('a route', () => {
  test.each([
    ['POST', '/v1/chat/completions', 'POST /v1/chat/completions'],
    ['POST', '/openai/v1/chat/completions', 'POST /v1/chat/completions'],
    ['GET', '/openai/openai/v1/models', 'GET /openai/v1/models'],
    ['GET', '/openaiv1/models', 'GET /openaiv1/models'],
    ['GET', '/v1/openai/models', 'GET /v1/openai/models'],
  ])('of %s %s is %s', (method, template, route) => {
    expect(routeOf(method, template)).toBe(route);
  });

  test.each([
    '',
    'GET /v1/unknown',
    'toString',
    'constructor',
    '__proto__',
    'GET /health',
    'POST /v1/models',
  ])('that no table knows, %j, is open to nobody', (route) => {
    for (const principal of [keyPrincipal({ level: 'exec' }), adminPrincipal()]) {
      expect(denialOf(principal, { route, sourceIp })).toEqual({ reason: 'scope', needed: [] });
    }
  });

  test('is open or needs scopes that exist, never both', () => {
    const known: readonly string[] = [...KEY_SCOPES, ...ADMIN_SCOPES];
    for (const [route, needed] of Object.entries(ROUTE_SCOPES)) {
      expect(needed.length).toBeGreaterThan(0);
      expect(needed.filter((scope) => !known.includes(scope))).toEqual([]);
      expect(OPEN_ROUTES.map(String)).not.toContain(route);
    }
  });

  test('leaves no scope without one', () => {
    const used = new Set<string>(Object.values(ROUTE_SCOPES).flat());
    const unused = [...KEY_SCOPES, ...ADMIN_SCOPES].filter((scope) => !used.has(scope));
    expect(unused).toEqual([]);
  });
});

describe('a denial', () => {
  test('tells the scope before the address: who lacks both learns of the one that can be asked for', () => {
    const principal = keyPrincipal({ scopes: [], ipRanges: [] });
    const denial = denialOf(principal, { route: 'POST /v1/chat/completions', sourceIp });
    expect(denial).toEqual({ reason: 'scope', needed: ['chat.completions:write'] });
  });

  test('asks for no scope that no key of the caller’s kind can have', () => {
    const principals = [
      { principal: keyPrincipal({ scopes: [] }), grantable: KEY_SCOPES, other: 'admin' },
      { principal: adminPrincipal({ scopes: [] }), grantable: ADMIN_SCOPES, other: 'key' },
    ] as const;
    for (const { principal, grantable, other } of principals) {
      const known: readonly string[] = grantable;
      for (const [route, needed] of Object.entries(ROUTE_SCOPES)) {
        const mayAsk = needed.some((scope) => known.includes(scope));
        const expected = mayAsk ? { reason: 'scope', needed } : { reason: 'kind', needed: other };
        expect(denialOf(principal, { route, sourceIp })).toEqual(expected);
      }
    }
  });

  test.each([
    [
      'GET /v1/organization/projects',
      keyPrincipal(),
      'An API key cannot call GET /v1/organization/projects: use an admin key (it begins with bpa_).',
    ],
    [
      'POST /v1/chat/completions',
      adminPrincipal(),
      'An admin key cannot call POST /v1/chat/completions: use an API key (it begins with bpk_).',
    ],
  ])('of a key of the wrong kind names the right one for %s', (route, principal, message) => {
    const denial = denialOf(principal, { route, sourceIp });
    expect(denial === undefined ? undefined : denialMessage(route, denial)).toBe(message);
  });

  test('is one sentence that may stand between the quotes of a JSON text as it is', () => {
    const denials = [
      { reason: 'level' },
      { reason: 'address' },
      { reason: 'kind', needed: 'key' },
      { reason: 'kind', needed: 'admin' },
    ] as const;
    for (const [route, needed] of Object.entries({ ...ROUTE_SCOPES, 'GET /v1/unknown': [] })) {
      for (const denial of [...denials, { reason: 'scope', needed } as const]) {
        const message = denialMessage(route, denial);
        expect(JSON.parse(`"${message}"`)).toBe(message);
      }
    }
  });

  test.each([
    [{ reason: 'kind', needed: 'key' }, 'insufficient_scope'],
    [{ reason: 'scope', needed: [] }, 'insufficient_scope'],
    [{ reason: 'level' }, 'insufficient_scope'],
    [{ reason: 'address' }, 'ip_not_allowed'],
  ] as const)('%j has the code %s', (denial, code) => {
    expect(denialCode(denial)).toBe(code);
  });
});
