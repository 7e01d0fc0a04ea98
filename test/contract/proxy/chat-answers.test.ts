/** Answers that are more than text: tool calls, thoughts and the tier that served them. */
import type { ChatCompletionCreateParamsNonStreaming } from 'openai/resources/chat/completions';
import type {
  ConverseAnswer,
  ConverseContent,
  ConverseStreamEvent,
} from '../../../shared/domain/converse.ts';
import { readApiDocument } from '../../support/api-document.ts';
import { NOW_MS, requestAt } from '../../support/limits-fixture.ts';
import { openaiOver } from '../../support/openai-over-proxy.ts';
import {
  ASK,
  bodyText,
  proxyFixture,
  START,
  stopEvent,
  streamData,
  textEvent,
  usageEvent,
} from '../../support/proxy-fixture.ts';

const MODEL = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const ID = `chatcmpl-${requestAt(1)}`;
const TOOLS = ['add', 'look'].map((name) => ({ type: 'function' as const, function: { name } }));
const BODY = {
  model: MODEL,
  messages: [{ role: 'user', content: 'Hi' }],
  tools: TOOLS,
} satisfies ChatCompletionCreateParamsNonStreaming;
const USAGE = { inputTokens: 11, outputTokens: 2 };

const delta = (contentBlockIndex: number, fields: object): ConverseStreamEvent => ({
  kind: 'contentBlockDelta',
  payload: { contentBlockIndex, delta: fields },
});
const startCall = (contentBlockIndex: number, toolUseId: string, name: string): ConverseStreamEvent => ({
  kind: 'contentBlockStart',
  payload: { contentBlockIndex, start: { toolUse: { toolUseId, name } } },
});
const input = (index: number, json: string): ConverseStreamEvent =>
  delta(index, { toolUse: { input: json } });
const stop = (contentBlockIndex: number): ConverseStreamEvent => ({
  kind: 'contentBlockStop',
  payload: { contentBlockIndex },
});
const thinks = (fields: object): ConverseStreamEvent => delta(0, { reasoningContent: fields });

/** Says something, then calls two tools, one of them without arguments. */
const CALLING = [
  [START, textEvent('Let me see.'), stop(0)],
  [startCall(1, 'tooluse_a', 'add'), input(1, ''), input(1, '{"x"'), input(1, ':"é"}'), stop(1)],
  [startCall(2, 'tooluse_b', 'look'), stop(2)],
  [stopEvent('tool_use'), usageEvent(11, 2)],
];
const CONTENT: readonly ConverseContent[] = [
  { text: 'Let me see.' },
  { toolUse: { toolUseId: 'tooluse_a', name: 'add', input: { x: 'é' } } },
  { toolUse: { toolUseId: 'tooluse_b', name: 'look', input: {} } },
];
const CALLS = [
  { id: 'tooluse_a', type: 'function', function: { name: 'add', arguments: '{"x":"é"}' } },
  { id: 'tooluse_b', type: 'function', function: { name: 'look', arguments: '{}' } },
];
const answerOf = (
  content: readonly ConverseContent[],
  more: Partial<ConverseAnswer> = {},
): ConverseAnswer => ({
  output: { message: { content } },
  stopReason: 'tool_use',
  usage: USAGE,
  ...more,
});

const API = readApiDocument();
const isDescribed = (schema: string, value: unknown): void =>
  expect(API.faultOf({ $ref: `#/components/schemas/${schema}` }, value)).toBeUndefined();

