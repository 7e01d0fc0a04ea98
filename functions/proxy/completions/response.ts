/** A model's events as OpenAI's legacy completion: chunks while they come, or one object. */
import type { ModelEvent } from '../../../shared/domain/model-event.ts';
import { SSE_DATA, SSE_DONE, SSE_END, SSE_PING, sseError } from '../../../shared/http/sse.ts';
import { AnswerEnd } from '../model-call/answer-end.ts';
import type { AnswerFacts, AnswerWire, AnswerWriter } from '../model-call/answer-wire.ts';
import { wireUsage } from '../wire/completion-usage.ts';

/** How legacy completions are answered. */
export const completionWire = (options: { readonly includeUsage: boolean }): AnswerWire => ({
  streamed: (facts) => new CompletionWriter(facts, options),
  whole: writeCompletion,
});

/** What chunks and whole answers begin with; both are `text_completion`. */
const headOf = ({ requestId, created, command }: AnswerFacts): object => ({
  id: `cmpl-${requestId}`,
  object: 'text_completion',
  created,
  model: command.requestedModel,
});

/** OpenAI's legacy completions have fewer reasons: without tools, a call of one is no reason of its own. */
function finishReason(end: AnswerEnd): 'stop' | 'length' | 'content_filter' {
  const reason = end.finishReason();
  return reason === 'tool_calls' ? 'stop' : reason;
}

/** Writes the chunks of one answer. Its state is how the answer has gone so far. */
class CompletionWriter implements AnswerWriter {
  readonly end = new AnswerEnd();
  readonly ping = SSE_PING;
  readonly #facts: AnswerFacts;
  readonly #includeUsage: boolean;
  /** The JSON around a text is the same in every chunk, so it is made once a stream. */
  readonly #head: string;
  readonly #tail: string;

  constructor(facts: AnswerFacts, { includeUsage }: { readonly includeUsage: boolean }) {
    this.#facts = facts;
    this.#includeUsage = includeUsage;
    this.#head = `${SSE_DATA}${JSON.stringify(headOf(facts)).slice(0, -1)},"choices":[`;
    this.#tail = `]${includeUsage ? ',"usage":null' : ''}}${SSE_END}`;
  }

  write(batch: readonly ModelEvent[]): string {
    let text = '';
    for (const event of batch) {
      this.end.observe(event);
      if (event.type === 'text-delta') text += this.#chunk(JSON.stringify(event.text), 'null');
    }
    return text;
  }

  finish(): string {
    const last = this.#chunk('""', `"${finishReason(this.end)}"`);
    return `${last}${this.#usageChunk()}${SSE_DONE}`;
  }

  fail(error: unknown): string {
    return sseError(error);
  }

  #chunk(text: string, reason: string): string {
    return `${this.#head}{"text":${text},"index":0,"logprobs":null,"finish_reason":${reason}}${this.#tail}`;
  }

  #usageChunk(): string {
    const { usage } = this.end;
    if (!this.#includeUsage || usage === undefined) return '';
    const told = wireUsage(usage, this.#facts.cost?.(usage));
    return `${this.#head}],"usage":${JSON.stringify(told)}}${SSE_END}`;
  }
}

/** A whole answer as JSON text. Throws GatewayError where the events are not those of a finished answer. */
function writeCompletion(facts: AnswerFacts, events: readonly ModelEvent[]): string {
  const end = new AnswerEnd();
  let text = '';
  for (const event of events) {
    end.observe(event);
    if (event.type === 'text-delta') text += event.text;
  }
  return JSON.stringify({
    ...headOf(facts),
    choices: [{ text, index: 0, logprobs: null, finish_reason: finishReason(end) }],
    ...(end.usage !== undefined && { usage: wireUsage(end.usage, facts.cost?.(end.usage)) }),
  });
}
