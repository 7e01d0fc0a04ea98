/** A model's events as OpenAI's chat completion: chunks while they come, or one object. */
import type { ModelEvent } from '../../../shared/domain/model-event.ts';
import type { NanoUsd } from '../../../shared/domain/money.ts';
import type { TokenUsage } from '../../../shared/domain/usage.ts';
import { SSE_DATA, SSE_DONE, SSE_END, SSE_PING, sseError } from '../../../shared/http/sse.ts';
import { AnswerEnd } from '../model-call/answer-end.ts';
import type { AnswerFacts, AnswerWire, AnswerWriter } from '../model-call/answer-wire.ts';
import type { AnswerCost } from '../told-cost.ts';

/** How chat completions are answered. */
export const chatWire = (options: { readonly includeUsage: boolean }): AnswerWire => ({
  streamed: (facts) => new ChunkWriter(identityOf(facts), { ...options, cost: facts.cost }),
  whole: (facts, events) => writeCompletion(identityOf(facts), { events, cost: facts.cost }),
});

const identityOf = ({ requestId, created, command }: AnswerFacts): AnswerIdentity => ({
  id: `chatcmpl-${requestId}`,
  created,
  model: command.requestedModel,
});

/** What every chunk of an answer repeats. */
interface AnswerIdentity {
  /** `chatcmpl-…`. */
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  /** The model as the caller named it. */
  readonly model: string;
}

/**
 * Writes the chunks of one answer. Its state is how the answer has gone so far. The JSON around a text is the
 * same in every chunk, so it is made once a stream and only the text is stringified for each.
 */
class ChunkWriter implements AnswerWriter {
  readonly end = new AnswerEnd();
  readonly ping = SSE_PING;
  #opened = false;
  readonly #head: string;
  readonly #textHead: string;
  readonly #textTail: string;
  readonly #tail: string;
  readonly #includeUsage: boolean;
  readonly #cost: AnswerCost | undefined;

  constructor(
    identity: AnswerIdentity,
    options: { readonly includeUsage: boolean; readonly cost?: AnswerCost | undefined },
  ) {
    const common = JSON.stringify({ ...identity, object: 'chat.completion.chunk' }).slice(0, -1);
    this.#includeUsage = options.includeUsage;
    this.#cost = options.cost;
    this.#head = `${SSE_DATA}${common},"choices":[`;
    this.#tail = `]${options.includeUsage ? ',"usage":null' : ''}}${SSE_END}`;
    this.#textHead = `${this.#head}{"index":0,"delta":{"content":`;
    this.#textTail = `},"logprobs":null,"finish_reason":null}${this.#tail}`;
  }

  /** The chunks of one batch as one text; empty where the batch has nothing for the caller. */
  write(batch: readonly ModelEvent[]): string {
    let text = '';
    for (const event of batch) {
      this.end.observe(event);
      if (event.type !== 'text-delta' && event.type !== 'message-start') continue;
      if (!this.#opened) text += this.#open();
      if (event.type === 'text-delta') text += this.#textHead + JSON.stringify(event.text) + this.#textTail;
    }
    return text;
  }

  /** The chunks that end a successful answer. Throws GatewayError where it was none. */
  finish(): string {
    const reason = this.end.finishReason();
    const opening = this.#opened ? '' : this.#open();
    const choice = `{"index":0,"delta":{},"logprobs":null,"finish_reason":"${reason}"}`;
    return `${opening}${this.#head}${choice}${this.#tail}${this.#usageChunk()}${SSE_DONE}`;
  }

  fail(error: unknown): string {
    return sseError(error);
  }

  #open(): string {
    this.#opened = true;
    const delta = '{"role":"assistant","content":"","refusal":null}';
    return `${this.#head}{"index":0,"delta":${delta},"logprobs":null,"finish_reason":null}${this.#tail}`;
  }

  #usageChunk(): string {
    const { usage } = this.end;
    if (!this.#includeUsage || usage === undefined) return '';
    return `${this.#head}],"usage":${JSON.stringify(wireUsage(usage, this.#cost?.(usage)))}}${SSE_END}`;
  }
}

/** A whole answer as JSON text. Throws GatewayError where the events are not those of a finished answer. */
function writeCompletion(
  identity: AnswerIdentity,
  of: { readonly events: readonly ModelEvent[]; readonly cost?: AnswerCost | undefined },
): string {
  const end = new AnswerEnd();
  let content = '';
  for (const event of of.events) {
    end.observe(event);
    if (event.type === 'text-delta') content += event.text;
  }
  const finishReason = end.finishReason();
  const message = { role: 'assistant', content: end.hasText ? content : null, refusal: null };
  return JSON.stringify({
    id: identity.id,
    object: 'chat.completion',
    created: identity.created,
    model: identity.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    ...(end.usage !== undefined && { usage: wireUsage(end.usage, of.cost?.(end.usage)) }),
  });
}

/**
 * OpenAI counts what came from or went into a prompt cache among the prompt's tokens; Bedrock does not. `cost`, in USD,
 * is our addition: the double nearest to the amount, whose shortest notation is the amount itself.
 */
function wireUsage(usage: TokenUsage, nanoUsd: NanoUsd | undefined): object {
  const promptTokens = usage.input + usage.cacheRead + usage.cacheWrite;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: usage.output,
    total_tokens: promptTokens + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead, cache_write_tokens: usage.cacheWrite },
    ...(nanoUsd !== undefined && { cost: nanoUsd / 1e9 }),
  };
}