async function wholeOf(answer: ConverseAnswer, fields: object = {}) {
  const proxy = proxyFixture({ answer });
  const completion = JSON.parse(await bodyText(await proxy.chat({ ...BODY, ...fields })));
  isDescribed('ChatCompletion', completion);
  return completion;
}
async function chunksOf(stream: readonly (readonly ConverseStreamEvent[])[], fields: object = {}) {
  const proxy = proxyFixture({ stream });
  const data = streamData(await bodyText(await proxy.chat({ ...BODY, stream: true, ...fields })));
  for (const chunk of data.slice(0, -1)) isDescribed('ChatCompletionChunk', chunk);
  return data;
}
const chunk = (fields: object, more: object = {}) => ({
  id: ID,
  created: Math.floor(NOW_MS / 1000),
  model: MODEL,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: fields, logprobs: null, finish_reason: null }],
  ...more,
});
const finish = (reason: string, more: object = {}) => ({
  ...chunk({}, more),
  choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: reason }],
});
const OPENING = chunk({ role: 'assistant', content: '', refusal: null });

describe('tool calls', () => {
  test('of a whole answer stand beside its text', async () => {
    const { choices } = await wholeOf(answerOf(CONTENT));
    expect(choices).toEqual([
      {
        index: 0,
        message: { role: 'assistant', content: 'Let me see.', refusal: null, tool_calls: CALLS },
        logprobs: null,
        finish_reason: 'tool_calls',
      },
    ]);
  });

  test('alone leave the content null', async () => {
    const { choices } = await wholeOf(answerOf(CONTENT.slice(1)));
    expect(choices[0].message).toEqual({
      role: 'assistant',
      content: null,
      refusal: null,
      tool_calls: CALLS,
    });
  });

  test('of a stream are counted from 0 without a gap, whatever block they are', async () => {
    const call = (index: number, fields: object) => chunk({ tool_calls: [{ index, ...fields }] });
    const begun = (name: string) => ({ type: 'function', function: { name, arguments: '' } });
    expect(await chunksOf(CALLING)).toEqual([
      OPENING,
      chunk({ content: 'Let me see.' }),
      call(0, { id: 'tooluse_a', ...begun('add') }),
      call(0, { function: { arguments: '{"x"' } }),
      call(0, { function: { arguments: ':"é"}' } }),
      call(1, { id: 'tooluse_b', ...begun('look') }),
      call(1, { function: { arguments: '{}' } }),
      finish('tool_calls'),
      '[DONE]',
    ]);
  });

  test('are put together by the official client, whole or streamed', async () => {
    const expected = { content: 'Let me see.', tool_calls: CALLS };
    const whole = await openaiOver(proxyFixture({ answer: answerOf(CONTENT) })).chat.completions.create(BODY);
    expect(whole.choices[0]?.message).toMatchObject(expected);
    const streamed = openaiOver(proxyFixture({ stream: CALLING })).chat.completions.stream(BODY);
    const { choices } = await streamed.finalChatCompletion();
    expect(choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: expected });
  });

  test('and their results go back to the model as it made them', async () => {
    const first = proxyFixture({ answer: answerOf(CONTENT) });
    const { choices } = await openaiOver(first).chat.completions.create(BODY);
    const proxy = proxyFixture();
    const message = choices[0]?.message;
    const results = CALLS.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'ok' }));
    await proxy.chat({ ...BODY, messages: [...ASK.messages, message, ...results] });
    expect(proxy.calls[0]?.body.messages.slice(1)).toEqual([
      { role: 'assistant', content: CONTENT },
      {
        role: 'user',
        content: CALLS.map(({ id }) => ({
          toolResult: { toolUseId: id, status: 'success', content: [{ text: 'ok' }] },
        })),
      },
    ]);
  });
});

