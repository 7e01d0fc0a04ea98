import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BedrockEmulator, startBedrockEmulator } from '../../local/bedrock/emulator.ts';
import { type BedrockTimeouts, createBedrockRuntime } from '../../shared/aws/bedrock-runtime.ts';
import { createSignedHttp } from '../../shared/aws/signed-http.ts';
import type { ConverseCall, ConverseStreamEvent } from '../../shared/domain/converse.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { ModelRuntime } from '../../shared/ports.ts';
import { eventFrame, exceptionFrame, frameOf } from '../support/event-stream-frames.ts';
import { collect, START, stopEvent, textEvent } from '../support/proxy-fixture.ts';
import { createSdkModelRuntime } from '../support/sdk-model-runtime.ts';

const MODEL = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';

const call = (text: string, signal = new AbortController().signal): ConverseCall => ({
  modelId: MODEL,
  body: {
    messages: [{ role: 'user', content: [{ text }] }],
    system: [{ text: 'Be brief.' }],
    inferenceConfig: { maxTokens: 40, temperature: 0.5, stopSequences: ['STOP'] },
    requestMetadata: { 'bp:project': 'proj_0' },
  },
  signal,
});

function leanRuntime(endpoint: string, timeouts: Partial<BedrockTimeouts> = {}) {
  const http = createSignedHttp({
    region: 'us-east-1',
    service: 'bedrock',
    endpoint,
    credentials: () => ({ accessKeyId: 'test', secretAccessKey: 'test' }),
    clock: Date.now,
  });
  const random = (length: number) => new Uint8Array(length);
  return { ...createBedrockRuntime({ http, random, timeouts }), close: () => http.close() };
}

interface Outcome {
  readonly events: readonly ConverseStreamEvent[];
  readonly refused?: string;
  readonly broke?: string;
}

const codeOf = (error: unknown): string => (error instanceof GatewayError ? error.code : `foreign: ${error}`);

/** Everything a caller of the port can see of one stream; padding is no part of the answer. */
async function outcomeOf(runtime: ModelRuntime, of: ConverseCall): Promise<Outcome> {
  const events: ConverseStreamEvent[] = [];
  let stream: AsyncIterable<readonly ConverseStreamEvent[]>;
  try {
    stream = await runtime.converseStream(of);
  } catch (error) {
    return { events, refused: codeOf(error) };
  }
  try {
    for await (const batch of stream) events.push(...batch);
  } catch (error) {
    return { events: events.map(withoutPadding), broke: codeOf(error) };
  }
  return { events: events.map(withoutPadding) };
}

function withoutPadding({ kind, payload }: ConverseStreamEvent): ConverseStreamEvent {
  const { p: _padding, metrics: _metrics, ...rest } = payload as Record<string, unknown>;
  return { kind, payload: rest };
}

