/** What a caller sees of a refusal by the authorizer, through the packaged API. */
import { packagedStack } from '../../local/packaged-stack.ts';
import { digestKey, mintKey } from '../../shared/domain/api-key.ts';
import { KEY_SCOPES } from '../../shared/domain/grant.ts';
import { closeTestGateways, startTestGateway } from '../support/compiled-api.ts';
import {
  adminKey,
  adminKeyOf,
  authorizerOf,
  bearer,
  credentialOf,
  FULL_GRANT,
  mint,
  type StoreScript,
  scriptedStore,
  tenantKey,
} from '../support/credential-fixture.ts';
import { PACKAGING_MS_MAX } from '../support/packaged-template.ts';
import { seededRandom } from '../support/random.ts';

beforeAll(() => packagedStack('dev'), PACKAGING_MS_MAX);
afterEach(closeTestGateways);

/** The answer to a request, and whether any function but the authorizer ran for it. */
async function answer(script: StoreScript, headers: Record<string, string>, path = '/v1/organization/costs') {
  const { template } = await packagedStack('dev');
  let calls = 0;
  const counted = async () => {
    calls += 1;
    return { statusCode: 200, body: '{}' };
  };
  const authorizer = authorizerOf(scriptedStore(script).store);
  const gateway = await startTestGateway(
    template,
    {},
    {
      functions: async (id) => ({ handler: id === 'AuthorizerLambdaFunction' ? authorizer : counted }),
    },
  );
  const response = await fetch(gateway.url + path, { headers });
  const body: unknown = await response.json();
  await gateway.close();
  const { status, headers: answered } = response;
  const shown = ['content-type', 'x-should-retry', 'retry-after', 'www-authenticate'].map((name) => [
    name,
    answered.get(name),
  ]);
  return { status, headers: Object.fromEntries(shown), body, calls };
}

const denied = (message: string, code: string) => ({
  status: 403,
  headers: expect.objectContaining({ 'content-type': 'application/json', 'x-should-retry': 'false' }),
  body: {
    error: {
      message: `This request is not allowed. ${message}`,
      type: 'permission_error',
      param: null,
      code,
    },
  },
  calls: 0,
});

describe('a denial', () => {
  test('names the scope that is missing, and runs nothing', async () => {
    const grant = { ...FULL_GRANT, scopes: ['models:read' as const] };
    expect(await answer({ credential: credentialOf({ key: { grant } }) }, bearer(tenantKey))).toEqual(
      denied(
        'This key lacks the scope for GET /v1/organization/costs: it needs usage:read. Ask your administrator for a key that has it.',
        'insufficient_scope',
      ),
    );
  });

  test('of an admin key on the inference plane names the kind that inference needs', async () => {
    const script = { adminKeys: [adminKeyOf()] };
    expect(await answer(script, bearer(adminKey), '/openai/v1/models/a/b')).toEqual(
      denied(
        'An admin key cannot call GET /v1/models/{model+}: use an API key (it begins with bpk_).',
        'insufficient_scope',
      ),
    );
  });

  test('of an address says so, whatever address the caller claims', async () => {
    const grant = { ...FULL_GRANT, scopes: KEY_SCOPES, ipRanges: ['203.0.113.0/24'] };
    const headers = { ...bearer(tenantKey), 'X-Forwarded-For': '203.0.113.7' };
    expect(await answer({ credential: credentialOf({ key: { grant } }) }, headers)).toEqual(
      denied(
        'This key may not be used from the address of this request. Ask your administrator to extend its allowed_ips.',
        'ip_not_allowed',
      ),
    );
  });

  test('is none on a path with a slash behind it', async () => {
    const found = await answer({ credential: credentialOf() }, bearer(tenantKey), '/v1/organization/costs/');
    expect([found.status, found.calls]).toEqual([200, 1]);
  });
});

describe('an unknown id, a wrong secret and a malformed key', () => {
  test('are answered alike in status, headers and body', async () => {
    const random = seededRandom('alike');
    const credential = credentialOf();
    const forged = mintKey(random, { ...tenantKey });
    const wrongDigest = credentialOf({ key: { digest: digestKey(random, mint('bpk')) } });
    const answers = [
      await answer({}, bearer(tenantKey)),
      await answer({ credential }, bearer(forged)),
      await answer({ credential: wrongDigest }, bearer(tenantKey)),
      await answer({ credential }, { Authorization: `Bearer ${tenantKey.text.slice(0, -1)}` }),
      await answer({ credential }, { Authorization: 'Bearer sk-proj-abc' }),
      await answer({}, bearer(adminKey)),
      await answer({ adminKeys: [adminKeyOf()] }, bearer(mintKey(random, { ...adminKey }))),
    ];
    const [first] = answers;
    expect(first).toMatchObject({
      status: 401,
      body: { error: { code: 'invalid_api_key', type: 'invalid_request_error', param: null } },
      calls: 0,
    });
    expect(answers).toEqual(answers.map(() => first));
  });
});
