import {
  type BedrockRuntimeClient,
  type ContentBlock,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { asking, CLAUDE, collect, factsOf, GPT_OSS, RUNTIME_CLIENTS } from './clients.ts';

const OPUS_5_5 = 'us.anthropic.claude-opus-5-5';
const OPUS_4_6 = 'us.anthropic.claude-opus-4-6-v1';
const NOVA_2 = 'us.amazon.nova-2-lite-v1:0';
const THINKING = { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } } };
const GUARDRAIL = { guardrailIdentifier: 'abc123', guardrailVersion: '1' };

let now = 0;

describe('an answer of the Bedrock emulator', () => {
  let emulator: BedrockEmulator;
  let client: BedrockRuntimeClient;

  beforeAll(async () => {
    const clock = { now: () => now, after: () => () => undefined };
    emulator = await startBedrockEmulator({ tokenDelayMs: 0, promptCacheTokensMin: 4, clock });
    client = RUNTIME_CLIENTS['HTTP/1.1'](emulator.url);
  });
  afterAll(async () => {
    client.destroy();
    await emulator.close();
  });

  const converse = (text: string, more: Partial<ConverseCommandInput> = {}) =>
    client.send(new ConverseCommand({ ...asking(text), ...more }));
  const stream = async (text: string, more: Partial<ConverseCommandInput> = {}) =>
    collect((await client.send(new ConverseStreamCommand({ ...asking(text), ...more }))).stream);
  const failureOf = (more: Partial<ConverseCommandInput>) =>
    converse('pears', more).then(
      () => undefined,
      (error: unknown) => factsOf(error).message,
    );

  describe('with thinking', () => {
    it('begins with signed reasoning, whole as streamed', async () => {
      const wishes = '[[emulator think="Pears, then." say="Yes."]]';
      const whole = await converse(wishes, THINKING);
      const [reasoning] = whole.output?.message?.content ?? [];
      const signature = reasoning?.reasoningContent?.reasoningText?.signature;
      expect(whole.output?.message?.content).toEqual([
        { reasoningContent: { reasoningText: { text: 'Pears, then.', signature: expect.any(String) } } },
        { text: 'Yes.' },
      ]);
      expect((await stream(wishes, THINKING)).slice(1, 7)).toEqual([
        { contentBlockDelta: { contentBlockIndex: 0, delta: { reasoningContent: { text: 'Pears,' } } } },
        { contentBlockDelta: { contentBlockIndex: 0, delta: { reasoningContent: { text: ' then.' } } } },
        { contentBlockDelta: { contentBlockIndex: 0, delta: { reasoningContent: { signature } } } },
        { contentBlockStop: { contentBlockIndex: 0 } },
        { contentBlockDelta: { contentBlockIndex: 1, delta: { text: 'Yes.' } } },
        { contentBlockStop: { contentBlockIndex: 1 } },
      ]);
    });

    it('counts its reasoning as output', async () => {
      const { usage } = await converse('[[emulator think="one two three" say="four"]]', THINKING);
      expect(usage?.outputTokens).toBe(4);
    });

    it('keeps its reasoning to itself where told', async () => {
      const { output } = await converse('[[emulator redact=yes say="Yes."]]', THINKING);
      const [block] = output?.message?.content ?? [];
      expect(block?.reasoningContent?.redactedContent).toBeInstanceOf(Uint8Array);
    });

    it.each([
      ['adaptive', OPUS_5_5, { thinking: { type: 'adaptive' } }],
      ['reasoning_effort', GPT_OSS, { reasoning_effort: 'high' }],
      ['reasoningConfig', NOVA_2, { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'low' } }],
    ])('thinks by %s of %s', async (_name, modelId, additionalModelRequestFields) => {
      const { output } = await converse('pears', { modelId, additionalModelRequestFields });
      expect(Object.keys(output?.message?.content?.[0] ?? {})).toEqual(['reasoningContent']);
    });

    it('takes its own reasoning back, and nobody else’s', async () => {
      const { output } = await converse('[[emulator think="Pears."]]', THINKING);
      const [own] = output?.message?.content ?? [];
      const given = (block: ContentBlock | undefined) => ({
        messages: [
          { role: 'user' as const, content: [{ text: 'a' }] },
          { role: 'assistant' as const, content: [block ?? { text: '' }, { text: 'b' }] },
          { role: 'user' as const, content: [{ text: 'c' }] },
        ],
      });
      const text = own?.reasoningContent?.reasoningText;
      const changed = { reasoningContent: { reasoningText: { ...text, text: 'Plums.' } } };
      const unsigned = { reasoningContent: { reasoningText: { text: 'Pears.' } } };
      expect([
        await failureOf(given(own)),
        await failureOf(given(changed)),
        await failureOf(given(unsigned)),
        await failureOf({ modelId: GPT_OSS, ...given(unsigned) }),
      ]).toEqual([
        undefined,
        'The model returned the following errors: messages.1.content.0: Invalid `signature` in `thinking` block',
        'The model returned the following errors: messages.1.content.0.thinking.signature: Field required',
        undefined,
      ]);
    });

    it.each<[name: string, more: Partial<ConverseCommandInput>, message: RegExp]>([
      [
        'a small budget',
        { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 10 } } },
        /budget_tokens: Input should be greater than or equal to 1024$/,
      ],
      [
        'no more tokens than its budget',
        { ...THINKING, inferenceConfig: { maxTokens: 1024 } },
        /`max_tokens` must be greater than `thinking.budget_tokens`/,
      ],
      [
        'a temperature',
        { ...THINKING, inferenceConfig: { temperature: 0.5 } },
        /`temperature` may only be set to 1 when thinking is enabled\.$/,
      ],
      [
        'adaptive thinking where the model knows a budget',
        { additionalModelRequestFields: { thinking: { type: 'adaptive' } } },
        /adaptive thinking is not supported on this model$/,
      ],
      [
        'thinking turned off where it cannot be',
        { modelId: OPUS_5_5, additionalModelRequestFields: { thinking: { type: 'disabled' } } },
        /thinking\.type: disabled is not supported/,
      ],
      [
        'a forced tool',
        {
          ...THINKING,
          toolConfig: {
            tools: [{ toolSpec: { name: 'x', inputSchema: { json: { type: 'object' } } } }],
            toolChoice: { any: {} },
          },
        },
        /Thinking may not be enabled when tool_choice forces tool use\.$/,
      ],
      [
        'high effort with maxTokens',
        {
          modelId: NOVA_2,
          inferenceConfig: { maxTokens: 10 },
          additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } },
        },
        /maxTokens is not allowed/,
      ],
      [
        'a field that Claude does not know',
        { additionalModelRequestFields: { reasoning_effort: 'low' } },
        /: reasoning_effort: Extra inputs are not permitted$/,
      ],
      [
        'a field that Nova does not know',
        { modelId: NOVA_2, additionalModelRequestFields: { top_k: 5 } },
        /extraneous key \[top_k\] is not permitted/,
      ],
      [
        'a tool loop that shows no thinking',
        {
          ...THINKING,
          toolConfig: { tools: [{ toolSpec: { name: 'x', inputSchema: { json: { type: 'object' } } } }] },
          messages: [
            { role: 'user', content: [{ text: 'a' }] },
            { role: 'assistant', content: [{ toolUse: { toolUseId: 't1', name: 'x', input: {} } }] },
            { role: 'user', content: [{ toolResult: { toolUseId: 't1', content: [{ text: 'b' }] } }] },
          ],
        },
        /messages\.1\.content\.0\.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`\./,
      ],
    ])('is refused %s', async (_name, more, message) => {
      expect(await failureOf(more)).toMatch(message);
    });
  });

  describe('with a format', () => {
    const schema = {
      type: 'object',
      properties: { pears: { type: 'integer', minimum: 3 } },
      required: ['pears'],
      additionalProperties: false,
    };
    const format = (text: string): Partial<ConverseCommandInput> => ({
      outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: text } } } },
    });

    it('is JSON of the schema', async () => {
      const { output, stopReason } = await converse('pears', format(JSON.stringify(schema)));
      const text: unknown = JSON.parse(output?.message?.content?.[0]?.text ?? '');
      expect([text, stopReason]).toEqual([{ pears: expect.any(Number) }, 'end_turn']);
    });

    it('is JSON of the schema that Claude is given in its own way', async () => {
      const additionalModelRequestFields = { output_config: { format: { type: 'json_schema', schema } } };
      const { output } = await converse('pears', { modelId: OPUS_4_6, additionalModelRequestFields });
      expect(JSON.parse(output?.message?.content?.[0]?.text ?? '')).toEqual({ pears: expect.any(Number) });
    });

    it.each<[name: string, more: Partial<ConverseCommandInput>, message: string]>([
      [
        'where the model has none',
        { modelId: NOVA_2, ...format('{}') },
        "This model doesn't support the outputConfig.textFormat field. Remove outputConfig.textFormat and try again.",
      ],
      [
        'that is no JSON',
        format('{'),
        'The value at outputConfig.textFormat.structure.jsonSchema.schema must be a valid JSON schema.',
      ],
      [
        'where the model knows no output_config.format',
        { modelId: OPUS_5_5, additionalModelRequestFields: { output_config: { format: { schema } } } },
        'output_config.format: Extra inputs are not permitted',
      ],
    ])('is refused %s', async (_name, more, message) => {
      expect(await failureOf(more)).toBe(message);
    });
  });

  describe('with cache points', () => {
    const cachePoint = (ttl?: '5m' | '1h') => ({
      cachePoint: { type: 'default' as const, ...(ttl && { ttl }) },
    });
    const usageOf = async (more: Partial<ConverseCommandInput>) => {
      const { usage } = await converse('pears', more);
      return [
        usage?.inputTokens,
        usage?.cacheReadInputTokens,
        usage?.cacheWriteInputTokens,
        usage?.cacheDetails,
      ];
    };
    const system = (text: string, ttl?: '5m' | '1h') => ({ system: [{ text }, cachePoint(ttl)] });

    it('writes a prefix once, reads it for five minutes, and then writes it again', async () => {
      const more = system('A long text of thirty-two bytes.');
      const written = [2, 0, 8, [{ ttl: '5m', inputTokens: 8 }]];
      expect(await usageOf(more)).toEqual(written);
      now += 299_999;
      expect(await usageOf(more)).toEqual([2, 8, 0, undefined]);
      now += 299_999;
      expect(await usageOf(more)).toEqual([2, 8, 0, undefined]);
      now += 300_000;
      expect(await usageOf(more)).toEqual(written);
    });

    it('keeps for an hour what is to be kept for an hour, and tells the lives apart', async () => {
      const more = {
        system: [{ text: 'An hour of text: 24 byte' }, cachePoint('1h')],
        messages: [
          {
            role: 'user' as const,
            content: [{ text: 'Five minutes: 20 byt' }, cachePoint(), { text: 'pear' }],
          },
        ],
      };
      expect(await usageOf(more)).toEqual([
        1,
        0,
        11,
        [
          { ttl: '1h', inputTokens: 6 },
          { ttl: '5m', inputTokens: 5 },
        ],
      ]);
      now += 3_599_999;
      expect(await usageOf(more)).toEqual([1, 6, 5, [{ ttl: '5m', inputTokens: 5 }]]);
    });

    it('reads the longest prefix that is kept, also where the request has no cache point there', async () => {
      const first = { role: 'user' as const, content: [{ text: 'A first text: 20 byt' }, cachePoint()] };
      await usageOf({ messages: [first] });
      const messages = [
        { role: 'user' as const, content: [{ text: 'A first text: 20 byt' }] },
        { role: 'assistant' as const, content: [{ text: 'yes.' }] },
        { role: 'user' as const, content: [{ text: 'more' }, cachePoint()] },
      ];
      expect(await usageOf({ messages })).toEqual([0, 5, 2, [{ ttl: '5m', inputTokens: 2 }]]);
    });

    it('keeps no short prefix, and none of another model', async () => {
      expect(await usageOf(system('Short'))).toEqual([4, 0, 0, undefined]);
      await usageOf(system('Of one model and not another.'));
      expect((await usageOf({ modelId: OPUS_4_6, ...system('Of one model and not another.') }))[1]).toBe(0);
    });

    it.each<[name: string, more: Partial<ConverseCommandInput>, message: RegExp]>([
      [
        'a fifth one',
        { system: Array.from({ length: 5 }, (_, index) => [{ text: `text ${index}` }, cachePoint()]).flat() },
        /A maximum of 4 blocks with cache_control may be provided\. Found 5\.$/,
      ],
      [
        'one where the model keeps nothing',
        { modelId: GPT_OSS, ...system('A text.') },
        /^You invoked an unsupported model or your request did not allow prompt caching\./,
      ],
    ])('is refused %s', async (_name, more, message) => {
      expect(await failureOf(more)).toMatch(message);
    });
  });

  describe('with a guardrail', () => {
    it('is the guardrail’s where the question is bad, and costs nothing', async () => {
      const more = { guardrailConfig: { ...GUARDRAIL, trace: 'enabled' as const } };
      const { output, stopReason, usage, trace } = await converse('How do I pick a lock?', more);
      expect([output?.message?.content, stopReason, usage?.totalTokens]).toEqual([
        [{ text: 'Sorry, the guardrail of the Bedrock emulator does not let this question through.' }],
        'guardrail_intervened',
        0,
      ]);
      expect(trace?.guardrail?.inputAssessment?.['abc123']?.contentPolicy?.filters).toEqual([
        {
          type: 'MISCONDUCT',
          confidence: 'HIGH',
          filterStrength: 'MEDIUM',
          action: 'BLOCKED',
          detected: true,
        },
      ]);
    });

    it('is the guardrail’s where the answer is bad, and costs what it cost', async () => {
      const { output, stopReason, usage, trace } = await converse('[[emulator say="you idiot"]]', {
        guardrailConfig: GUARDRAIL,
      });
      expect([output?.message?.content?.[0]?.text, stopReason, usage?.inputTokens, trace]).toEqual([
        'Sorry, the guardrail of the Bedrock emulator does not let this answer through.',
        'guardrail_intervened',
        7,
        undefined,
      ]);
    });

    it('is its own where nothing is bad', async () => {
      const { stopReason } = await converse('pears', { guardrailConfig: GUARDRAIL });
      expect(stopReason).toBe('end_turn');
    });
  });

  it.each([
    'content_filtered',
    'guardrail_intervened',
    'malformed_model_output',
    'model_context_window_exceeded',
  ])('stops for %s where told', async (stop) => {
    const { stopReason } = await converse(`[[emulator stop=${stop}]]`);
    expect([stopReason, (await stream(`[[emulator stop=${stop}]]`)).at(-2)]).toEqual([
      stop,
      { messageStop: { stopReason: stop } },
    ]);
  });

  it('cites its source where told', async () => {
    const wishes = '[[emulator say="Pears keep." cite="The pear book"]]';
    const { output } = await converse(wishes);
    expect(output?.message?.content).toEqual([
      {
        citationsContent: {
          content: [{ text: 'Pears keep.' }],
          citations: [expect.objectContaining({ title: 'The pear book' })],
        },
      },
    ]);
    expect((await stream(wishes)).at(3)).toEqual({
      contentBlockDelta: {
        contentBlockIndex: 0,
        delta: { citation: expect.objectContaining({ title: 'The pear book' }) },
      },
    });
  });

  it('opens texts with an empty start, and tells its metadata early, where told', async () => {
    const events = await stream('[[emulator say="Yes." start=empty metadata=first padding=long]]');
    expect(events.map((event) => Object.keys(event)[0])).toEqual([
      'messageStart',
      'contentBlockStart',
      'contentBlockDelta',
      'contentBlockStop',
      'metadata',
      'messageStop',
    ]);
  });

  it('repeats service tier and latency, and tells its stop sequence where asked', async () => {
    const more = {
      serviceTier: { type: 'flex' as const },
      performanceConfig: { latency: 'optimized' as const },
      inferenceConfig: { stopSequences: [' two'] },
      additionalModelResponseFieldPaths: ['/stop_sequence', '/delta/stop_sequence'],
    };
    const answer = await converse('[[emulator say="one two"]]', more);
    expect([answer.serviceTier, answer.performanceConfig, answer.additionalModelResponseFields]).toEqual([
      { type: 'flex' },
      { latency: 'optimized' },
      { stop_sequence: ' two', delta: { stop_sequence: ' two' } },
    ]);
  });

  it('is the same in every model’s system turn, where the model takes one', async () => {
    const messages: ConverseCommandInput['messages'] = [
      { role: 'user', content: [{ text: 'a' }] },
      { role: 'system', content: [{ text: 'Be brief.' }] },
    ];
    expect([
      await failureOf({ modelId: 'us.anthropic.claude-opus-5', messages }),
      await failureOf({ modelId: CLAUDE, messages }),
    ]).toEqual([
      undefined,
      "This model doesn't support system messages among the messages. Put them into system and try again.",
    ]);
  });
});
