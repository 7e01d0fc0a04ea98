import { parseChatRequest } from '../../../functions/proxy/chat-completions/request.ts';
import type { Message, ModelCommand } from '../../../shared/domain/conversation.ts';
import { dataUrl, PNG } from '../../support/media-samples.ts';
import { ASK } from '../../support/proxy-fixture.ts';

const read = (fields: object): ModelCommand => parseChatRequest({ ...ASK, ...fields }).command;
const messagesOf = (...messages: readonly object[]): readonly Message[] =>
  read({ messages: [...ASK.messages, ...messages] }).messages.slice(1);
const text = (said: string) => ({ type: 'text', text: said });
const call = (id: string, args = '{}') => ({
  id,
  type: 'function',
  function: { name: 'f', arguments: args },
});
const result = (id: string, content: unknown = 'ok') => ({ role: 'tool', tool_call_id: id, content });
const assistant = (fields: object) => ({ role: 'assistant', content: null, ...fields });
const POINT = { type: 'cache-point' };
const CACHED = { cache_control: { type: 'ephemeral' } };

describe('tool calls of earlier answers', () => {
  test('all results of an answer stand in one message, in the order of the wire', () => {
    const calls = assistant({ content: 'Let me see.', tool_calls: [call('a', '{"x":1}'), call('b', '')] });
    expect(
      messagesOf(calls, result('b'), result('a', [text('1'), text(' ')]), { role: 'user', content: 'So?' }),
    ).toEqual([
      {
        role: 'assistant',
        content: [
          text('Let me see.'),
          { type: 'tool-call', id: 'a', name: 'f', input: { x: 1 } },
          { type: 'tool-call', id: 'b', name: 'f', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool-result', id: 'b', status: 'success', content: [text('ok')] },
          { type: 'tool-result', id: 'a', status: 'success', content: [text('1')] },
          text('So?'),
        ],
      },
    ]);
  });

  test('a result without content says so, and one may hold images', () => {
    const image = { type: 'image_url', image_url: { url: dataUrl(PNG) } };
    const [, results] = messagesOf(
      assistant({ tool_calls: [call('a'), call('b')] }),
      result('a', ''),
      result('b', [image]),
    );
    expect(results?.content).toMatchObject([
      { type: 'tool-result', content: [text('(no output)')] },
      { type: 'tool-result', content: [{ type: 'image', format: 'png' }] },
    ]);
  });

  test.each(['{"a":', '[1]', '"x"', 'null', 'not json'])(
    'arguments that are no object go as they are: %s',
    (raw) => {
      const [asked] = messagesOf(assistant({ tool_calls: [call('a', raw)] }), result('a'));
      expect(asked?.content).toEqual([
        { type: 'tool-call', id: 'a', name: 'f', input: { raw_arguments: raw } },
      ]);
    },
  );

  test('a conversation that had tools goes on without them', () => {
    const { toolUse, messages } = read({
      messages: [...ASK.messages, assistant({ tool_calls: [call('a')] }), result('a')],
      tools: [],
    });
    expect(toolUse).toBeUndefined();
    expect(messages).toHaveLength(3);
  });

  test("what the official client adds to an answer's calls is not read", () => {
    const parsed = { name: 'f', arguments: '{}', parsed_arguments: { a: 1 } };
    const [asked] = messagesOf(
      assistant({ parsed: { a: 1 }, tool_calls: [{ ...call('a'), function: parsed }] }),
      result('a'),
    );
    expect(asked?.content).toEqual([{ type: 'tool-call', id: 'a', name: 'f', input: {} }]);
  });
});

describe('thoughts of earlier answers', () => {
  const signed = { type: 'thinking', thinking: 'Hm.', signature: 's' };

  test.each([
    [
      'in full',
      { thinking_blocks: [signed, { type: 'redacted_thinking', data: 'AAA=' }], reasoning_content: 'Hm' },
      [
        { type: 'reasoning', text: 'Hm.', signature: 's' },
        { type: 'redacted-reasoning', base64: 'AAA=' },
      ],
    ],
    [
      'as text',
      { reasoning_content: 'Hm.', reasoning_signature: 's' },
      [{ type: 'reasoning', text: 'Hm.', signature: 's' }],
    ],
  ])('that are signed stand first, byte by byte: %s', (_, fields, thoughts) => {
    const { messages, ignoredParams } = read({
      messages: [...ASK.messages, assistant({ content: 'So.', ...fields }), ...ASK.messages],
    });
    expect(messages[1]).toEqual({ role: 'assistant', content: [...thoughts, text('So.')] });
    expect(ignoredParams).toEqual([]);
  });

  test('that are signed and not shown are sent back, too', () => {
    const { messages } = read({
      messages: [...ASK.messages, assistant({ content: 'So.', reasoning_signature: 's' }), ...ASK.messages],
    });
    expect(messages[1]?.content[0]).toEqual({ type: 'reasoning', text: '', signature: 's' });
  });

  test.each([
    ['reasoning_content', { reasoning_content: 'Hm.' }],
    ['thinking_blocks', { thinking_blocks: [{ ...signed, signature: '' }] }],
  ])('that are not signed are left out and named: %s', (name, fields) => {
    const { messages, ignoredParams } = read({
      messages: [...ASK.messages, assistant(fields), ...ASK.messages],
    });
    expect(messages).toEqual([{ role: 'user', content: [text('Hi'), text('Hi')] }]);
    expect(ignoredParams).toEqual([`messages.${name}`]);
  });
});

describe('cache points', () => {
  test('stand after what they mark: parts, messages, results, tools and the system', () => {
    const { system, messages, toolUse } = read({
      messages: [
        {
          role: 'system',
          content: [{ ...text('Be brief.'), cache_control: { type: 'ephemeral', ttl: '1h' } }],
        },
        { role: 'user', content: [{ ...text('One'), ...CACHED }, text('Two')] },
        assistant({ tool_calls: [call('a')], ...CACHED }),
        { ...result('a', [{ ...text('x'), ...CACHED }, text('y')]) },
        { role: 'user', content: 'Three', ...CACHED },
      ],
      tools: [{ type: 'function', function: { name: 'f' }, ...CACHED }],
    });
    expect(system).toEqual([text('Be brief.'), { type: 'cache-point', ttl: '1h' }]);
    expect(messages.map(({ content }) => content)).toEqual([
      [text('One'), POINT, text('Two')],
      [{ type: 'tool-call', id: 'a', name: 'f', input: {} }, POINT],
      [
        { type: 'tool-result', id: 'a', status: 'success', content: [text('x'), text('y')] },
        POINT,
        text('Three'),
        POINT,
      ],
    ]);
    expect(toolUse?.tools[0]?.cachePoint).toEqual(POINT);
  });

  test('that mark nothing are left out, and of two in a row the last one counts', () => {
    const { system, messages } = read({
      messages: [
        { role: 'system', content: '', ...CACHED },
        {
          role: 'user',
          content: [
            { ...text(' '), ...CACHED },
            { ...text('One'), ...CACHED },
          ],
        },
        { role: 'assistant', content: '', cache_control: { type: 'ephemeral', ttl: '5m' } },
        { role: 'user', content: 'Two' },
      ],
    });
    expect(system).toEqual([]);
    expect(messages).toEqual([
      { role: 'user', content: [text('One'), { type: 'cache-point', ttl: '5m' }, text('Two')] },
    ]);
  });

  test.each([
    ['cache_control', { messages: [{ role: 'user', content: 'Hi', ...CACHED }] }],
    ['prompt_cache_options', { prompt_cache_options: {} }],
    [
      'prompt_cache_breakpoint',
      {
        messages: [
          { role: 'user', content: [{ ...text('Hi'), prompt_cache_breakpoint: { mode: 'explicit' } }] },
        ],
      },
    ],
  ])('are called %s where the request calls them so', (name, fields) => {
    const { paramNames, messages } = read(fields);
    expect(messages).toEqual([{ role: 'user', content: [text('Hi'), POINT] }]);
    expect(paramNames.cachePoints).toBe(name);
  });

  test('of a great many messages that say nothing are left out', () => {
    const silent = Array.from({ length: 50_000 }, () => ({ role: 'system', content: '', ...CACHED }));
    expect(read({ messages: [...silent, ...ASK.messages] }).system).toEqual([]);
  });

  test("of OpenAI's keep as long as the request's options say", () => {
    const part = { ...text('Hi'), prompt_cache_breakpoint: { mode: 'explicit' } };
    const messages = [{ role: 'user', content: [part, text('Ho')] }];
    expect(read({ messages, prompt_cache_options: { mode: 'explicit', ttl: '30m' } }).messages).toEqual([
      { role: 'user', content: [text('Hi'), { type: 'cache-point', ttl: '1h' }, text('Ho')] },
    ]);
  });
});

describe('the choice among tools', () => {
  const tools = ['f', 'g'].map((name) => ({ type: 'function', function: { name } }));
  const allowed = (mode: string) => ({
    type: 'allowed_tools',
    allowed_tools: { mode, tools: [tools[1]].map((tool) => ({ ...tool })) },
  });

  test.each([
    [undefined, { type: 'auto' }, ['f', 'g']],
    [null, { type: 'auto' }, ['f', 'g']],
    ['auto', { type: 'auto' }, ['f', 'g']],
    ['none', { type: 'none' }, ['f', 'g']],
    ['required', { type: 'required' }, ['f', 'g']],
    [{ type: 'function', function: { name: 'g' } }, { type: 'tool', name: 'g' }, ['f', 'g']],
    [allowed('auto'), { type: 'auto' }, ['g']],
    [allowed('required'), { type: 'required' }, ['g']],
  ])('%j', (tool_choice, choice, names) => {
    const { toolUse } = read({ tools, tool_choice });
    expect(toolUse?.choice).toEqual(choice);
    expect(toolUse?.tools.map(({ name }) => name)).toEqual(names);
  });
});

test.each([
  ['auto', 'standard'],
  ['default', 'standard'],
  ['flex', 'flex'],
  ['priority', 'priority'],
  ['fast', 'priority'],
])('the tier %s is %s', (service_tier, tier) => {
  expect(read({ service_tier }).serviceTier).toBe(tier);
});

test.each([
  [{ type: 'adaptive' }, { type: 'adaptive' }],
  [{ type: 'disabled' }, { type: 'effort', effort: 'none' }],
  [
    { type: 'enabled', budget_tokens: 1024 },
    { type: 'budget', tokens: 1024 },
  ],
])('%j is how much to think, and refusals call it so', (thinking, reasoning) => {
  const command = read({ thinking });
  expect(command.reasoning).toEqual(reasoning);
  expect(command.paramNames.reasoning).toBe('thinking');
});
