/** Runs one generation: composes the answer, sends it in its dialect, and makes the fault that was asked for. */
import { type Answer, composeAnswer, outputTokens } from './answer.ts';
import type { EmulatorClock } from './clock.ts';
import type { BlockAt, Dialect, Facts, Padding, Told } from './dialect.ts';
import { type Directive, readDirective } from './directive.ts';
import type { Exchange } from './exchange.ts';
import { EXCEPTION_MESSAGES, streamExceptionOf, throwException, throwRefusal } from './fault.ts';
import type { RunningGeneration } from './generation.ts';
import type { Prompt } from './prompt.ts';

/** One call, ready to be answered. */
export interface Run {
  readonly exchange: Exchange;
  readonly generation: RunningGeneration;
  readonly dialect: Dialect;
  readonly facts: Facts;
  readonly delayMs: number;
  readonly clock: EmulatorClock;
  readonly padding: Padding;
}

/** What to say, from a prompt and the directive in it. */
export function planAnswer(prompt: Prompt): { readonly directive: Directive; readonly answer: Answer } {
  const { directive, rest } = readDirective(prompt.lastUserText);
  return { directive, answer: composeAnswer(prompt, { directive, text: rest }) };
}

/** Answers in one JSON document, after the time that its tokens take. Throws ServiceError for a refusal. */
export async function answerWhole(run: Run): Promise<void> {
  const { generation, exchange, dialect } = run;
  const { directive, answer } = run.facts;
  throwRefusal(directive.fault);
  if (directive.fault === 'silent') return;
  const tokens = outputTokens(answer);
  await wait(run, run.delayMs * tokens);
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
  generation.tokensSent = tokens;
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
  const { generation, exchange, dialect } = run;
  const { directive } = run.facts;
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
  const unsent = await sendBlocks(run, opening, stop);
  if (unsent !== undefined) endStream(run, unsent);
}

/** How many tokens are sent: all, or those before the fault. */
function stopOf({ facts: { directive, answer } }: Run): number {
  switch (directive.fault) {
    case 'exception-mid-stream':
    case 'torn-frame':
    case 'reset': {
      const length = outputTokens(answer);
      return Math.min(length, directive.after ?? Math.floor(length / 2));
    }
    default:
      return Number.POSITIVE_INFINITY;
  }
}

/** Something to send: a token, or what stands around tokens and costs nothing. */
interface Step {
  readonly frame: Buffer;
  readonly tokens: 0 | 1;
}

/** All frames of the blocks in order, up to so many tokens; a fault ends them in the middle of a block. */
function* stepsOf({ facts, dialect, padding }: Run, tokensMax: number): Generator<Step> {
  if (tokensMax === 0) return;
  let tokens = 0;
  for (const [index, block] of facts.answer.blocks.entries()) {
    const at: BlockAt = { block, index };
    yield { frame: dialect.blockStart(at, padding), tokens: 0 };
    for (const piece of block.pieces) {
      if (tokens >= tokensMax) return;
      const cost = piece === '' ? 0 : 1;
      tokens += cost;
      yield { frame: dialect.delta(piece, at, padding), tokens: cost };
    }
    if (tokens >= tokensMax) return;
    yield { frame: dialect.blockEnd(at, padding), tokens: 0 };
  }
}

/** Frames that are ready at once travel in writes of about this size. */
const WRITE_BYTES = 16 * 1024;

/**
 * Sends the frames of so many tokens, each after its delay, never more than the caller takes. Returns the bytes
 * not yet written, to go with what ends the stream, or undefined where the caller has gone.
 */
async function sendBlocks(run: Run, opening: Buffer, tokensMax: number): Promise<Buffer | undefined> {
  const { exchange, generation, delayMs } = run;
  let frames: Buffer[] = [opening];
  let bytes = opening.length;
  let unsent = 0;
  for (const { frame, tokens } of stepsOf(run, tokensMax)) {
    if (bytes >= WRITE_BYTES || (delayMs > 0 && tokens > 0 && bytes > 0)) {
      await exchange.write(Buffer.concat(frames));
      if (exchange.over) return undefined;
      generation.tokensSent += unsent;
      frames = [];
      bytes = 0;
      unsent = 0;
    }
    if (delayMs > 0 && tokens > 0) await wait(run, delayMs);
    if (exchange.over) return undefined;
    frames.push(frame);
    bytes += frame.length;
    unsent += tokens;
  }
  generation.tokensSent += unsent;
  return Buffer.concat(frames);
}

function endStream(run: Run, unsent: Buffer): void {
  const { facts, exchange } = run;
  if (facts.directive.fault === 'reset') breakOff(run, () => exchange.breakAfter(unsent));
  else exchange.end(Buffer.concat([unsent, lastFrames(run)]));
}

function lastFrames(run: Run): Buffer {
  const { facts, dialect, padding } = run;
  switch (facts.directive.fault) {
    case 'exception-mid-stream':
      return exceptionFrame(run);
    case 'torn-frame':
      return firstHalf(dialect.delta(' torn', TORN, padding));
    case 'no-message-stop':
      return Buffer.alloc(0);
    default:
      return dialect.messageEnd(tellOf(run), padding);
  }
}

const TORN: BlockAt = { block: { kind: 'text', pieces: [] }, index: 0 };
const firstHalf = (frame: Buffer): Buffer => frame.subarray(0, frame.length >> 1);

/** Breaking off is what was asked for, so the generation is finished before the connection is. */
function breakOff({ generation }: Run, breakConnection: () => void): void {
  generation.end('finished');
  breakConnection();
}

function exceptionFrame({ facts, dialect }: Run): Buffer {
  const exception = streamExceptionOf(facts.directive);
  return dialect.exception(exception, EXCEPTION_MESSAGES[exception]);
}

const tellOf = ({ facts, clock }: Run): Told => ({
  ...facts,
  latencyMs: Math.max(0, Math.round(clock.now() - facts.receivedAtMs)),
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
