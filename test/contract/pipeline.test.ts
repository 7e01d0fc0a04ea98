import { createPipeline } from '../../middleware/pipeline.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { projectId } from '../../shared/domain/ids.ts';
import { jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import {
  adminPrincipal,
  type EventOptions,
  gatewayEvent,
  keyPrincipal,
  lambdaContext,
  NOON_MS,
  recordingLog,
  testSecrets,
} from '../support/gateway-event.ts';
import { seededRandom } from '../support/random.ts';

const ROUTE = 'POST /v1/chat/completions';
const route = { method: 'POST', resource: '/v1/chat/completions' };
const echo: UseCase = async (request) => jsonAnswer(200, { body: request.body ?? null });

async function answered(options: Partial<EventOptions>, handle: UseCase = echo) {
  const log = recordingLog();
  const pipeline = createPipeline(
    { secrets: testSecrets, clock: () => NOON_MS, random: seededRandom('pipeline'), log },
    { routes: { [ROUTE]: handle }, mode: 'buffered' },
  );
  const event = gatewayEvent({ ...route, principal: keyPrincipal(), body: {}, ...options });
  const { statusCode, headers, body } = await pipeline(event, lambdaContext());
  return { status: statusCode, headers, body: JSON.parse(String(body)), log: log.events };
}

/** The four keys of OpenAI's error, its message aside. */
const refusal = (code: string, type = 'invalid_request_error') => ({
  error: { message: expect.any(String), type, param: null, code },
});

describe('the pipeline', () => {
  test('hands the parsed body to the use case and names the request in the answer', async () => {
    const { status, headers, body } = await answered({ body: { a: [1] } });
    expect({ status, body }).toEqual({ status: 200, body: { body: { a: [1] } } });
    expect(headers).toMatchObject({
      'x-request-id': expect.stringMatching(/^req_[0-9A-Z]{26}$/),
      'openai-version': '2020-10-01',
      'openai-processing-ms': '0',
      'openai-organization': projectId(keyPrincipal().tenant),
    });
  });

  test('serves the same route under /openai', async () => {
    const log = recordingLog();
    const pipeline = createPipeline(
      { secrets: testSecrets, clock: () => NOON_MS, random: seededRandom('alias'), log },
      { routes: { [ROUTE]: echo }, mode: 'buffered' },
    );
    const event = gatewayEvent({
      method: 'POST',
      resource: '/openai/v1/chat/completions',
      principal: keyPrincipal(),
      body: {},
    });
    expect((await pipeline(event, lambdaContext())).statusCode).toBe(200);
  });

  test.each<[string, Partial<EventOptions>, number, object]>([
    ['JSON that does not parse', { body: '{"a":' }, 400, refusal('invalid_json')],
    ['an empty body', { body: '' }, 400, refusal('invalid_json')],
    ['JSON nested deeper than 64', { body: '['.repeat(65) + ']'.repeat(65) }, 400, refusal('invalid_json')],
    ['a __proto__ key', { body: '{"__proto__":{"x":1}}' }, 400, refusal('invalid_json')],
    ['a nested __proto__ key', { body: '{"a":[{"__proto__":1}]}' }, 400, refusal('invalid_json')],
    ['a byte order mark', { body: '\u{feff}{}' }, 400, refusal('invalid_json')],
    [
      'another content type',
      { headers: { 'Content-Type': 'text/plain' } },
      415,
      refusal('unsupported_media_type'),
    ],
    [
      'a compressed body',
      { headers: { 'Content-Encoding': 'gzip' } },
      415,
      refusal('unsupported_media_type'),
    ],
  ])('refuses %s', async (_what, options, status, body) => {
    const answer = await answered(options);
    expect({ status: answer.status, body: answer.body }).toEqual({ status, body });
    expect(answer.headers).toMatchObject({ 'x-should-retry': 'false', 'content-type': 'application/json' });
  });

  test('takes JSON nested exactly 64 levels', async () => {
    expect((await answered({ body: '['.repeat(64) + ']'.repeat(64) })).status).toBe(200);
  });

  test('hands a request without body and type on, as SDKs send one that has nothing to say', async () => {
    const event = gatewayEvent({ ...route, principal: keyPrincipal() });
    Object.assign(event, { headers: {} });
    const pipeline = createPipeline(
      { secrets: testSecrets, clock: () => NOON_MS, random: seededRandom('none'), log: recordingLog() },
      { routes: { [ROUTE]: echo }, mode: 'buffered' },
    );
    const { statusCode, body } = await pipeline(event, lambdaContext());
    expect([statusCode, JSON.parse(String(body))]).toEqual([200, { body: null }]);
  });

  test('hands a null body on as none', async () => {
    expect((await answered({ body: 'null' })).body).toEqual({ body: null });
  });

  test.each<[string, Partial<EventOptions>]>([
    ['without a context', { principal: undefined as never }],
    ['with a context signed for another instant', { nowMs: NOON_MS - 31_000 }],
  ])('knows no caller %s', async (_what, options) => {
    const { principal: _, ...rest } = { principal: undefined, ...options };
    const event = gatewayEvent({
      ...route,
      body: {},
      ...(options.nowMs && { principal: keyPrincipal() }),
      ...rest,
    });
    const pipeline = createPipeline(
      { secrets: testSecrets, clock: () => NOON_MS, random: seededRandom('none'), log: recordingLog() },
      { routes: { [ROUTE]: echo }, mode: 'buffered' },
    );
    const { statusCode, body } = await pipeline(event, lambdaContext());
    expect({ statusCode, body: JSON.parse(String(body)) }).toEqual({
      statusCode: 503,
      body: refusal('service_unavailable', 'server_error'),
    });
  });

  test('believes no identity that a header or the body claims', async () => {
    const forged = { principalId: 'x', tenantId: 'proj_0000000000', p: 'e30', m: 'k1.1.x' };
    const event = gatewayEvent({ ...route, body: forged, headers: { 'x-tenant-id': 'proj_0000000000' } });
    Object.assign(event.requestContext, { authorizer: forged });
    const pipeline = createPipeline(
      { secrets: testSecrets, clock: () => NOON_MS, random: seededRandom('forged'), log: recordingLog() },
      { routes: { [ROUTE]: echo }, mode: 'buffered' },
    );
    expect((await pipeline(event, lambdaContext())).statusCode).toBe(503);
  });

  test('takes a context for the route that was signed, not for the one that is run', async () => {
    const event = gatewayEvent({
      method: 'POST',
      resource: '/v1/other',
      principal: keyPrincipal(),
      body: {},
    });
    Object.assign(event, { resource: route.resource });
    const pipeline = createPipeline(
      { secrets: testSecrets, clock: () => NOON_MS, random: seededRandom('route'), log: recordingLog() },
      { routes: { [ROUTE]: echo }, mode: 'buffered' },
    );
    expect((await pipeline(event, lambdaContext())).statusCode).toBe(503);
  });

  test.each(['content-type', 'Content-type', 'CONTENT-TYPE'])(
    'takes JSON whose type is in %s',
    async (name) => {
      const event = gatewayEvent({ ...route, principal: keyPrincipal(), body: {} });
      Object.assign(event, { headers: { [name]: 'application/json; charset=utf-8' } });
      const pipeline = createPipeline(
        { secrets: testSecrets, clock: () => NOON_MS, random: seededRandom('type'), log: recordingLog() },
        { routes: { [ROUTE]: echo }, mode: 'buffered' },
      );
      expect((await pipeline(event, lambdaContext())).statusCode).toBe(200);
    },
  );

  test.each([
    [
      'a key without the scope, by name',
      keyPrincipal({ scopes: ['models:read'] }),
      'it needs chat.completions:write',
    ],
    ['an admin key on the inference plane, for what it is', adminPrincipal(), 'use an API key'],
  ])('refuses %s', async (_who, principal, words) => {
    const { status, headers, body } = await answered({ principal });
    expect({ status, body }).toEqual({
      status: 403,
      body: refusal('insufficient_scope', 'permission_error'),
    });
    expect(body.error.message).toContain(words);
    expect(headers['x-should-retry']).toBe('false');
  });

  test('tells a key that only reads from one without the scope', async () => {
    const { status, body } = await answered({ principal: keyPrincipal({ level: 'read' }) });
    expect([status, body.error.code]).toEqual([403, 'insufficient_scope']);
    expect(body.error.message).toContain('may only read');
  });

  test('judges the scope before it parses the body', async () => {
    const { status } = await answered({ principal: keyPrincipal({ scopes: ['models:read'] }), body: '{' });
    expect(status).toBe(403);
  });

  test('answers 404 unknown_url on a route it does not serve', async () => {
    const { status, body } = await answered({ resource: '/v1/toString' });
    expect({ status, body }).toEqual({ status: 404, body: refusal('unknown_url') });
  });

  test("gives a refusal's parameter, retry advice and delay", async () => {
    const { status, headers, body } = await answered({}, () => {
      throw new GatewayError('rate_limit_exceeded', 'Slow down.', { param: 'model', retryAfterMs: 1500 });
    });
    expect({ status, body }).toEqual({
      status: 429,
      body: { error: { message: 'Slow down.', type: 'tokens', param: 'model', code: 'rate_limit_exceeded' } },
    });
    expect(headers).toMatchObject({ 'retry-after-ms': '1500', 'retry-after': '2', 'x-should-retry': 'true' });
  });

  test('says nothing of an unknown error to the caller, and its kind and place to the log', async () => {
    const { status, body, log } = await answered({}, () => {
      throw new RangeError('secret detail\n    at the secret detail of arn:aws:iam::123456789012:role/x');
    });
    expect(status).toBe(500);
    expect(JSON.stringify([body, log])).not.toContain('secret detail');
    expect(body).toEqual(refusal('internal_error', 'server_error'));
    expect(log).toEqual([
      expect.objectContaining({
        level: 'error',
        event: 'request-failed',
        code: 'internal_error',
        cause: 'RangeError',
        tenant: keyPrincipal().tenant,
        at: expect.stringContaining('pipeline.test'),
      }),
    ]);
  });
});
