/** A whole answer as the stream that it would have been, for models that stream no answer to a request with tools. */
import type {
  ConverseAnswer,
  ConverseContent,
  ConverseStreamEvent,
  ConverseStreamPayload,
} from '../../../shared/domain/converse.ts';

export async function* asStream(
  answer: ConverseAnswer,
): AsyncGenerator<readonly ConverseStreamEvent[], void, void> {
  yield eventsOf(answer);
}

function eventsOf(answer: ConverseAnswer): readonly ConverseStreamEvent[] {
  const { output, stopReason, usage, serviceTier, additionalModelResponseFields } = answer;
  const blocks = (output?.message?.content ?? []).flatMap(blockEvents);
  return [
    { kind: 'messageStart', payload: {} },
    ...blocks,
    // Without a reason the answer has not ended, whole or streamed.
    ...(stopReason === undefined
      ? []
      : [{ kind: 'messageStop', payload: { stopReason, additionalModelResponseFields } }]),
    {
      kind: 'metadata',
      payload: { ...(usage !== undefined && { usage }), ...(serviceTier !== undefined && { serviceTier }) },
    },
  ];
}

type Delta = NonNullable<ConverseStreamPayload['delta']>;

function blockEvents(content: ConverseContent, contentBlockIndex: number): readonly ConverseStreamEvent[] {
  const { toolUse } = content;
  const deltas = deltasOf(content).map((delta) => ({
    kind: 'contentBlockDelta',
    payload: { contentBlockIndex, delta },
  }));
  const { toolUseId, name } = toolUse ?? {};
  const start =
    toolUseId === undefined || name === undefined
      ? []
      : [
          {
            kind: 'contentBlockStart',
            payload: { contentBlockIndex, start: { toolUse: { toolUseId, name } } },
          },
        ];
  return [...start, ...deltas, { kind: 'contentBlockStop', payload: { contentBlockIndex } }];
}

function deltasOf({ text, toolUse, reasoningContent, citationsContent }: ConverseContent): readonly Delta[] {
  const texts = [text, ...(citationsContent?.content ?? []).map((part) => part.text)];
  const thought = reasoningContent?.reasoningText;
  const redactedContent = reasoningContent?.redactedContent;
  return [
    ...texts.flatMap((one): readonly Delta[] => (one === undefined ? [] : [{ text: one }])),
    ...(thought?.text === undefined ? [] : [{ reasoningContent: { text: thought.text } }]),
    ...(thought?.signature === undefined ? [] : [{ reasoningContent: { signature: thought.signature } }]),
    ...(redactedContent === undefined ? [] : [{ reasoningContent: { redactedContent } }]),
    ...(toolUse === undefined ? [] : [{ toolUse: { input: JSON.stringify(toolUse.input ?? {}) } }]),
  ];
}
