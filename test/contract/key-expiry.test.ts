import { installAwslambda } from '../../local/api-gateway/awslambda.ts';
import { createPipeline, type ResponseMode } from '../../middleware/pipeline.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { Principal } from '../../shared/domain/principal.ts';
import { jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { closeTestGateways, compiledApi, startTestGateway } from '../support/compiled-api.ts';
import {
  authorizerOf,
  bearer,
  credentialOf,
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

afterEach(closeTestGateways);

const ROUTE = 'POST /v1/chat/completions';
const ENDS_AT_MS = Date.UTC(2026, 11, 3, 12, 0, 0, 999);
const ending = keyPrincipal({ endsAtMs: ENDS_AT_MS });
const say: UseCase = async () => jsonAnswer(200, {});
const refuse: UseCase = async () => {
  throw new GatewayError('rate_limit_exceeded', 'Slow down.');
};

const pipelineOf = (handle: UseCase, mode: ResponseMode) =>
  createPipeline(
    { secrets: testSecrets, clock: () => NOON_MS, random: seededRandom('expiry'), log: recordingLog() },
    { routes: { [ROUTE]: handle }, mode },
  );

async function endNamedFor(principal: Principal, handle = say, body: unknown = {}) {
  const event = gatewayEvent({ method: 'POST', resource: '/v1/chat/completions', principal, body });
  const { statusCode, headers } = await pipelineOf(handle, 'buffered')(event, lambdaContext());
  return [statusCode, headers['x-api-key-expires-at']];
}

describe('x-api-key-expires-at', () => {
  const END = '2026-12-03T12:00:00Z';

  test('is on every answer to a key whose end is in sight, refusals of every step included', async () => {
    expect(await endNamedFor(ending)).toEqual([200, END]);
    expect(await endNamedFor(ending, refuse)).toEqual([429, END]);
    expect(await endNamedFor(ending, say, '{')).toEqual([400, END]);
    expect(await endNamedFor({ ...ending, scopes: [] })).toEqual([403, END]);
  });

  test('is on no other', async () => {
    expect(await endNamedFor(keyPrincipal())).toEqual([200, undefined]);
    expect(await endNamedFor({ ...adminPrincipal(), scopes: [] })).toEqual([403, undefined]);
  });

  test('comes before the body of a streamed answer', async () => {
    installAwslambda();
    const streamed: UseCase = async () => ({ status: 200, headers: {}, body: pieces() });
    const { store } = scriptedStore({ credential: credentialOf({ key: { expiresAtMs: ENDS_AT_MS } }) });
    const gateway = await startTestGateway(
      compiledApi({ routes: [{ route: ROUTE, to: 'proxy', authorizer: 'authorizer', stream: true }] }),
      { authorizer: authorizerOf(store), proxy: pipelineOf(streamed, 'streamed') },
    );
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { ...bearer(tenantKey), 'content-type': 'application/json' },
      body: '{}',
    });
    expect([response.status, response.headers.get('x-api-key-expires-at')]).toEqual([200, END]);
    expect(await response.text()).toBe('data: 1\n\n');
  });
});

async function* pieces() {
  yield 'data: 1\n\n';
}