describe('the lean adapter and the SDK say the same of one Bedrock', () => {
  let emulator: BedrockEmulator;
  let lean: ReturnType<typeof leanRuntime>;
  let sdk: ReturnType<typeof createSdkModelRuntime>;
  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
    lean = leanRuntime(emulator.url);
    sdk = createSdkModelRuntime(emulator.url);
  });
  afterAll(async () => {
    lean.close();
    sdk.close();
    await emulator.close();
  });

  test.each([
    'Hello, who are you?',
    '[[emulator tokens=40]] Go on.',
    '[[emulator say="Grüße 😀 STOP never"]]',
    '[[emulator fault=no-message-stop]]',
    '[[emulator fault=exception-first-frame exception=throttlingException]]',
    '[[emulator fault=exception-first-frame exception=validationException]]',
    '[[emulator fault=exception-mid-stream exception=modelStreamErrorException tokens=10]]',
    '[[emulator fault=exception-mid-stream exception=serviceUnavailableException tokens=10]]',
    '[[emulator fault=throttle]]',
    '[[emulator fault=unavailable]]',
    '[[emulator fault=internal]]',
    '[[emulator fault=quota]]',
    '[[emulator fault=not-ready]]',
    '[[emulator fault=timeout]]',
    '[[emulator fault=model-error]]',
    '[[emulator fault=access-denied]]',
    '[[emulator fault=validation]]',
  ])('streamed: %s', async (text) => {
    const expected = await outcomeOf(sdk, call(text));
    expect(await outcomeOf(lean, call(text))).toEqual(expected);
  });

  test.each(['Hello, who are you?', '[[emulator say="Grüße 😀"]]'])('whole: %s', async (text) => {
    const answer = await lean.converse(call(text));
    expect(answer).toMatchObject(await sdk.converse(call(text)));
  });

  test.each(['throttle', 'unavailable', 'quota', 'timeout', 'validation'])('whole: %s', async (fault) => {
    const asked = call(`[[emulator fault=${fault}]]`);
    const expected = await sdk.converse(asked).catch(codeOf);
    expect(await lean.converse(asked).catch(codeOf)).toEqual(expected);
  });

  /** What Converse has beside text: thinking, tools and their history, a cache. The SDK encodes files by itself. */
  const rich = (text: string): ConverseCall => ({
    ...call(text),
    body: {
      messages: [
        {
          role: 'user',
          content: [{ text: 'Hi' }, { cachePoint: { type: 'default', ttl: '1h' } }],
        },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 'x', name: 'a', input: { b: 'ü' } } }] },
        {
          role: 'user',
          content: [{ toolResult: { toolUseId: 'x', status: 'success', content: [{ text: 'Ja' }] } }],
        },
        { role: 'assistant', content: [{ text: 'So.' }] },
        { role: 'user', content: [{ text }] },
      ],
      inferenceConfig: { maxTokens: 3000 },
      toolConfig: {
        tools: [{ toolSpec: { name: 'a', inputSchema: { json: { type: 'object', properties: {} } } } }],
      },
      additionalModelRequestFields: {
        thinking: { type: 'enabled', budget_tokens: 2000 },
        tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      },
      additionalModelResponseFieldPaths: ['/delta/stop_sequence'],
      requestMetadata: { 'bp:project': 'proj_0' },
    },
  });

  test.each([
    'Think.',
    '[[emulator tools=a]] Call.',
    `[[emulator tools=a args='{"b":"😀"}' think=Grübeln]]`,
    '[[emulator cite=Source]]',
    '[[emulator metadata=first start=empty]]',
  ])('with everything beside text: %s', async (text) => {
    const expected = await outcomeOf(sdk, rich(text));
    expect(expected.events.length).toBeGreaterThan(3);
    expect(await outcomeOf(lean, rich(text))).toEqual(expected);
    const { output, stopReason, usage } = await sdk.converse(rich(text));
    expect(await lean.converse(rich(text))).toMatchObject({ output, stopReason, usage });
  });

  test('a torn frame breaks the stream', async () => {
    const outcome = await outcomeOf(lean, call('[[emulator fault=torn-frame tokens=10]]'));
    expect(outcome).toMatchObject({ broke: 'model_stream_error' });
    expect(outcome.events.length).toBeGreaterThan(0);
  });

  test('aborting stops the generation', async () => {
    const controller = new AbortController();
    const stream = await lean.converseStream(call('[[emulator tokens=40 delay=20]]', controller.signal));
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    controller.abort();
    await expect(collect({ [Symbol.asyncIterator]: () => iterator })).rejects.toMatchObject({
      code: 'model_stream_error',
    });
    expect(await emulator.generations.all.at(-1)?.ended).toMatchObject({ state: 'aborted' });
  });
});

