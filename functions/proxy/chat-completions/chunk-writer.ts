/** A model's events as the chunks of a streamed chat completion. */
import type { ModelEvent } from '../../../shared/domain/model-event.ts';
import type { ServiceTier } from '../../../shared/domain/price.ts';
import { SSE_DATA, SSE_DONE, SSE_END, SSE_PING, sseError } from '../../../shared/http/sse.ts';
import { AnswerEnd } from '../model-call/answer-end.ts';
import type { AnswerFacts, AnswerWriter } from '../model-call/answer-wire.ts';
import { wireUsage } from '../wire/completion-usage.ts';
import { wireServiceTier } from '../wire/service-tier.ts';
import { identityOf } from './answer-fields.ts';
import { Thoughts } from './thoughts.ts';

const ROLE_DELTA = '{"role":"assistant","content":"","refusal":null}';

/**
 * Writes the chunks of one answer. Its state is how the answer has gone so far. The JSON around what a chunk says is the
 * same in every chunk of its kind, so it is made once a stream and only the rest is stringified for each.
 */
export class ChunkWriter implements AnswerWriter {
  readonly end = new AnswerEnd();
  readonly ping = SSE_PING;
  #opened = false;
  #tier: ServiceTier | undefined;
  readonly #thoughts = new Thoughts();
  /** Everything up to the object in `delta`, and everything after it. */
  readonly #head: string;
  readonly #tail: string;
  readonly #textHead: string;
  readonly #textTail: string;
  readonly #thoughtHead: string;
  readonly #callHead: string;
  readonly #callTail: string;
  /** The chunks that end an answer say more, so they are made when it is known what. */
  readonly #common: string;
  readonly #facts: AnswerFacts;
  readonly #includeUsage: boolean;

  constructor(facts: AnswerFacts, { includeUsage }: { readonly includeUsage: boolean }) {
    const common = { ...identityOf(facts), object: 'chat.completion.chunk' };
    this.#facts = facts;
    this.#includeUsage = includeUsage;
    this.#common = `${SSE_DATA}${JSON.stringify(common).slice(0, -1)}`;
    this.#head = `${this.#common},"choices":[{"index":0,"delta":`;
    this.#tail = `,"logprobs":null,"finish_reason":null}]${includeUsage ? ',"usage":null' : ''}}${SSE_END}`;
    this.#textHead = `${this.#head}{"content":`;
    this.#textTail = `}${this.#tail}`;
    this.#thoughtHead = `${this.#head}{"reasoning_content":`;
    this.#callHead = `${this.#head}{"tool_calls":[{"index":`;
    this.#callTail = `}}]}${this.#tail}`;
  }

  /** The chunks of one batch as one text; empty where the batch has nothing for the caller. */
  write(batch: readonly ModelEvent[]): string {
    let text = '';
    for (const event of batch) {
      this.end.observe(event);
      const chunk = this.#chunk(event);
      if (chunk === undefined) continue;
      text += this.#opened ? chunk : this.#open() + chunk;
    }
    return text;
  }

  /** What one event is on the wire; undefined where it begins nothing and says nothing. */
  #chunk(event: ModelEvent): string | undefined {
    switch (event.type) {
      case 'text-delta':
        return this.#textHead + JSON.stringify(event.text) + this.#textTail;
      case 'message-start':
        return '';
      case 'tool-call-delta':
        return `${this.#callHead}${event.call},"function":{"arguments":${JSON.stringify(event.json)}${this.#callTail}`;
      case 'tool-call-start': {
        const { call, id, name } = event;
        const begun = `"id":${JSON.stringify(id)},"type":"function","function":{"name":${JSON.stringify(name)}`;
        return `${this.#callHead}${call},${begun},"arguments":""${this.#callTail}`;
      }
      case 'reasoning-delta':
        this.#thoughts.observe(event);
        return this.#thoughtHead + JSON.stringify(event.text) + this.#textTail;
      case 'service-tier':
        this.#tier = event.serviceTier;
        return undefined;
      default:
        this.#thoughts.observe(event);
        return undefined;
    }
  }

  /** The chunks that end a successful answer. Throws GatewayError where it was none. */
  finish(): string {
    const reason = this.end.finishReason();
    const opening = this.#opened ? '' : this.#open();
    const choice = `{"index":0,"delta":{},"logprobs":null,"finish_reason":"${reason}"}`;
    const tier = this.#tier === undefined ? '' : `,"service_tier":"${wireServiceTier(this.#tier)}"`;
    const head = `${this.#common}${tier},"choices":[`;
    const usage = this.#includeUsage ? ',"usage":null' : '';
    const last = `${head}${choice}]${usage}}${SSE_END}`;
    return `${opening}${this.#signedThoughts()}${last}${this.#usageChunk(head)}${SSE_DONE}`;
  }

  fail(error: unknown): string {
    return sseError(error);
  }

  #open(): string {
    this.#opened = true;
    return `${this.#head}${ROLE_DELTA}${this.#tail}`;
  }

  /** Once, and whole: clients put the pieces of a field they do not know together each in their own way. */
  #signedThoughts(): string {
    const signed = this.#thoughts.signed();
    if (signed.thinking_blocks === undefined) return '';
    return `${this.#head}${JSON.stringify(signed)}${this.#tail}`;
  }

  #usageChunk(head: string): string {
    const { usage } = this.end;
    if (!this.#includeUsage || usage === undefined) return '';
    return `${head}],"usage":${JSON.stringify(wireUsage(usage, this.#facts.cost?.(usage)))}}${SSE_END}`;
  }
}
