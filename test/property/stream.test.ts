/** Whatever Bedrock sends, in whatever order and torn wherever: the official client reads an answer or an error. */
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { APIError, OpenAI, OpenAIError } from 'openai';
import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import { Stream } from 'openai/streaming';
import { createBedrockRuntime } from '../../shared/aws/bedrock-runtime.ts';
import type { ConverseStreamEvent } from '../../shared/domain/converse.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { ModelRuntime } from '../../shared/ports.ts';
import { eventFrame, exceptionFrame } from '../support/event-stream-frames.ts';
import {
  ASK,
  bodyText,
  proxyFixture,
  START,
  stopEvent,
  textEvent,
  usageEvent,
} from '../support/proxy-fixture.ts';
import { type Call, callsOf, expectedCalls } from '../support/stream-calls.ts';

const text = fc.string({ unit: 'binary', maxLength: 12 });
const block = fc.nat(3);
const deltaEvent = ([contentBlockIndex, delta]: readonly [number, object]): ConverseStreamEvent => ({
  kind: 'contentBlockDelta',
  payload: { contentBlockIndex, delta },
});
const startEvent = ([contentBlockIndex, toolUseId, name]: readonly [
  number,
  string,
  string,
]): ConverseStreamEvent => ({
  kind: 'contentBlockStart',
  payload: { contentBlockIndex, start: { toolUse: { toolUseId, name } } },
});
const event: fc.Arbitrary<ConverseStreamEvent> = fc.oneof(
  { weight: 6, arbitrary: text.map(textEvent) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        block,
        text.map((input) => ({ toolUse: { input } })),
      )
      .map(deltaEvent),
  },
  { weight: 2, arbitrary: fc.tuple(block, fc.uuid(), text).map(startEvent) },
  { weight: 2, arbitrary: text.map((thought) => deltaEvent([0, { reasoningContent: { text: thought } }])) },
  text.map((signature) => deltaEvent([0, { reasoningContent: { signature } }])),
  block.map((contentBlockIndex) => ({ kind: 'contentBlockStop', payload: { contentBlockIndex } })),
  fc.constant(START),
  fc
    .constantFrom('end_turn', 'max_tokens', 'tool_use', 'malformed_model_output', 'of_tomorrow')
    .map(stopEvent),
  fc.tuple(fc.nat(100), fc.nat(100)).map(([input, output]) => usageEvent(input, output)),
  fc.constantFrom<ConverseStreamEvent>(
    { kind: 'contentBlockStart', payload: {} },
    { kind: 'contentBlockStop', payload: {} },
    { kind: 'newKind', payload: { delta: { text: 'not to be read' } } },
    { kind: 'contentBlockDelta', payload: {} },
    { kind: 'metadata', payload: {} },
  ),
);
const failure = fc.constantFrom('throttlingException', 'modelStreamErrorException', 'cut');
const wire = fc.record({
  events: fc.array(event, { maxLength: 12 }),
  failure: fc.option(failure, { nil: undefined }),
  cuts: fc.array(fc.nat(4000), { maxLength: 30 }),
  includeUsage: fc.boolean(),
});

/** Bytes as reads of a socket that tore them at the given places. */
function piecesOf(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((one, other) => one - other);
  return [0, ...places]
    .map((start, index) => bytes.subarray(start, places[index] ?? bytes.length))
    .filter((piece) => piece.length > 0);
}

function runtimeOf(pieces: readonly Buffer[]): ModelRuntime {
  const socket = Object.assign(new EventEmitter(), { setTimeout: () => undefined });
  const response = Object.assign(Readable.from(pieces), { statusCode: 200, headers: {}, socket });
  return createBedrockRuntime({
    http: {
      send: () => Promise.reject(new TypeError('Nothing is sent whole here.')),
      open: () => Promise.resolve(response as unknown as IncomingMessage),
      close: () => undefined,
    },
    random: (length) => new Uint8Array(length),
  });
}

function bytesOf(events: readonly ConverseStreamEvent[], ending: string | undefined): Buffer {
  const frames = events.map(eventFrame);
  if (ending === 'cut') return Buffer.concat([...frames, eventFrame(START).subarray(0, -1)]);
  return Buffer.concat(ending === undefined ? frames : [...frames, exceptionFrame(ending, 'x')]);
}

interface Read {
  readonly text: string;
  readonly thoughts: string;
  readonly calls: readonly Call[];
  readonly finish: readonly string[];
  readonly ids: number;
  readonly usage: number;
  readonly error: boolean;
}

