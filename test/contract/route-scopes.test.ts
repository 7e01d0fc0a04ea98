/** Which scope opens which route, judged by the authorizer's policy and again by the pipeline. */
import { judgePolicy } from '../../local/api-gateway/policy.ts';
import { createPipeline } from '../../middleware/pipeline.ts';
import { digestKey } from '../../shared/domain/api-key.ts';
import { KEY_SCOPES, type KeyScope } from '../../shared/domain/grant.ts';
import { ADMIN_SCOPES, type AdminScope, type Principal } from '../../shared/domain/principal.ts';
import { ROUTE_SCOPES } from '../../shared/domain/route-scopes.ts';
import { jsonAnswer } from '../../shared/http/message.ts';
import {
  adminKey,
  adminKeyOf,
  authorizerEvent,
  authorizerOf,
  bearer,
  credentialOf,
  FULL_GRANT,
  pathOf,
  STAGE_ARN,
  type StoreScript,
  scriptedStore,
  tenantKey,
} from '../support/credential-fixture.ts';
import {
  adminPrincipal,
  gatewayEvent,
  keyPrincipal,
  lambdaContext,
  NOON_MS,
  recordingLog,
  testSecrets,
} from '../support/gateway-event.ts';
import { seededRandom } from '../support/random.ts';

const MODELS = /^GET \/v1\/models/;
const USAGE =
  /^GET \/v1\/organization\/(usage\/(completions|embeddings|images|moderations)|costs|projects\/\{project_id\}\/limit_usage)$/;
const PROJECT = /^\w+ \/v1\/organization\/projects(\/\{project_id\}(\/(archive|model_aliases))?)?$/;
const KEYS =
  /^\w+ \/v1\/organization\/projects\/\{project_id\}\/(service_accounts|api_keys)(\/\{\w+\}(\/(api_keys|rotate|claim_link))?)?$/;
const LIMITS =
  /\/\{project_id\}\/(rate_limits|limit_usage|spend_limit|spend_alerts|model_permissions)(\/\{\w+\})?$/;
const ADMIN_KEYS = /^\w+ \/v1\/organization\/admin_api_keys/;
const READ = /^GET /;

/** What each scope opens, as a person would say it; the table of the product is not asked. */
const OF_KEYS: Readonly<Record<KeyScope, (route: string) => boolean>> = {
  'chat.completions:write': (route) => /^POST \/v1\/(chat\/)?completions$/.test(route) || MODELS.test(route),
  'embeddings:write': (route) => route === 'POST /v1/embeddings' || MODELS.test(route),
  'moderations:write': (route) => route === 'POST /v1/moderations',
  'models:read': (route) => MODELS.test(route),
  'usage:read': (route) => USAGE.test(route),
  'keys:rotate': (route) => route === 'POST /v1/api_keys/self/rotate',
};
const OF_ADMINS: Readonly<Record<AdminScope, (route: string) => boolean>> = {
  'projects:read': (route) => PROJECT.test(route) && READ.test(route),
  'projects:write': (route) => PROJECT.test(route),
  'keys:read': (route) => KEYS.test(route) && READ.test(route),
  'keys:write': (route) => KEYS.test(route),
  'limits:read': (route) => LIMITS.test(route) && READ.test(route),
  'limits:write': (route) => LIMITS.test(route),
  'admin_keys:read': (route) => ADMIN_KEYS.test(route) && READ.test(route),
  'admin_keys:write': (route) => ADMIN_KEYS.test(route),
  'usage:read': (route) => USAGE.test(route),
  'audit:read': (route) => route === 'GET /v1/organization/audit_logs',
};

const ROUTES = Object.keys(ROUTE_SCOPES);
const withAlias = (route: string): readonly string[] => [route, route.replace(' ', ' /openai')];
const pipeline = createPipeline(
  { secrets: testSecrets, clock: () => NOON_MS, random: seededRandom('matrix'), log: recordingLog() },
  {
    routes: Object.fromEntries(ROUTES.map((route) => [route, async () => jsonAnswer(200, {})])),
    mode: 'buffered',
  },
);

interface Caller {
  readonly script: StoreScript;
  readonly headers: Record<string, string>;
  readonly principal: Principal;
  readonly sourceIp?: string;
  readonly extraHeaders?: Record<string, string>;
}

/** How the authorizer's policy and the pipeline answer a caller on a route, and the code of a denial. */
async function answers(caller: Caller, route: string) {
  const [method = '', template = ''] = route.split(' ');
  const { script, principal } = caller;
  const at = caller.sourceIp !== undefined && { sourceIp: caller.sourceIp };
  const headers = { ...caller.headers, ...caller.extraHeaders };
  const result = await authorizerOf(scriptedStore(script).store)(authorizerEvent({ headers, route, ...at }));
  const verdict = judgePolicy(result.policyDocument, `${STAGE_ARN}/${method}${pathOf(template)}`);
  const event = gatewayEvent({ method, resource: template, principal, body: {}, headers, ...at });
  const { statusCode, body } = await pipeline(event, lambdaContext());
  const code: unknown = JSON.parse(String(body)).error?.code ?? null;
  return { policy: [verdict, result.context?.['denialCode'] ?? null], pipeline: [statusCode, code] };
}

