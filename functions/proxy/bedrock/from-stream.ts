import type { ConverseStreamEvent } from '../../../shared/domain/converse.ts';
import type { ModelEvent } from '../../../shared/domain/model-event.ts';
import { stopReasonOf } from './stop-reason.ts';
import { tokenUsageOf } from './token-usage.ts';

/** One read's events of ConverseStream in our terms, in their order; kinds that carry no text are left out. */
export function fromStreamBatch(batch: readonly ConverseStreamEvent[]): readonly ModelEvent[] {
  const events: ModelEvent[] = [];
  for (const event of batch) {
    const translated = fromStreamEvent(event);
    if (translated !== undefined) events.push(translated);
  }
  return events;
}

function fromStreamEvent({ kind, payload }: ConverseStreamEvent): ModelEvent | undefined {
  switch (kind) {
    case 'messageStart':
      return { type: 'message-start' };
    case 'contentBlockDelta': {
      const text = payload.delta?.text;
      return typeof text === 'string' && text !== '' ? { type: 'text-delta', text } : undefined;
    }
    case 'messageStop':
      return { type: 'message-stop', reason: stopReasonOf(payload.stopReason) };
    case 'metadata': {
      const usage = tokenUsageOf(payload.usage);
      return usage === undefined ? undefined : { type: 'usage', usage };
    }
    default:
      // contentBlockStart, contentBlockStop and whatever is added to the service: nothing of the answer's text.
      return undefined;
  }
}