async function readAsClient(body: string): Promise<Read> {
  const chunks: ChatCompletionChunk[] = [];
  const stream = Stream.fromSSEResponse<ChatCompletionChunk>(new Response(body), new AbortController());
  let error = false;
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch (reason) {
    if (!(reason instanceof APIError)) throw reason;
    error = true;
  }
  const choices = chunks.flatMap((chunk) => chunk.choices);
  return {
    text: choices.map((choice) => choice.delta.content ?? '').join(''),
    thoughts: choices.map((choice) => thoughtOf(choice.delta)).join(''),
    calls: callsOf(choices.flatMap((choice) => choice.delta.tool_calls ?? [])),
    finish: choices.flatMap((choice) => choice.finish_reason ?? []),
    ids: new Set(chunks.map((chunk) => chunk.id)).size,
    usage: chunks.filter((chunk) => chunk.choices.length === 0).length,
    error,
  };
}

const thoughtOf = (delta: object): string =>
  'reasoning_content' in delta ? String(delta.reasoning_content) : '';

interface Sent {
  readonly events: readonly ConverseStreamEvent[];
  readonly failure: string | undefined;
  readonly includeUsage: boolean;
}

/** What must be read, said from the events alone. */
function expectedRead({ events, failure: ending, includeUsage }: Sent) {
  const deltas = events
    .filter(({ kind }) => kind === 'contentBlockDelta')
    .map(({ payload }) => payload.delta);
  const wanted = deltas.map((delta) => delta?.text ?? '').join('');
  const stop = events.find(({ kind }) => kind === 'messageStop')?.payload.stopReason;
  const formed = stop !== undefined && (stop !== 'malformed_model_output' || wanted !== '');
  const success = formed && ending === undefined;
  const counted = events.some(({ kind, payload }) => kind === 'metadata' && payload.usage !== undefined);
  return {
    success,
    counted,
    read: {
      text: wanted,
      thoughts: deltas.map((delta) => delta?.reasoningContent?.text ?? '').join(''),
      calls: expectedCalls(events),
      finish: success ? [FINISH.get(stop) ?? 'stop'] : [],
      usage: success && includeUsage && counted ? 1 : 0,
      error: !success,
    },
  };
}

const FINISH = new Map([
  ['max_tokens', 'length'],
  ['tool_use', 'tool_calls'],
]);

async function check(sent: Sent & { readonly cuts: readonly number[] }): Promise<void> {
  const bytes = bytesOf(sent.events, sent.failure);
  const proxy = proxyFixture({ runtime: runtimeOf(piecesOf(bytes, sent.cuts)) });
  const body = { ...ASK, stream: true, stream_options: { include_usage: sent.includeUsage } };
  const answer = await proxy.chat(body).catch((error: unknown) => error);
  if (answer instanceof GatewayError) {
    // Only an answer of which nothing came is refused before the status line.
    expect(sent.events).toEqual([]);
    expect(await proxy.records()).toMatchObject([{ outcome: 'failed' }]);
    return;
  }
  const received = await bodyText(answer as Awaited<ReturnType<typeof proxy.chat>>);
  const { ids, ...read } = await readAsClient(received);
  const expected = expectedRead(sent);
  expect(read).toEqual(expected.read);
  expect(ids).toBeLessThanOrEqual(1);
  expect(await helperReads(received)).toBe(expected.success);
  expect(received.endsWith('data: [DONE]\n\n')).toBe(expected.success);
  expect(proxy.order.filter((step) => step.startsWith('settle'))).toHaveLength(1);
  expect(await proxy.records()).toMatchObject([
    { outcome: expected.success ? 'completed' : 'failed', estimated: !expected.counted },
  ]);
}

/** Whether the official client's own helper, which checks the order of chunks, makes a completion of it. */
async function helperReads(body: string): Promise<boolean> {
  const headers = { 'content-type': 'text/event-stream' };
  const client = new OpenAI({
    apiKey: 'unused',
    baseURL: 'http://proxy.test/v1',
    maxRetries: 0,
    fetch: async () => new Response(body, { headers }),
  });
  const stream = client.chat.completions.stream({ model: 'm', messages: [] });
  try {
    const { choices } = await stream.finalChatCompletion();
    return choices.length === 1;
  } catch (error) {
    if (error instanceof OpenAIError) return false;
    throw error;
  }
}

test('every text, thought and call arrives once and in order, then exactly one end: a finish or an error', async () => {
  await fc.assert(fc.asyncProperty(wire, check), { numRuns: 500 });
});
