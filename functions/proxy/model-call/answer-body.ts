/** The bodies of accepted answers: they say failures in-band, notice a caller that leaves, and settle once. */
import type { ConverseStreamEvent } from '../../../shared/domain/converse.ts';
import type { TokenUsage } from '../../../shared/domain/usage.ts';
import { publicError } from '../../../shared/http/openai-error.ts';
import { type AnswerReading, readerOf } from '../bedrock/answer-reading.ts';
import { StreamReader } from '../bedrock/from-stream.ts';
import { type CallWatch, cutOf, explain } from '../call-watch.ts';
import type { ProxyDependencies } from '../dependencies.ts';
import type { KeyGuard } from '../key-guard.ts';
import { PatientReader, SILENCE } from '../patient-reader.ts';
import type { Ending, Settlement } from '../settlement.ts';
import type { AnswerWriter } from './answer-wire.ts';

type Body = AsyncGenerator<string, void, void>;

/** A call that Bedrock accepted. */
export interface AcceptedCall {
  readonly watch: CallWatch;
  readonly settlement: Settlement;
  readonly keyGuard: Pick<KeyGuard, 'release'>;
}

const PING_PERIOD_MS = 15_000;

/** A streamed answer: one text for each read from Bedrock, a comment for each 15 s without one. */
export function streamedBody(
  deps: Pick<ProxyDependencies, 'clock' | 'timer'>,
  of: AcceptedCall & {
    readonly source: AsyncIterable<readonly ConverseStreamEvent[]>;
    readonly reading: AnswerReading;
    readonly writer: AnswerWriter;
  },
): Body {
  // A generator that waits for a slow caller hears of no cut, and after a deadline nobody could settle any more.
  const onEnd = () => {
    const cut = cutOf(of.watch);
    if (cut === undefined) return;
    void of.settlement.settle({ outcome: 'failed', error: cut.code, usage: of.writer.end.usage });
  };
  of.watch.signal.addEventListener('abort', onEnd, { once: true });
  return leavable(streamedTexts(deps, of), { ...of, usage: undefined });
}

/** A whole answer, written before the status line so that its failures had theirs. */
export function wholeBody(
  of: AcceptedCall & { readonly text: string; readonly usage: TokenUsage | undefined },
): Body {
  return leavable(wholeText(of), of);
}

async function* streamedTexts(
  deps: Pick<ProxyDependencies, 'clock' | 'timer'>,
  of: Parameters<typeof streamedBody>[1],
): Body {
  const { watch, writer } = of;
  // What holds where the caller leaves: a generator that is returned runs nothing but its `finally`.
  let ending: Omit<Ending, 'usage'> = { outcome: 'abandoned' };
  const reader = new PatientReader(deps, {
    source: of.source,
    periodMs: PING_PERIOD_MS,
    signal: watch.signal,
  });
  const stream = new StreamReader();
  const format = readerOf(of.reading);
  try {
    for (;;) {
      const read = await reader.next();
      if (read === SILENCE) {
        yield writer.ping;
        continue;
      }
      if (read.done === true) break;
      const text = writer.write(format.read(stream.read(read.value)));
      if (text !== '') yield text;
    }
    const last = writer.finish();
    of.keyGuard.release();
    ending = { outcome: 'completed' };
    yield last;
  } catch (error) {
    if (watch.endedBy() === 'hung-up') return;
    const explained = explain(watch, error);
    ending = { outcome: 'failed', error: publicError(explained).code, cause: explained };
    yield writer.fail(explained);
  } finally {
    reader.stop();
    watch.end('over');
    await of.settlement.settle({ ...ending, usage: writer.end.usage });
  }
}

async function* wholeText(of: Parameters<typeof wholeBody>[0]): Body {
  try {
    yield of.text;
  } finally {
    of.watch.end('over');
    await of.settlement.settle({ outcome: 'completed', usage: of.usage });
  }
}

/**
 * A generator that waits for Bedrock hears of its own return only when Bedrock speaks again, and one that never
 * began runs no `finally`. So the return is taken here first: it ends the call at once and settles what did not.
 * A host that gives up with an error (node:stream does) means the same.
 */
function leavable(body: Body, of: AcceptedCall & { readonly usage: TokenUsage | undefined }): Body {
  const leave = async (): Promise<IteratorResult<string, void>> => {
    of.watch.end('hung-up');
    const result = await body.return();
    await of.settlement.settle({ outcome: 'abandoned', usage: of.usage });
    return { ...result, done: true, value: undefined };
  };
  const left: Body = {
    next: () => body.next(),
    return: leave,
    throw: leave,
    [Symbol.asyncIterator]: () => left,
    [Symbol.asyncDispose]: async () => {
      await leave();
    },
  };
  return left;
}
