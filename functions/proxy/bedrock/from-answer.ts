import type { ConverseAnswer, ConverseContent } from '../../../shared/domain/converse.ts';
import type { ModelEvent } from '../../../shared/domain/model-event.ts';
import { serviceTierOf } from './service-tier.ts';
import { stopReasonOf, stopSequenceOf } from './stop-reason.ts';
import { tokenUsageOf } from './token-usage.ts';

/** A whole answer as the events its stream would have had. Without a stop reason there is no message-stop. */
export function fromAnswer(answer: ConverseAnswer): readonly ModelEvent[] {
  const events: ModelEvent[] = [{ type: 'message-start' }];
  let calls = 0;
  for (const content of answer.output?.message?.content ?? []) {
    const block = eventsOf(content, calls);
    if (block.some(({ type }) => type === 'tool-call-start')) calls += 1;
    events.push(...block);
  }
  if (typeof answer.stopReason === 'string') {
    events.push({
      type: 'message-stop',
      reason: stopReasonOf(answer.stopReason),
      ...stopSequenceOf(answer.additionalModelResponseFields),
    });
  }
  const serviceTier = serviceTierOf(answer.serviceTier?.type);
  if (serviceTier !== undefined) events.push({ type: 'service-tier', serviceTier });
  const usage = tokenUsageOf(answer.usage);
  if (usage !== undefined) events.push({ type: 'usage', usage });
  return events;
}

function eventsOf(content: ConverseContent, call: number): readonly ModelEvent[] {
  const { text, toolUse, reasoningContent, citationsContent } = content;
  const cited = (citationsContent?.content ?? []).map((part) => part.text);
  const texts = [text, ...cited].filter(isText).map((one): ModelEvent => ({ type: 'text-delta', text: one }));
  return [...texts, ...reasoningOf(reasoningContent), ...callOf(toolUse, call)];
}

function reasoningOf(reasoning: ConverseContent['reasoningContent']): readonly ModelEvent[] {
  const { text, signature } = reasoning?.reasoningText ?? {};
  const redacted = reasoning?.redactedContent;
  return [
    ...(isText(text) ? [{ type: 'reasoning-delta', text } as const] : []),
    ...(isText(signature) ? [{ type: 'reasoning-signature', signature } as const] : []),
    ...(isText(redacted) ? [{ type: 'redacted-reasoning', base64: redacted } as const] : []),
  ];
}

function callOf(toolUse: ConverseContent['toolUse'], call: number): readonly ModelEvent[] {
  const { toolUseId: id, name, input } = toolUse ?? {};
  if (typeof id !== 'string' || typeof name !== 'string') return [];
  return [
    { type: 'tool-call-start', call, id, name },
    { type: 'tool-call-delta', call, json: JSON.stringify(input ?? {}) },
    { type: 'tool-call-stop', call },
  ];
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
