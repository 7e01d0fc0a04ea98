import fc from 'fast-check';
import { asStream } from '../../../../functions/proxy/bedrock/as-stream.ts';
import { fromAnswer } from '../../../../functions/proxy/bedrock/from-answer.ts';
import { StreamReader } from '../../../../functions/proxy/bedrock/from-stream.ts';
import type { ConverseAnswer, ConverseContent } from '../../../../shared/domain/converse.ts';
import { collect } from '../../../support/proxy-fixture.ts';

const words = fc.string({ maxLength: 8 });
const content: fc.Arbitrary<ConverseContent> = fc.oneof(
  words.map((text) => ({ text })),
  fc
    .record({ text: words, signature: words })
    .map((reasoningText) => ({ reasoningContent: { reasoningText } })),
  words.map((redactedContent) => ({ reasoningContent: { redactedContent } })),
  fc.array(words).map((texts) => ({ citationsContent: { content: texts.map((text) => ({ text })) } })),
  fc
    .record({ toolUseId: words, name: words, input: fc.dictionary(words, fc.jsonValue()) })
    .map((toolUse) => ({ toolUse })),
  fc.constant({}),
);
const answer: fc.Arbitrary<ConverseAnswer> = fc.record(
  {
    output: fc.array(content).map((blocks) => ({ message: { content: blocks } })),
    stopReason: fc.constantFrom('end_turn', 'tool_use', 'max_tokens', 'stop_sequence'),
    usage: fc.record({ inputTokens: fc.nat(), outputTokens: fc.nat() }),
    serviceTier: fc.constantFrom({ type: 'flex' }, {}),
    additionalModelResponseFields: fc.constant({ delta: { stop_sequence: 'END' } }),
  },
  { requiredKeys: [] },
);

test('a whole answer says the same as a stream', async () => {
  await fc.assert(
    fc.asyncProperty(answer, async (whole) => {
      const reader = new StreamReader();
      const events = (await collect(asStream(whole))).flatMap((batch) => reader.read(batch));
      expect(events).toEqual(fromAnswer(whole));
    }),
  );
});
