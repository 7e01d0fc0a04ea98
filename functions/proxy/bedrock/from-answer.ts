import type { ConverseAnswer } from '../../../shared/domain/converse.ts';
import type { ModelEvent } from '../../../shared/domain/model-event.ts';
import { stopReasonOf } from './stop-reason.ts';
import { tokenUsageOf } from './token-usage.ts';

/** A whole answer as the events its stream would have had. Without a stop reason there is no message-stop. */
export function fromAnswer(answer: ConverseAnswer): readonly ModelEvent[] {
  const events: ModelEvent[] = [{ type: 'message-start' }];
  for (const { text } of answer.output?.message?.content ?? []) {
    if (typeof text === 'string' && text !== '') events.push({ type: 'text-delta', text });
  }
  if (typeof answer.stopReason === 'string') {
    events.push({ type: 'message-stop', reason: stopReasonOf(answer.stopReason) });
  }
  const usage = tokenUsageOf(answer.usage);
  if (usage !== undefined) events.push({ type: 'usage', usage });
  return events;
}
