/** Whatever Bedrock sends, in whatever order and torn wherever: the official client reads an answer or an error. */
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { APIError } from 'openai';
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

const text = fc.string({ unit: 'binary', maxLength: 12 });
const event: fc.Arbitrary<ConverseStreamEvent> = fc.oneof(
  { weight: 6, arbitrary: text.map(textEvent) },
  fc.constant(START),
  fc.constantFrom('end_turn', 'max_tokens', 'malformed_model_output', 'of_tomorrow').map(stopEvent),
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
    finish: choices.flatMap((choice) => choice.finish_reason ?? []),
    ids: new Set(chunks.map((chunk) => chunk.id)).size,
    usage: chunks.filter((chunk) => chunk.choices.length === 0).length,
    error,
  };
}

interface Sent {
  readonly events: readonly ConverseStreamEvent[];
  readonly failure: string | undefined;
  readonly includeUsage: boolean;
}

/** What must be read, said from the events alone. */
function expectedRead({ events, failure: ending, includeUsage }: Sent) {
  const deltas = events.filter(({ kind }) => kind === 'contentBlockDelta');
  const wanted = deltas.map(({ payload }) => payload.delta?.text ?? '').join('');
  const stop = events.find(({ kind }) => kind === 'messageStop')?.payload.stopReason;
  const formed = stop !== undefined && (stop !== 'malformed_model_output' || wanted !== '');
  const success = formed && ending === undefined;
  const counted = events.some(({ kind, payload }) => kind === 'metadata' && payload.usage !== undefined);
  return {
    success,
    counted,
    read: {
      text: wanted,
      finish: success ? [stop === 'max_tokens' ? 'length' : 'stop'] : [],
      usage: success && includeUsage && counted ? 1 : 0,
      error: !success,
    },
  };
}

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
  expect(received.endsWith('data: [DONE]\n\n')).toBe(expected.success);
  expect(proxy.order.filter((step) => step.startsWith('settle'))).toHaveLength(1);
  expect(await proxy.records()).toMatchObject([
    { outcome: expected.success ? 'completed' : 'failed', estimated: !expected.counted },
  ]);
}

test('every text arrives once and in order, then exactly one end: a finish or an error', async () => {
  await fc.assert(fc.asyncProperty(wire, check), { numRuns: 500 });
});
