/** A model's events as one `chat.completion`. */
import type { ModelEvent } from '../../../shared/domain/model-event.ts';
import type { ServiceTier } from '../../../shared/domain/price.ts';
import { AnswerEnd } from '../model-call/answer-end.ts';
import type { AnswerFacts } from '../model-call/answer-wire.ts';
import { wireUsage } from '../wire/completion-usage.ts';
import { wireServiceTier } from '../wire/service-tier.ts';
import { identityOf } from './answer-fields.ts';
import { Thoughts } from './thoughts.ts';

/** A whole answer as JSON text. Throws GatewayError where the events are not those of a finished answer. */
export function writeCompletion(facts: AnswerFacts, events: readonly ModelEvent[]): string {
  const answer = gathered(events);
  const { end } = answer;
  const finishReason = end.finishReason();
  const { id, created, model } = identityOf(facts);
  return JSON.stringify({
    id,
    object: 'chat.completion',
    created,
    model,
    ...(answer.tier !== undefined && { service_tier: wireServiceTier(answer.tier) }),
    choices: [{ index: 0, message: messageOf(answer), logprobs: null, finish_reason: finishReason }],
    ...(end.usage !== undefined && { usage: wireUsage(end.usage, facts.cost?.(end.usage)) }),
  });
}

interface Call {
  readonly id: string;
  readonly name: string;
  arguments: string;
}

interface Answer {
  readonly end: AnswerEnd;
  readonly thoughts: Thoughts;
  readonly text: string;
  readonly calls: readonly Call[];
  readonly tier: ServiceTier | undefined;
}

function gathered(events: readonly ModelEvent[]): Answer {
  const end = new AnswerEnd();
  const thoughts = new Thoughts();
  const calls: Call[] = [];
  let text = '';
  let tier: ServiceTier | undefined;
  for (const event of events) {
    end.observe(event);
    thoughts.observe(event);
    if (event.type === 'text-delta') text += event.text;
    else if (event.type === 'tool-call-start') calls.push({ id: event.id, name: event.name, arguments: '' });
    else if (event.type === 'service-tier') tier = event.serviceTier;
    else if (event.type === 'tool-call-delta') {
      const call = calls[event.call];
      if (call !== undefined) call.arguments += event.json;
    }
  }
  return { end, thoughts, text, calls, tier };
}

const messageOf = ({ end, text, calls, thoughts }: Answer): object => ({
  role: 'assistant',
  content: end.hasText ? text : null,
  refusal: null,
  ...(thoughts.text !== '' && { reasoning_content: thoughts.text }),
  ...thoughts.signed(),
  ...(calls.length > 0 && {
    tool_calls: calls.map(({ id, name, arguments: text }) => ({
      id,
      type: 'function',
      function: { name, arguments: text },
    })),
  }),
});
