import fc from 'fast-check';
import { adaptCallIds } from '../../../../functions/proxy/bedrock/call-ids.ts';
import type { Message } from '../../../../shared/domain/conversation.ts';

const loop = (ids: readonly string[]): readonly Message[] => [
  { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
  { role: 'assistant', content: ids.map((id) => ({ type: 'tool-call', id, name: 'a', input: {} })) },
  {
    role: 'user',
    content: ids.map((id) => ({
      type: 'tool-result',
      id,
      status: 'success',
      content: [{ type: 'text', text: 'ok' }],
    })),
  },
];
const idsOf = (messages: readonly Message[]): readonly (readonly string[])[] =>
  messages.map(({ content }) => content.flatMap((block) => ('id' in block ? [block.id] : [])));

test.each([
  ['nine', /^[a-zA-Z0-9]{9}$/],
  ['bedrock', /^[a-zA-Z0-9_.:-]{1,64}$/],
] as const)('ids in the style %s fit, meet their results, stay apart and stay the same', (style, pattern) => {
  const id = fc.oneof(
    fc.string({ minLength: 1, maxLength: 80, unit: 'binary' }),
    fc.stringMatching(/^[a-f0-9]{9}$/),
    fc.stringMatching(/^call_[a-zA-Z0-9]{24}$/),
  );
  fc.assert(
    fc.property(fc.uniqueArray(id, { minLength: 1, maxLength: 20 }), (ids) => {
      const adapted = adaptCallIds(loop(ids), style);
      const [, calls = [], results = []] = idsOf(adapted);
      expect(calls.every((one) => pattern.test(one))).toBe(true);
      expect(results).toEqual(calls);
      expect(new Set(calls).size).toBe(ids.length);
      expect(calls.filter((_, index) => pattern.test(ids[index] ?? ''))).toEqual(
        ids.filter((one) => pattern.test(one)),
      );
      expect(adaptCallIds(adapted, style)).toEqual(adapted);
    }),
  );
});

test('an id whose digest is taken gets another', () => {
  const [, [digest = ''] = []] = idsOf(adaptCallIds(loop(['call_1']), 'nine'));
  const [, both = []] = idsOf(adaptCallIds(loop(['call_1', digest]), 'nine'));
  expect(both).toEqual([expect.not.stringMatching(digest), digest]);
});