describe('thoughts', () => {
  const SIGNED = {
    reasoning_signature: 'c2ln',
    thinking_blocks: [{ type: 'thinking', thinking: 'Hm. So.', signature: 'c2ln' }],
  };
  const THINKING = [
    [START, thinks({ text: 'Hm.' }), thinks({ text: ' So.' }), thinks({ signature: 'c2ln' }), stop(0)],
    [delta(1, { text: 'Hi' }), stop(1), stopEvent(), usageEvent(11, 2)],
  ];
  const thought: ConverseContent = {
    reasoningContent: { reasoningText: { text: 'Hm. So.', signature: 'c2ln' } },
  };

  test('of a whole answer can be read, and sent back signed', async () => {
    const { choices } = await wholeOf(answerOf([thought, { text: 'Hi' }], { stopReason: 'end_turn' }));
    expect(choices[0].message).toEqual({
      role: 'assistant',
      content: 'Hi',
      refusal: null,
      reasoning_content: 'Hm. So.',
      ...SIGNED,
    });
  });

  test('of a stream come as they are thought, and signed once before the end', async () => {
    expect(await chunksOf(THINKING)).toEqual([
      OPENING,
      chunk({ reasoning_content: 'Hm.' }),
      chunk({ reasoning_content: ' So.' }),
      chunk({ content: 'Hi' }),
      chunk(SIGNED),
      finish('stop'),
      '[DONE]',
    ]);
  });

  test('in several blocks, some of them hidden, are sent back block by block', async () => {
    const hidden: ConverseContent = { reasoningContent: { redactedContent: 'AAA=' } };
    const second: ConverseContent = {
      reasoningContent: { reasoningText: { text: 'Or.', signature: 'b3I=' } },
    };
    const { choices } = await wholeOf(answerOf([thought, hidden, second, ...CONTENT.slice(1)]));
    const { message } = choices[0];
    expect(message.reasoning_signature).toBeUndefined();
    expect(message.thinking_blocks).toEqual([
      ...SIGNED.thinking_blocks,
      { type: 'redacted_thinking', data: 'AAA=' },
      { type: 'thinking', thinking: 'Or.', signature: 'b3I=' },
    ]);
    const proxy = proxyFixture();
    const results = CALLS.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'ok' }));
    const messages = [...ASK.messages, message, ...results];
    await proxy.chat({ ...BODY, messages });
    expect(proxy.calls[0]?.body.messages[1]?.content.slice(0, 3)).toEqual([thought, hidden, second]);
  });

  test('that nobody signed are shown and not offered to be sent back', async () => {
    const unsigned: ConverseContent = { reasoningContent: { reasoningText: { text: 'Hm.' } } };
    const { choices } = await wholeOf(answerOf([unsigned, { text: 'Hi' }], { stopReason: 'end_turn' }));
    expect(choices[0].message).toEqual({
      role: 'assistant',
      content: 'Hi',
      refusal: null,
      reasoning_content: 'Hm.',
    });
  });

  test("survive the official client's way of putting a stream together", async () => {
    const streamed = openaiOver(proxyFixture({ stream: THINKING })).chat.completions.stream(BODY);
    const { choices } = await streamed.finalChatCompletion();
    expect(choices[0]?.message).toMatchObject({ content: 'Hi', ...SIGNED });
  });
});

describe('the service tier', () => {
  test.each([
    ['default', 'default'],
    ['flex', 'flex'],
    ['priority', 'priority'],
  ])('%s is told as %s, whole or at the end of a stream', async (type, told) => {
    const whole = await wholeOf(answerOf([{ text: 'Hi' }], { serviceTier: { type } }));
    expect(whole.service_tier).toBe(told);
    const tier = { kind: 'metadata', payload: { usage: USAGE, serviceTier: { type } } };
    const data = await chunksOf([[START, textEvent('Hi'), stopEvent(), tier]], {
      stream_options: { include_usage: true },
    });
    expect(data.slice(-3, -1)).toMatchObject([
      { service_tier: told, choices: [{ finish_reason: 'stop' }], usage: null },
      { service_tier: told, choices: [], usage: { total_tokens: 13 } },
    ]);
  });

  test('that is not known is not told', async () => {
    const whole = await wholeOf(answerOf([{ text: 'Hi' }], { serviceTier: { type: 'reserved' } }));
    expect(Object.keys(whole)).not.toContain('service_tier');
  });
});
