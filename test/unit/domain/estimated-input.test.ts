/** Every block that a request may hold is in its estimate. A kind of block without a case here does not compile. */
import type { AssistantBlock, ModelCommand, UserBlock } from '../../../shared/domain/conversation.ts';
import type { EstimatedInput } from '../../../shared/domain/estimate.ts';
import { estimatedInput } from '../../../shared/domain/estimated-input.ts';
import { PARAM_NAMES } from '../../support/model-command-arbitraries.ts';

type Block = UserBlock | AssistantBlock;

const COMMAND: ModelCommand = {
  requestedModel: 'm',
  system: [],
  messages: [],
  answerFormat: { type: 'text' },
  stopSequences: [],
  serviceTier: 'standard',
  metadata: {},
  paramNames: PARAM_NAMES,
  ignoredParams: [],
};
const base64 = (text: string, encoding: BufferEncoding = 'utf8'): string =>
  Buffer.from(text, encoding).toString('base64');
const media = { base64: 'AAAA', size: 3 };

/** The block, the texts it is counted as, and the media. */
const BLOCKS = {
  text: [{ type: 'text', text: 'Hi' }, ['Hi'], []],
  image: [{ type: 'image', format: 'png', ...media }, [], [{ kind: 'image' }]],
  document: [{ type: 'document', format: 'pdf', name: 'd', ...media }, [], [{ kind: 'document', bytes: 3 }]],
  audio: [{ type: 'audio', format: 'wav', ...media }, [], [{ kind: 'document', bytes: 3 }]],
  video: [{ type: 'video', format: 'mp4', ...media }, [], [{ kind: 'document', bytes: 3 }]],
  'tool-call': [{ type: 'tool-call', id: 'c', name: 'f', input: { a: 1 } }, ['cf{"a":1}'], []],
  'tool-result': [
    {
      type: 'tool-result',
      id: 'c',
      status: 'success',
      content: [
        { type: 'text', text: 'x' },
        { type: 'image', format: 'png', ...media },
        { type: 'document', format: 'txt', name: 'd', base64: base64('y'), size: 1 },
      ],
    },
    ['c', 'x'],
    [{ kind: 'image' }, { kind: 'text', text: 'y' }],
  ],
  reasoning: [{ type: 'reasoning', text: 'Hm.', signature: 'AAAA' }, ['Hm.', 'AAAA'], []],
  'redacted-reasoning': [{ type: 'redacted-reasoning', base64: 'AAAA' }, ['AAAA'], []],
  'cache-point': [{ type: 'cache-point' }, [], []],
} satisfies Readonly<
  Record<Block['type'], readonly [Block, readonly string[], NonNullable<EstimatedInput['media']>]>
>;

/** As one message, whoever would say it. */
const asMessage = (block: Block): ModelCommand['messages'] =>
  block.type === 'tool-call' || block.type === 'reasoning' || block.type === 'redacted-reasoning'
    ? [{ role: 'assistant', content: [block] }]
    : [{ role: 'user', content: [block] }];

test.each(Object.entries(BLOCKS))('what a block of %s holds is counted', (_, [block, texts, counted]) => {
  expect(estimatedInput({ ...COMMAND, messages: asMessage(block) })).toEqual({
    system: [],
    messages: [{ texts }],
    media: counted,
  });
});

test.each(['txt', 'md', 'csv', 'html'] as const)('a document of %s is its text', (format) => {
  const counted = (bytes: string) =>
    estimatedInput({
      ...COMMAND,
      messages: asMessage({ type: 'document', format, name: 'd', base64: bytes, size: 9 }),
    }).media;
  expect(counted(base64('Ünïcode'))).toEqual([{ kind: 'text', text: 'Ünïcode' }]);
  // In another encoding its bytes are no bound of its text.
  expect(counted(base64('Ünïcode', 'latin1'))).toEqual([{ kind: 'document', bytes: 9 }]);
});

test('tools and the schema of the answer are counted with the system', () => {
  const tool = { name: 'f', parameters: { type: 'object' }, strict: 'not-asked' } as const;
  const format = { type: 'json-schema', name: 'n', schema: { type: 'object' }, strict: 'asked' } as const;
  const { system } = estimatedInput({
    ...COMMAND,
    system: [{ type: 'text', text: 'Be brief.' }, { type: 'cache-point' }],
    toolUse: { tools: [tool], choice: { type: 'auto' } },
    answerFormat: format,
  });
  expect(system).toEqual(['Be brief.', ' '.repeat(512), JSON.stringify(tool), JSON.stringify(format)]);
});

test('the schema of the answer has a template too, where there are no tools', () => {
  const format = { type: 'json-schema', name: 'n', schema: { type: 'object' }, strict: 'asked' } as const;
  const { system } = estimatedInput({ ...COMMAND, answerFormat: format });
  expect(system).toEqual([' '.repeat(512), JSON.stringify(format)]);
});
