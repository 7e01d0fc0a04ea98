/**
 * Bedrock's Converse API over the lean transport: signed node:http and the decoder of this folder. The SDK's
 * client does the same at about seven times the CPU; a differential test holds the two equal.
 */
import type { IncomingMessage } from 'node:http';
import type { ConverseAnswer, ConverseCall, ConverseStreamEvent } from '../domain/converse.ts';
import type { RandomBytes } from '../domain/ids.ts';
import type { ModelRuntime } from '../ports.ts';
import {
  dispatched,
  exchanged,
  failureOf,
  type Refusal,
  type Translate,
  translatorOf,
} from './bedrock-exchange.ts';
import { batchOf } from './converse-frames.ts';
import { createEventStreamDecoder } from './event-stream.ts';
import type { SignedHttp } from './signed-http.ts';
import { TransportError } from './transport-error.ts';

export interface BedrockRuntimeOptions {
  readonly http: SignedHttp;
  readonly random: RandomBytes;
  readonly timeouts?: Partial<BedrockTimeouts>;
}

/** In ms. The caller's signal ends a call sooner; nothing here retries. */
export interface BedrockTimeouts {
  /** A whole answer, which long outputs take minutes for; the function's own deadline is as far away. */
  readonly answerMs: number;
  /** Until the first event: Bedrock queues, reads the prompt and announces the message, all within seconds. */
  readonly firstEventMs: number;
  /** Between two events: a model that thinks in silence is not a dead one. */
  readonly idleMs: number;
}

const TIMEOUTS: BedrockTimeouts = { answerMs: 900_000, firstEventMs: 120_000, idleMs: 300_000 };
const ERROR_BYTES_MAX = 64 * 1024;

/** The adapter of ModelRuntime; `http` is a transport for the service `bedrock` at bedrock-runtime's endpoint. */
export function createBedrockRuntime(options: BedrockRuntimeOptions): ModelRuntime {
  const { http } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const translate = translatorOf(options.random);
  return {
    async converse(call) {
      try {
        const post = { ...postOf(call, 'converse'), timeoutMs: timeouts.answerMs };
        return (await exchanged(http, post)).body as ConverseAnswer;
      } catch (error) {
        throw translate(error);
      }
    },
    async converseStream(call) {
      try {
        const post = { ...postOf(call, 'converse-stream'), timeoutMs: timeouts.firstEventMs };
        const response = await dispatched(http.open(post));
        if (response.statusCode !== 200) throw failureOf(await readError(response, timeouts.firstEventMs));
        return await begin(readBatches(response, { timeouts, translate }));
      } catch (error) {
        throw translate(error);
      }
    },
  };
}

function postOf(call: ConverseCall, operation: 'converse' | 'converse-stream') {
  return {
    path: `/model/${encodeURIComponent(call.modelId)}/${operation}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(call.body),
    signal: call.signal,
  };
}

/** Resolves once the first batch is here: until then a refusal still has its HTTP status. */
async function begin(
  batches: AsyncGenerator<readonly ConverseStreamEvent[], void>,
): Promise<AsyncIterable<readonly ConverseStreamEvent[]>> {
  const first = await batches.next();
  if (first.done === true) throw new TransportError('reset', 'The stream ended before its first event.');
  let held: typeof first | undefined = first;
  const iterator: AsyncIterableIterator<readonly ConverseStreamEvent[], void> = {
    next() {
      if (held === undefined) return batches.next();
      const result = held;
      held = undefined;
      return Promise.resolve(result);
    },
    return: () => batches.return(),
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

/** One batch for each read from the socket; what came before a failure is given before it is thrown. */
async function* readBatches(
  response: IncomingMessage,
  of: { readonly timeouts: BedrockTimeouts; readonly translate: Translate },
): AsyncGenerator<readonly ConverseStreamEvent[], void> {
  const decoder = createEventStreamDecoder();
  const idle = boundSilence(response, of.timeouts.firstEventMs);
  let begun = false;
  try {
    for await (const chunk of response) {
      const batch = batchOf(decoder.decode(chunk));
      if (batch.events.length > 0) {
        if (!begun) idle.setMs(of.timeouts.idleMs);
        begun = true;
        yield batch.events;
      }
      if (batch.failure !== undefined) throw batch.failure;
    }
    decoder.end();
  } catch (error) {
    throw begun ? of.translate(error, 'stream') : error;
  } finally {
    idle.release();
    response.destroy();
  }
}

/** Destroys the response where its socket is silent for too long. */
function boundSilence(
  response: IncomingMessage,
  firstMs: number,
): { setMs(silenceMs: number): void; release(): void } {
  const { socket } = response;
  const onTimeout = (): void => void response.destroy(new TransportError('timeout'));
  let bounded = true;
  const release = (): void => {
    if (!bounded) return;
    bounded = false;
    socket.off('timeout', onTimeout);
    socket.setTimeout(0);
  };
  socket.setTimeout(firstMs);
  socket.on('timeout', onTimeout);
  // At its end the socket goes back to the pool and must not carry this bound to the next request.
  response.once('end', release);
  return { setMs: (silenceMs) => void socket.setTimeout(silenceMs), release };
}

/** A body that falls silent or breaks is left: the status and the headers say already that nothing was generated. */
async function readError(response: IncomingMessage, silenceMs: number): Promise<Refusal> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const silence = boundSilence(response, silenceMs);
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > ERROR_BYTES_MAX) break;
    }
  } catch (error) {
    if (error instanceof TransportError && error.reason === 'aborted') throw error;
  } finally {
    silence.release();
    response.destroy();
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}
