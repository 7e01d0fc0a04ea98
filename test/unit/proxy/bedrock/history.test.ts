import { adaptHistory } from '../../../../functions/proxy/bedrock/history.ts';
import { findModel } from '../../../../shared/domain/catalogue.ts';
import type { Message, ModelCommand } from '../../../../shared/domain/conversation.ts';
import type { Model } from '../../../../shared/domain/model.ts';
import { GREETING, PNG } from '../../../support/model-command-arbitraries.ts';

const modelOf = (id: string): Model => {
  const model = findModel(id);
  if (model === undefined) throw new TypeError(`The catalogue has no ${id}.`);
  return model;
};
const CLAUDE = modelOf('us.anthropic.claude-sonnet-4-5-20250929-v1:0');
const NOVA = modelOf('amazon.nova-pro-v1:0');
const LLAMA_4 = modelOf('us.meta.llama4-scout-17b-instruct-v1:0');

const say = (text: string) => ({ type: 'text', text }) as const;
const TOOLS = {
  toolUse: {
    tools: [{ name: 'look', parameters: { type: 'object' }, strict: 'not-asked' }],
    choice: { type: 'auto' },
  },
} as const satisfies Partial<ModelCommand>;

const CALL: Message = {
  role: 'assistant',
  content: [{ type: 'tool-call', id: 'abcdefghi', name: 'look', input: {} }],
};
const FAILED: Message = {
  role: 'user',
  content: [{ type: 'tool-result', id: 'abcdefghi', status: 'error', content: [say('Dark.'), PNG] }],
};
const HI: Message = { role: 'user', content: [say('Hi')] };

const adapted = (messages: readonly Message[], model: Model) => {
  const { command, ignored } = adaptHistory({ ...GREETING, ...TOOLS, messages }, model);
  return { messages: command.messages, ignored };
};

test('a result that failed and shows something stays as it is for a model that knows such results', () => {
  const messages = [HI, CALL, FAILED];
  expect(adapted(messages, NOVA)).toEqual({ messages, ignored: [] });
});

test('a result that failed and shows something is told in words, its files in a turn of their own', () => {
  expect(adapted([HI, CALL, FAILED], LLAMA_4)).toEqual({
    messages: [
      HI,
      CALL,
      {
        role: 'user',
        content: [
          {
            type: 'tool-result',
            id: 'abcdefghi',
            status: 'error',
            content: [say('The tool failed.'), say('Dark.')],
          },
        ],
      },
      { role: 'assistant', content: [say('I have the results.')] },
      { role: 'user', content: [say('From the tools:'), PNG] },
    ],
    ignored: [],
  });
});

const THOUGHTFUL: readonly Message[] = [
  HI,
  { role: 'assistant', content: [{ type: 'reasoning', text: 'Hm', signature: 'c2ln' }] },
  { role: 'user', content: [say('And?')] },
  { role: 'assistant', content: [{ type: 'redacted-reasoning', base64: 'eA==' }, say('So.')] },
  HI,
];

test('thoughts go back to the model that signs them', () => {
  expect(adapted(THOUGHTFUL, CLAUDE)).toEqual({ messages: THOUGHTFUL, ignored: [] });
});

test('thoughts are left out for any other, and turns alternate all the same', () => {
  expect(adapted(THOUGHTFUL, NOVA)).toEqual({
    messages: [
      { role: 'user', content: [say('Hi'), say('And?')] },
      { role: 'assistant', content: [say('So.')] },
      HI,
    ],
    ignored: ['messages.reasoning_content'],
  });
});
