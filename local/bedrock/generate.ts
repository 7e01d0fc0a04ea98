/** Runs one generation: composes the answer, sends it in its dialect, and makes the fault that was asked for. */
import { type Answer, composeAnswer, type Prompt } from './answer.ts';
import type { EmulatorClock } from './clock.ts';
import { type Dialect, encodeException, type Padding, type Told } from './dialect.ts';
import { type Directive, readDirective } from './directive.ts';
import type { Exchange } from './exchange.ts';
import { EXCEPTION_MESSAGES, streamExceptionOf, throwException, throwRefusal } from './fault.ts';
import type { RunningGeneration } from './generation.ts';

/** One call, ready to be answered. */
export interface Run {
  readonly exchange: Exchange;
  readonly generation: RunningGeneration;
  readonly dialect: Dialect;
  readonly directive: Directive;
  readonly answer: Answer;
  readonly inputTokens: number;
  readonly delayMs: number;
  readonly clock: EmulatorClock;
  readonly padding: Padding;
  readonly startedAtMs: number;
}

/** What to say, from a prompt and the directive in it. */
export function planAnswer(prompt: Prompt): { readonly directive: Directive; readonly answer: Answer } {
  const { directive, rest } = readDirective(prompt.lastUserText);
  return { directive, answer: composeAnswer(prompt, { directive, text: rest }) };
}

/** Answers in one JSON document, after the time that its tokens take. Throws ServiceError for a refusal. */
export async function answerWhole(run: Run): Promise<void> {
  const { directive, answer, generation, exchange, dialect } = run;
  throwRefusal(directive.fault);
  if (directive.fault === 'silent') return;
  await wait(run, run.delayMs * answer.pieces.length);
  if (exchange.over) return;
  if (directive.fault === 'exception-first-frame' || directive.fault === 'exception-mid-stream') {
    throwException(directive);
  }
  if (directive.fault === 'reset') {
    breakOff(run, () => exchange.break());
    return;
  }
  const told = tellOf(run);
  const headers = { ...dialect.wholeHeaders(told), 'x-amzn-requestid': generation.requestId };
  const body =
    directive.fault === 'no-message-stop' ? withoutStopReason(dialect.whole(told)) : dialect.whole(told);
  generation.tokensSent = answer.pieces.length;
  const text = JSON.stringify(body);
  // Half a document: the connection is whole, its content is not.
  exchange.answer(200, headers, directive.fault === 'torn-frame' ? text.slice(0, text.length / 2) : text);
}

const withoutStopReason = (body: object): object => ({
  ...body,
  stopReason: undefined,
  stop_reason: undefined,
});

/** Answers in frames, one token each. Throws ServiceError for a refusal; once the stream is open it does not throw. */
export async function answerStream(run: Run): Promise<void> {
  const { directive, generation, exchange, dialect } = run;
  throwRefusal(directive.fault);
  exchange.open({ ...dialect.streamHeaders, 'x-amzn-requestid': generation.requestId });
  if (directive.fault === 'exception-first-frame') {
    exchange.end(exceptionFrame(run));
    return;
  }
  const stop = stopOf(run);
  if (directive.fault === 'silent') {
    await exchange.write(dialect.opening(run.padding));
    return;
  }
  // A reset before the first token comes before the first frame, too: the client sees an empty stream.
  const opening = directive.fault === 'reset' && stop === 0 ? Buffer.alloc(0) : dialect.opening(run.padding);
  const unsent = await sendPieces(run, opening, stop);
  if (unsent !== undefined) endStream(run, unsent);
}

/** How many tokens are sent: all, or those before the fault. */
function stopOf({ directive, answer }: Run): number {
  const length = answer.pieces.length;
  switch (directive.fault) {
    case 'exception-mid-stream':
    case 'torn-frame':
    case 'reset':
      return Math.min(length, directive.after ?? Math.floor(length / 2));
    default:
      return length;
  }
}

/** Frames that are ready at once travel in writes of about this size. */
const WRITE_BYTES = 16 * 1024;

/**
 * Sends the frames of so many tokens, each after its delay, never more than the caller takes. Returns the bytes
 * not yet written, to go with what ends the stream, or undefined where the caller has gone.
 */
async function sendPieces(run: Run, opening: Buffer, count: number): Promise<Buffer | undefined> {
  const { exchange, generation, dialect, padding, delayMs } = run;
  let frames: Buffer[] = [opening];
  let bytes = opening.length;
  let tokens = 0;
  for (const piece of run.answer.pieces.slice(0, count)) {
    if (bytes >= WRITE_BYTES || (delayMs > 0 && bytes > 0)) {
      await exchange.write(Buffer.concat(frames));
      if (exchange.over) return undefined;
      generation.tokensSent += tokens;
      frames = [];
      bytes = 0;
      tokens = 0;
    }
    if (delayMs > 0) await wait(run, delayMs);
    if (exchange.over) return undefined;
    const frame = dialect.delta(piece, padding);
    frames.push(frame);
    bytes += frame.length;
    tokens += 1;
  }
  generation.tokensSent += tokens;
  return Buffer.concat(frames);
}

function endStream(run: Run, unsent: Buffer): void {
  const { directive, exchange } = run;
  if (directive.fault === 'reset') breakOff(run, () => exchange.breakAfter(unsent));
  else exchange.end(Buffer.concat([unsent, lastFrames(run)]));
}

function lastFrames(run: Run): Buffer {
  const { directive, dialect, padding } = run;
  switch (directive.fault) {
    case 'exception-mid-stream':
      return exceptionFrame(run);
    case 'torn-frame':
      return firstHalf(dialect.delta(' torn', padding));
    case 'no-message-stop':
      return dialect.textEnd(padding);
    default:
      return Buffer.concat([dialect.textEnd(padding), dialect.messageEnd(tellOf(run), padding)]);
  }
}

const firstHalf = (frame: Buffer): Buffer => frame.subarray(0, frame.length >> 1);

/** Breaking off is what was asked for, so the generation is finished before the connection is. */
function breakOff({ generation }: Run, breakConnection: () => void): void {
  generation.end('finished');
  breakConnection();
}

function exceptionFrame({ directive }: Run): Buffer {
  const exception = streamExceptionOf(directive);
  return encodeException(exception, EXCEPTION_MESSAGES[exception]);
}

const tellOf = (run: Run): Told => ({
  requestId: run.generation.requestId,
  modelId: run.generation.modelId,
  answer: run.answer,
  inputTokens: run.inputTokens,
  latencyMs: Math.max(0, Math.round(run.clock.now() - run.startedAtMs)),
});

/** Resolves after so many milliseconds, or as soon as the caller has gone. */
async function wait({ clock, exchange }: Run, ms: number): Promise<void> {
  if (ms === 0 || exchange.over) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(ms, resolve);
  exchange.onOver(resolve);
  await promise;
  exchange.offOver(resolve);
  cancel();
}