describe('a Bedrock that misbehaves', () => {
  let server: Server;
  let endpoint: string;
  let answer: (response: ServerResponse, request: IncomingMessage) => void;
  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume().on('end', () => answer(response, request));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const streamOutcome = async (timeouts: Partial<BedrockTimeouts> = {}): Promise<Outcome> => {
    const runtime = leanRuntime(endpoint, timeouts);
    try {
      return await outcomeOf(runtime, call('Hi'));
    } finally {
      runtime.close();
    }
  };

  test('by ending before its first event is a broken connection', async () => {
    answer = (response) => response.end();
    expect(await streamOutcome()).toEqual({ events: [], refused: 'upstream_connection_error' });
  });

  test('by resetting in mid-stream has broken the stream', async () => {
    answer = (response) => {
      response.write(eventFrame(START), () => response.destroy());
    };
    expect(await streamOutcome()).toEqual({ events: [START], broke: 'model_stream_error' });
  });

  test('by saying nothing after its headers is out of time', async () => {
    answer = (response) => void response.flushHeaders();
    expect(await streamOutcome({ firstEventMs: 50 })).toEqual({ events: [], refused: 'model_timeout' });
  });

  test('by falling silent between two events is out of time', async () => {
    answer = (response) => void response.write(eventFrame(START));
    expect(await streamOutcome({ idleMs: 50 })).toEqual({ events: [START], broke: 'model_timeout' });
  });

  test('by an error of the protocol has failed', async () => {
    answer = (response) =>
      response.end(frameOf({ ':message-type': 'error', ':error-code': 'Odd', ':error-message': 'x' }, ''));
    expect(await streamOutcome()).toEqual({ events: [], refused: 'model_error' });
  });

  test('by events and an exception in one read is given both, in order', async () => {
    const events = [START, textEvent('a')];
    answer = (response) =>
      response.end(Buffer.concat([...events.map(eventFrame), exceptionFrame('throttlingException', 'x')]));
    expect(await streamOutcome()).toEqual({ events, broke: 'upstream_throttled' });
  });

  test('by kinds of messages that do not exist yet is still understood', async () => {
    const events = [START, { kind: 'somethingNew', payload: {} }, stopEvent()];
    answer = (response) =>
      response.end(Buffer.concat([frameOf({ ':message-type': 'note' }, 'x'), ...events.map(eventFrame)]));
    expect(await streamOutcome()).toEqual({ events });
  });

  test('by an error page of something in between is not available', async () => {
    answer = (response) => {
      response.writeHead(502);
      response.end('<html>');
    };
    expect(await streamOutcome()).toEqual({ events: [], refused: 'upstream_unavailable' });
  });

  test.each([
    ['falls silent', (response: ServerResponse) => void response.write('{"mess')],
    ['breaks off', (response: ServerResponse) => response.write('{"mess', () => response.destroy())],
  ])('by a refusal whose body %s is judged by its status', async (_, body) => {
    answer = (response) => {
      response.writeHead(429, { 'content-length': '100' });
      body(response);
    };
    expect(await streamOutcome({ firstEventMs: 50 })).toEqual({ events: [], refused: 'upstream_throttled' });
  });

  test('by a refusal whose body never comes is left when its caller leaves', async () => {
    const controller = new AbortController();
    answer = (response) => {
      response.writeHead(429, { 'content-length': '100' }).write('{', () => controller.abort());
    };
    const runtime = leanRuntime(endpoint);
    const outcome = await outcomeOf(runtime, call('Hi', controller.signal));
    runtime.close();
    expect(outcome).toEqual({ events: [], refused: 'upstream_connection_error' });
  });

  test('by a corrupt frame in the read of good ones loses none of those', async () => {
    const events = [START, textEvent('a')];
    const corrupt = eventFrame(stopEvent());
    corrupt.writeUInt8(corrupt.readUInt8(corrupt.length - 1) ^ 1, corrupt.length - 1);
    answer = (response) => response.end(Buffer.concat([...events.map(eventFrame), corrupt]));
    expect(await streamOutcome()).toEqual({ events, broke: 'model_stream_error' });
  });

  test('by an event that is no JSON in the read of good ones loses none of those', async () => {
    const torn = frameOf({ ':message-type': 'event', ':event-type': 'contentBlockDelta' }, '{');
    answer = (response) => response.end(Buffer.concat([eventFrame(START), torn]));
    expect(await streamOutcome()).toEqual({ events: [START], broke: 'model_stream_error' });
  });

  test('by not being there has not been called', async () => {
    const runtime = leanRuntime('http://127.0.0.1:1');
    expect(await outcomeOf(runtime, call('Hi'))).toEqual({ events: [], refused: 'upstream_unavailable' });
  });

  test('and credentials that fail are ours to mend', async () => {
    const http = createSignedHttp({
      region: 'us-east-1',
      service: 'bedrock',
      endpoint,
      credentials: () => Promise.reject(new Error('no role')),
      clock: Date.now,
    });
    const runtime = createBedrockRuntime({ http, random: (length) => new Uint8Array(length) });
    await expect(runtime.converse(call('Hi'))).rejects.toMatchObject({ code: 'internal_error' });
  });

  test('a connection is used again after a stream', async () => {
    answer = (response) => response.end(Buffer.concat([START, stopEvent()].map(eventFrame)));
    const ports = new Set<number | undefined>();
    const plain = answer;
    answer = (response, request) => {
      ports.add(request.socket.remotePort);
      plain(response, request);
    };
    const runtime = leanRuntime(endpoint);
    for (let round = 0; round < 3; round += 1) await outcomeOf(runtime, call('Hi'));
    runtime.close();
    expect(ports.size).toBe(1);
  });
});