const OPEN = { policy: ['allowed', null], pipeline: [200, null] };
const CLOSED = { policy: ['denied', 'insufficient_scope'], pipeline: [403, 'insufficient_scope'] };
const ELSEWHERE = { policy: ['denied', 'ip_not_allowed'], pipeline: [403, 'ip_not_allowed'] };

type Grants = Parameters<typeof keyPrincipal>[0] & { readonly scopes: readonly KeyScope[] };

function keyCaller(of: Pick<Grants, 'scopes' | 'level' | 'ipRanges'>, account = FULL_GRANT): Caller {
  const grant = { ...FULL_GRANT, ...of };
  return {
    script: { credential: credentialOf({ key: { grant }, account: { grant: account } }) },
    headers: bearer(tenantKey),
    principal: keyPrincipal({ ...grant }),
  };
}

const adminCaller = (scopes: readonly AdminScope[]): Caller => ({
  script: {
    adminKeys: [adminKeyOf({ scopes, digest: digestKey(seededRandom(scopes.join()), adminKey) })],
  },
  headers: bearer(adminKey),
  principal: adminPrincipal({ scopes }),
});

async function expectExactly(caller: Caller, opens: (route: string) => boolean): Promise<void> {
  const actual: Record<string, unknown> = {};
  const expected: Record<string, unknown> = {};
  for (const route of ROUTES) {
    for (const spelling of withAlias(route)) {
      actual[spelling] = await answers(caller, spelling);
      expected[spelling] = opens(route) ? OPEN : CLOSED;
    }
  }
  expect(actual).toEqual(expected);
}

describe('the scopes of a tenant key', () => {
  test.each(KEY_SCOPES)('%s opens its routes and no other, by policy and by pipeline', async (scope) => {
    await expectExactly(keyCaller({ scopes: [scope] }), OF_KEYS[scope]);
  });

  test('all together open no administration but usage', async () => {
    const caller = keyCaller({ scopes: KEY_SCOPES });
    await expectExactly(caller, (route) => !route.includes('/organization/') || USAGE.test(route));
  });

  test('none opens nothing', async () => {
    await expectExactly(keyCaller({ scopes: [] }), () => false);
  });

  test('that only read are left at level read', async () => {
    const reads = (route: string) => MODELS.test(route) || USAGE.test(route);
    await expectExactly(keyCaller({ scopes: KEY_SCOPES, level: 'read' }), reads);
  });

  test('that its account lost are lost with the next request', async () => {
    const account = { ...FULL_GRANT, scopes: ['models:read' as const] };
    const { script, headers } = keyCaller({ scopes: KEY_SCOPES }, account);
    const principal = keyPrincipal({ scopes: ['models:read'] });
    await expectExactly({ script, headers, principal }, (route) => MODELS.test(route));
  });
});

describe('the scopes of an admin key', () => {
  test.each(ADMIN_SCOPES)('%s opens its routes and no other, by policy and by pipeline', async (scope) => {
    await expectExactly(adminCaller([scope]), OF_ADMINS[scope]);
  });

  test('all together open no inference', async () => {
    await expectExactly(adminCaller(ADMIN_SCOPES), (route) => route.includes('/organization/'));
  });
});

describe('the addresses of a key', () => {
  const route = 'POST /v1/chat/completions';
  const from = (sourceIp: string, ipRanges: readonly string[], extraHeaders = {}) =>
    answers({ ...keyCaller({ scopes: KEY_SCOPES, ipRanges }), sourceIp, extraHeaders }, route);

  test.each([
    ['203.0.113.7', ['203.0.113.0/24']],
    ['203.0.113.7', ['203.0.113.7']],
    ['::ffff:203.0.113.7', ['203.0.113.0/24']],
    ['2001:db8:1::7', ['203.0.113.0/24', '2001:db8::/32']],
  ])('let %s in by %j', async (sourceIp, ranges) => {
    expect(await from(sourceIp, ranges)).toEqual(OPEN);
  });

  test.each([
    ['203.0.112.255', ['203.0.113.0/24']],
    ['203.0.114.0', ['203.0.113.0/24']],
    ['2001:db9::1', ['2001:db8::/32']],
    ['::ffff:203.0.114.0', ['203.0.113.0/24']],
    ['2001:db8::1', ['203.0.113.0/24']],
    ['', ['203.0.113.0/24']],
    ['203.0.113.7', []],
  ])('keep %j out by %j', async (sourceIp, ranges) => {
    expect(await from(sourceIp, ranges)).toEqual(ELSEWHERE);
  });

  test('are those that API Gateway saw, whatever X-Forwarded-For says', async () => {
    const forged = { 'X-Forwarded-For': '203.0.113.7', Forwarded: 'for=203.0.113.7' };
    expect(await from('198.51.100.1', ['203.0.113.0/24'], forged)).toEqual(ELSEWHERE);
  });
});
