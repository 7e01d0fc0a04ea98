import type { ConverseStreamEvent, ConverseStreamPayload } from '../../../shared/domain/converse.ts';
import type { ModelEvent } from '../../../shared/domain/model-event.ts';
import { serviceTierOf } from './service-tier.ts';
import { stopReasonOf, stopSequenceOf } from './stop-reason.ts';
import { tokenUsageOf } from './token-usage.ts';

interface OpenCall {
  readonly call: number;
  /** Whether its arguments have begun: a call without any has an empty object. */
  begun: boolean;
}

/**
 * Reads one stream of Converse in our terms, in its order. Its state is which content blocks are tool calls: Bedrock
 * counts all blocks, our events the calls alone. Kinds that carry nothing of the answer are left out.
 */
export class StreamReader {
  readonly #calls = new Map<number, OpenCall>();
  #callsSeen = 0;

  /** One read's events. */
  read(batch: readonly ConverseStreamEvent[]): readonly ModelEvent[] {
    const events: ModelEvent[] = [];
    for (const event of batch) this.#translate(event, events);
    return events;
  }

  #translate({ kind, payload }: ConverseStreamEvent, events: ModelEvent[]): void {
    switch (kind) {
      case 'messageStart':
        events.push({ type: 'message-start' });
        return;
      case 'contentBlockStart':
        this.#start(payload, events);
        return;
      case 'contentBlockDelta':
        this.#delta(payload, events);
        return;
      case 'contentBlockStop':
        this.#stop(payload.contentBlockIndex, events);
        return;
      case 'messageStop':
        for (const index of [...this.#calls.keys()]) this.#stop(index, events);
        events.push({
          type: 'message-stop',
          reason: stopReasonOf(payload.stopReason),
          ...stopSequenceOf(payload.additionalModelResponseFields),
        });
        return;
      case 'metadata':
        this.#metadata(payload, events);
        return;
      default:
        // Whatever is added to the service: nothing of the answer that we know.
        return;
    }
  }

  #start({ contentBlockIndex = -1, start }: ConverseStreamPayload, events: ModelEvent[]): void {
    const { toolUseId, name } = start?.toolUse ?? {};
    if (typeof toolUseId !== 'string' || typeof name !== 'string') return;
    // A block that begins anew has ended, whether or not that was said.
    this.#stop(contentBlockIndex, events);
    const call = this.#callsSeen;
    this.#callsSeen += 1;
    this.#calls.set(contentBlockIndex, { call, begun: false });
    events.push({ type: 'tool-call-start', call, id: toolUseId, name });
  }

  #delta({ contentBlockIndex = -1, delta }: ConverseStreamPayload, events: ModelEvent[]): void {
    if (isText(delta?.text)) events.push({ type: 'text-delta', text: delta.text });
    const reasoning = delta?.reasoningContent;
    if (isText(reasoning?.text)) events.push({ type: 'reasoning-delta', text: reasoning.text });
    if (isText(reasoning?.signature)) {
      events.push({ type: 'reasoning-signature', signature: reasoning.signature });
    }
    if (isText(reasoning?.redactedContent)) {
      events.push({ type: 'redacted-reasoning', base64: reasoning.redactedContent });
    }
    const open = this.#calls.get(contentBlockIndex);
    if (open === undefined || !isText(delta?.toolUse?.input)) return;
    open.begun = true;
    events.push({ type: 'tool-call-delta', call: open.call, json: delta.toolUse.input });
  }

  #stop(index: number | undefined, events: ModelEvent[]): void {
    const open = index === undefined ? undefined : this.#calls.get(index);
    if (index === undefined || open === undefined) return;
    this.#calls.delete(index);
    if (!open.begun) events.push({ type: 'tool-call-delta', call: open.call, json: '{}' });
    events.push({ type: 'tool-call-stop', call: open.call });
  }

  #metadata({ usage, serviceTier }: ConverseStreamPayload, events: ModelEvent[]): void {
    const tier = serviceTierOf(serviceTier?.type);
    if (tier !== undefined) events.push({ type: 'service-tier', serviceTier: tier });
    const used = tokenUsageOf(usage);
    if (used !== undefined) events.push({ type: 'usage', usage: used });
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
