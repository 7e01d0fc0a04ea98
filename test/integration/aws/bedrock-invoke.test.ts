/** InvokeModel and InvokeGuardrailChecks on the wire: what is sent, what is read, and what a failure is called. */
import { InvokeGuardrailChecksCommand, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { createGuardrailChecks, createModelInvoker } from '../../../shared/aws/bedrock-invoke.ts';
import { createSignedHttp } from '../../../shared/aws/signed-http.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { CONTENT_CATEGORIES } from '../../../shared/domain/guardrail-check.ts';
import type { InvokeCall } from '../../../shared/domain/invoke-model.ts';
import {
  hangUp,
  json,
  type Script,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scripted-server.ts';
import { RUNTIME_CLIENTS } from '../bedrock-emulator/clients.ts';

const TITAN = 'amazon.titan-embed-text-v2:0';
const live = () => new AbortController().signal;

function adaptersTo(endpoint: string, timeoutMs?: number) {
  const http = createSignedHttp({
    region: 'us-east-1',
    service: 'bedrock',
    endpoint,
    credentials: () => ({ accessKeyId: 'test', secretAccessKey: 'test' }),
    clock: Date.now,
  });
  const options = {
    http,
    random: (length: number) => new Uint8Array(length),
    ...(timeoutMs && { timeoutMs }),
  };
  return {
    invoker: createModelInvoker(options),
    checks: createGuardrailChecks(options),
    close: () => http.close(),
  };
}

const call = (of: Partial<InvokeCall> = {}): InvokeCall => ({
  modelId: TITAN,
  body: { inputText: 'Grüße 😀' },
  metadata: { 'bp:project': 'proj_0' },
  signal: live(),
  ...of,
});

/** The code and message of what a promise rejects with. */
async function failure(promise: Promise<unknown>) {
  const error = await promise.catch((reason: unknown) => reason);
  return error instanceof GatewayError ? error.code : `not refused: ${String(error)}`;
}

describe('against the emulator', () => {
  let emulator: BedrockEmulator;
  let adapters: ReturnType<typeof adaptersTo>;
  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
    adapters = adaptersTo(emulator.url);
  });
  afterAll(async () => {
    adapters.close();
    await emulator.close();
  });

  test('a text is embedded and counted', async () => {
    const { body, inputTokens } = await adapters.invoker.invoke(call());
    expect(body['embedding']).toHaveLength(1024);
    expect(inputTokens).toBe(body['inputTextTokenCount']);
  });

  test('the SDK is answered the same by both operations', async () => {
    const sdk = RUNTIME_CLIENTS['HTTP/1.1'](emulator.url);
    const texts = ['He planned a massacre, you idiot.', '[[score hate=0.6]]'];
    const invoked = await sdk.send(
      new InvokeModelCommand({ modelId: TITAN, body: JSON.stringify({ inputText: 'Grüße 😀' }) }),
    );
    const checked = await sdk.send(
      new InvokeGuardrailChecksCommand({
        messages: [{ role: 'user', content: texts.map((text) => ({ text })) }],
        checks: { contentFilter: { categories: CONTENT_CATEGORIES.map((category) => ({ category })) } },
      }),
    );
    sdk.destroy();
    expect((await adapters.invoker.invoke(call())).body).toEqual(
      JSON.parse(invoked.body.transformToString()),
    );
    const results = checked.results?.contentFilter?.results ?? [];
    expect(await adapters.checks.check({ texts, signal: live() })).toEqual({
      scores: Object.fromEntries(results.map(({ category, severityScore }) => [category, severityScore])),
      textUnits: checked.usage?.contentFilter?.textUnits,
    });
    expect(results.some(({ severityScore = 0 }) => severityScore > 0)).toBe(true);
  });

  test('an ARN is one part of the path', async () => {
    const modelId = `arn:aws:bedrock:us-east-1::foundation-model/${TITAN}`;
    expect((await adapters.invoker.invoke(call({ modelId }))).body['embedding']).toHaveLength(1024);
  });

  test('a body that the model refuses is refused in its words', async () => {
    await expect(adapters.invoker.invoke(call({ body: { inputText: '' } }))).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('Malformed input request'),
    });
  });

  test('a text is scored in every category and counted in text units', async () => {
    const texts = [`[[score violence=0.8 insults=0.2]] ${'x'.repeat(1500)}`, 'kind words'];
    expect(await adapters.checks.check({ texts, signal: live() })).toEqual({
      scores: { VIOLENCE: 0.8, HATE: 0, SEXUAL: 0, MISCONDUCT: 0, INSULTS: 0.2 },
      textUnits: 3,
    });
  });
});

