import {
  type BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { asking, collect, GPT_OSS, PROTOCOLS, RUNTIME_CLIENTS, textsOf } from './clients.ts';

describe.each(PROTOCOLS)('the Bedrock emulator, through the AWS SDK over %s', (protocol) => {
  let emulator: BedrockEmulator;
  let client: BedrockRuntimeClient;

  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0, random: () => 0.5 });
    client = RUNTIME_CLIENTS[protocol](emulator.url);
  });
  afterAll(async () => {
    client.destroy();
    await emulator.close();
  });

  const converse = (text: string, more: object = {}) =>
    client.send(new ConverseCommand({ ...asking(text), ...more }));
  const stream = async (text: string, more: object = {}) => {
    const answer = await client.send(new ConverseStreamCommand({ ...asking(text), ...more }));
    return collect(answer.stream);
  };
  const textOf = async (text: string, more: object = {}) =>
    (await converse(text, more)).output?.message?.content?.[0]?.text;

  it('says that it is an emulator and what it was asked', async () => {
    expect(await textOf('Which pears keep?')).toMatch(
      /^This is the Bedrock emulator, no model has read this\. You asked about "Which pears keep\?":( [a-z]+){20,60}$/,
    );
  });

  it('answers the same to the same prompt and differently to another', async () => {
    const [first, again, other] = [await textOf('pears'), await textOf('pears'), await textOf('plums')];
    expect([first === again, first === other?.replace('plums', 'pears')]).toEqual([true, false]);
  });

  it('answers whole with stop reason and usage', async () => {
    const { $metadata, ...answer } = await converse('[[emulator say="Two words."]]');
    expect(answer).toEqual({
      output: { message: { role: 'assistant', content: [{ text: 'Two words.' }] } },
      stopReason: 'end_turn',
      usage: {
        inputTokens: 8,
        outputTokens: 2,
        totalTokens: 10,
        cacheReadInputTokens: 0,
        cacheWriteInputTokens: 0,
      },
      metrics: { latencyMs: expect.any(Number) },
    });
    expect($metadata).toMatchObject({
      httpStatusCode: 200,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('streams a token an event, and usage last', async () => {
    expect(await stream('[[emulator say="Two words."]]')).toEqual([
      { messageStart: { role: 'assistant' } },
      { contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'Two' } } },
      { contentBlockDelta: { contentBlockIndex: 0, delta: { text: ' words.' } } },
      { contentBlockStop: { contentBlockIndex: 0 } },
      { messageStop: { stopReason: 'end_turn' } },
      {
        metadata: {
          metrics: { latencyMs: expect.any(Number) },
          usage: {
            inputTokens: 8,
            outputTokens: 2,
            totalTokens: 10,
            cacheReadInputTokens: 0,
            cacheWriteInputTokens: 0,
          },
        },
      },
    ]);
  });

  it('streams the same text that it answers whole', async () => {
    expect(textsOf(await stream('Which pears keep?')).join('')).toBe(await textOf('Which pears keep?'));
  });

  it('never splits a character of a text beyond ASCII', async () => {
    const said =
      'Grüße x🍐🍐🍐🍐🍐🍐🍐🍐🍐🍐🍐🍐🍐🍐🍐🍐🍐🍐🍐🍐 梨はどこですか、梨はどこですか、梨はどこですか 👩‍👩‍👧';
    const texts = textsOf(await stream(`[[emulator say="${said}"]]`));
    expect(texts.join('')).toBe(said);
    expect(texts.every((text) => text.isWellFormed())).toBe(true);
  });

  it.each([0, 1, 7, 200, 5000])('makes an answer of exactly %d tokens when told', async (tokens) => {
    const events = await stream(`[[emulator tokens=${tokens}]]`);
    expect(textsOf(events)).toHaveLength(tokens);
    expect(events.at(-1)?.metadata?.usage?.outputTokens).toBe(tokens);
  });

  it('ends at maxTokens', async () => {
    const answer = await converse('[[emulator tokens=9]]', { inferenceConfig: { maxTokens: 4 } });
    expect([answer.stopReason, answer.usage?.outputTokens]).toEqual(['max_tokens', 4]);
  });

  it('ends with end_turn where the answer is exactly as long as maxTokens', async () => {
    const answer = await converse('[[emulator tokens=4]]', { inferenceConfig: { maxTokens: 4 } });
    expect([answer.stopReason, answer.usage?.outputTokens]).toEqual(['end_turn', 4]);
  });

  it('ends before the earliest stop sequence, also inside a word', async () => {
    const more = { inferenceConfig: { stopSequences: ['never', 'ee', 'four'] } };
    const answer = await converse('[[emulator say="one two three four"]]', more);
    expect([answer.stopReason, answer.output?.message?.content, answer.usage?.outputTokens]).toEqual([
      'stop_sequence',
      [{ text: 'one two thr' }],
      3,
    ]);
  });

  it('looks for a directive in the last user message only', async () => {
    const messages = [
      { role: 'user' as const, content: [{ text: '[[emulator fault=throttle]]' }] },
      { role: 'assistant' as const, content: [{ text: '[[emulator fault=quota]]' }] },
      { role: 'user' as const, content: [{ text: 'pears' }, { text: '[[emulator say=plums]]' }] },
    ];
    expect(await textOf('', { messages })).toBe('plums');
  });

  it('counts tokens as it charges them', async () => {
    const conversation = { ...asking('Which pears keep?'), system: [{ text: 'Be brief.' }] };
    const counted = await client.send(
      new CountTokensCommand({ modelId: GPT_OSS, input: { converse: conversation } }),
    );
    const answer = await client.send(new ConverseCommand({ ...conversation, modelId: GPT_OSS }));
    expect([counted.inputTokens, answer.usage?.inputTokens]).toEqual([8, 8]);
  });

  it('shows each generation with its request id, metadata, body and tokens', async () => {
    emulator.generations.clear();
    const more = { requestMetadata: { tenant: 'proj_1' } };
    const answer = await converse('[[emulator tokens=3]]', more);
    const generation = await emulator.generations.whenBegun();
    await generation.ended;
    expect(generation).toMatchObject({
      requestId: answer.$metadata.requestId,
      operation: 'Converse',
      modelId: asking('').modelId,
      requestMetadata: { tenant: 'proj_1' },
      body: { messages: asking('[[emulator tokens=3]]').messages, requestMetadata: { tenant: 'proj_1' } },
      state: 'finished',
      tokensSent: 3,
    });
  });

  it('serves many calls at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => stream(`[[emulator tokens=${index}]]`)),
    );
    expect(answers.map((events) => textsOf(events).length)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });
});
