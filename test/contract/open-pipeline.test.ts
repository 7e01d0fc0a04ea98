import { isOpen } from '../../middleware/open-route.ts';
import { createOpenPipeline } from '../../middleware/pipeline.ts';
import { OPEN_ROUTES, ROUTE_SCOPES } from '../../shared/domain/route-scopes.ts';
import { jsonAnswer, type OpenRequest, type OpenUseCase } from '../../shared/http/message.ts';
import {
  type EventOptions,
  gatewayEvent,
  keyPrincipal,
  lambdaContext,
  NOON_MS,
  recordingLog,
} from '../support/gateway-event.ts';
import { seededRandom } from '../support/random.ts';

const CLAIM = { method: 'POST', resource: '/v1/api_keys/claim' };

async function answered(options: Partial<EventOptions>, handle: OpenUseCase) {
  const log = recordingLog();
  const pipeline = createOpenPipeline(
    { clock: () => NOON_MS, random: seededRandom('open'), log },
    { routes: { 'POST /v1/api_keys/claim': handle } },
  );
  const { statusCode, headers, body } = await pipeline(
    gatewayEvent({ ...CLAIM, body: { token: 't' }, ...options }),
    lambdaContext(),
  );
  return { status: statusCode, headers, body: JSON.parse(String(body)), log: log.events };
}

async function seen(options: Partial<EventOptions>): Promise<OpenRequest | undefined> {
  let request: OpenRequest | undefined;
  await answered(options, async (given) => {
    request = given;
    return jsonAnswer(200, {});
  });
  return request;
}

describe('the open pipeline', () => {
  test('hands on body, address and route, under /openai too', async () => {
    const wanted = { route: 'POST /v1/api_keys/claim', body: { token: 't' }, sourceIp: '198.51.100.9' };
    expect(await seen({ sourceIp: '198.51.100.9' })).toMatchObject(wanted);
    const alias = { sourceIp: '198.51.100.9', resource: '/openai/v1/api_keys/claim' };
    expect(await seen(alias)).toMatchObject(wanted);
  });

  test('knows nobody, even where a request brings a signed identity', async () => {
    expect(await seen({ principal: keyPrincipal() })).not.toHaveProperty('principal');
  });

  test('names the request in its answer, which nobody may keep', async () => {
    const { status, headers } = await answered({}, async () => jsonAnswer(200, {}));
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'x-request-id': expect.stringMatching(/^req_[0-9A-Z]{26}$/),
      'cache-control': 'no-store',
    });
  });

  test.each<[string, Partial<EventOptions>, number, string]>([
    ['a body that is no JSON', { body: '{' }, 400, 'invalid_json'],
    ['another content type', { headers: { 'Content-Type': 'text/plain' } }, 415, 'unsupported_media_type'],
    ['a route that needs a credential', { resource: '/v1/chat/completions' }, 404, 'unknown_url'],
    ['an open route of another function', { method: 'GET', resource: '/health' }, 404, 'unknown_url'],
  ])('refuses %s', async (_what, options, status, code) => {
    const answer = await answered(options, async () => jsonAnswer(200, {}));
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });

  test('says nothing of an unknown error to the caller', async () => {
    const { status, body, log } = await answered({}, () => {
      throw new RangeError('secret detail');
    });
    expect([status, body.error.code, log.length]).toEqual([500, 'internal_error', 1]);
    expect(JSON.stringify([body, log])).not.toContain('secret detail');
  });
});

describe('what decides between the two pipelines', () => {
  const event = (route: string) => {
    const [httpMethod = '', resource = ''] = route.split(' ');
    return { httpMethod, resource };
  };

  test('takes exactly the open routes for open', () => {
    expect(OPEN_ROUTES.map((route) => isOpen(event(route)))).toEqual(OPEN_ROUTES.map(() => true));
    expect(isOpen(event('POST /openai/v1/api_keys/claim'))).toBe(true);
    expect(Object.keys(ROUTE_SCOPES).filter((route) => isOpen(event(route)))).toEqual([]);
    expect(isOpen(event('POST /health'))).toBe(false);
  });
});