describe('against a server that answers as it likes', () => {
  let server: ScriptedServer;
  let adapters: ReturnType<typeof adaptersTo>;
  beforeAll(async () => {
    server = await startScriptedServer();
    adapters = adaptersTo(server.endpoint);
  });
  afterAll(async () => {
    adapters.close();
    await server.close();
  });

  const counted =
    (count: string): Script =>
    (response) => {
      response.writeHead(200, { 'x-amzn-bedrock-input-token-count': count }).end('{"embedding":[1]}');
    };

  test('the model is in the path, the tags in a signed header, and the body is the model’s', async () => {
    server.play(json(200, {}));
    await adapters.invoker.invoke(call());
    const [request] = server.requests;
    if (request === undefined) throw new TypeError('Nothing was sent.');
    const { path, headers, body } = request;
    expect([path, JSON.parse(body)]).toEqual([
      '/model/amazon.titan-embed-text-v2%3A0/invoke',
      { inputText: 'Grüße 😀' },
    ]);
    expect(JSON.parse(String(headers['x-amzn-bedrock-request-metadata']))).toEqual({
      'bp:project': 'proj_0',
    });
    expect(headers['authorization']).toMatch(/SignedHeaders=[^,]*x-amzn-bedrock-request-metadata/);
  });

  test('all categories are asked about, in one message', async () => {
    server.play(json(200, {}));
    await adapters.checks.check({ texts: ['a', 'b'], signal: live() });
    const [{ path, body } = { path: '', body: '' }] = server.requests;
    expect([path, JSON.parse(body)]).toEqual([
      '/guardrail-checks/invoke',
      {
        messages: [{ role: 'user', content: [{ text: 'a' }, { text: 'b' }] }],
        checks: {
          contentFilter: {
            categories: ['VIOLENCE', 'HATE', 'SEXUAL', 'MISCONDUCT', 'INSULTS'].map((category) => ({
              category,
            })),
          },
        },
      },
    ]);
  });

  test.each([
    ['17', 17],
    ['0', 0],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['many', undefined],
    ['1'.repeat(16), undefined],
  ])('a count of %j is %j', async (header, expected) => {
    server.play(counted(header));
    expect((await adapters.invoker.invoke(call())).inputTokens).toBe(expected);
  });

  test.each<[string, unknown, object]>([
    ['nothing', {}, { scores: {}, textUnits: undefined }],
    [
      'scores and units that are none',
      {
        results: {
          contentFilter: {
            results: [
              { category: 'HATE', severityScore: 1.2 },
              { category: 'SEXUAL', severityScore: '0.4' },
              { category: 'VIOLENCE', severityScore: -0.1 },
              { category: 'TOMORROW', severityScore: 0.4 },
              { category: 'INSULTS', severityScore: 1 },
              null,
            ],
          },
        },
        usage: { contentFilter: { textUnits: -1 } },
      },
      { scores: { INSULTS: 1 }, textUnits: undefined },
    ],
    [
      'something else',
      { results: { contentFilter: { results: 'none' } }, usage: { contentFilter: { textUnits: 2 } } },
      { scores: {}, textUnits: 2 },
    ],
  ])('%s is read as no more than it is', async (_, body, expected) => {
    server.play(json(200, body));
    expect(await adapters.checks.check({ texts: ['a'], signal: live() })).toEqual(expected);
  });

  const exception =
    (name: string, status: number): Script =>
    (response) => {
      response.writeHead(status, { 'x-amzn-errortype': `${name}:http://internal` }).end('{"message":"No."}');
    };
  test.each<[string, Script, string]>([
    ['a throttled call', exception('ThrottlingException', 429), 'upstream_throttled'],
    ['a model without access', exception('AccessDeniedException', 403), 'internal_error'],
    ['a model that is gone', exception('ResourceNotFoundException', 404), 'model_not_found'],
    ['a broken connection', hangUp, 'upstream_connection_error'],
    ['an answer that is no JSON', (response) => void response.end('<html>'), 'upstream_connection_error'],
    ['an answer that is no object', json(200, null), 'upstream_connection_error'],
  ])('%s fails as what it is, whichever operation', async (_, script, code) => {
    server.play(script);
    expect(await failure(adapters.invoker.invoke(call()))).toBe(code);
    expect(await failure(adapters.checks.check({ texts: ['a'], signal: live() }))).toBe(code);
  });

  test('silence ends with the timeout, and an abort ends it before', async () => {
    server.play(() => undefined);
    const impatient = adaptersTo(server.endpoint, 30);
    expect(await failure(impatient.invoker.invoke(call()))).toBe('model_timeout');
    impatient.close();
    const controller = new AbortController();
    const asked = failure(adapters.invoker.invoke(call({ signal: controller.signal })));
    controller.abort();
    expect(await asked).toBe('upstream_connection_error');
  });
});
