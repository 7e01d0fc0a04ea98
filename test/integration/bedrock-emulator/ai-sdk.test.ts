import { createAmazonBedrock } from '@ai-sdk/amazon-bedrock';
import { embed, embedMany, generateText, isStepCount, jsonSchema, streamText, tool } from 'ai';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { CLAUDE, CREDENTIALS } from './clients.ts';

describe('the Bedrock emulator, through the AI SDK', () => {
  let emulator: BedrockEmulator;
  let bedrock: ReturnType<typeof createAmazonBedrock>;

  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
    bedrock = createAmazonBedrock({ baseURL: emulator.url, region: 'us-east-1', ...CREDENTIALS });
  });
  afterAll(() => emulator.close());

  const asking = (prompt: string) => ({ model: bedrock(CLAUDE), prompt, maxRetries: 0 });

  it('generates text', async () => {
    const { text, finishReason, usage } = await generateText(asking('[[emulator say="Grüße, 🍐"]]'));
    expect({ text, finishReason, input: usage.inputTokens, output: usage.outputTokens }).toEqual({
      text: 'Grüße, 🍐',
      finishReason: 'stop',
      input: 8,
      output: 2,
    });
  });

  it('streams text', async () => {
    const { textStream, finishReason, usage } = streamText({
      ...asking('[[emulator tokens=200]]'),
      maxOutputTokens: 50,
    });
    const pieces: string[] = [];
    for await (const piece of textStream) pieces.push(piece);
    expect([pieces.length, await finishReason, (await usage).outputTokens]).toEqual([50, 'length', 50]);
  });

  it('throws the status of a refusal', async () => {
    await expect(generateText(asking('[[emulator fault=throttle]]'))).rejects.toMatchObject({
      name: 'AI_APICallError',
      statusCode: 429,
      message: 'Too many requests, please wait before trying again.',
    });
  });

  it('reports an exception in the middle of a stream', async () => {
    const errors: unknown[] = [];
    const { textStream } = streamText({
      ...asking('[[emulator tokens=4 fault=exception-mid-stream]]'),
      onError: ({ error }) => {
        errors.push(error);
      },
    });
    const pieces: string[] = [];
    for await (const piece of textStream) pieces.push(piece);
    expect([pieces.length, errors.length]).toEqual([2, 1]);
  });

  it('embeds', async () => {
    const { embedding, usage } = await embed({
      model: bedrock.embedding('amazon.titan-embed-text-v2:0'),
      value: 'Which pears keep?',
    });
    expect([embedding.length, usage.tokens]).toEqual([1024, 5]);
  });

  it('goes through a tool loop with thinking', async () => {
    const asked: unknown[] = [];
    const getWeather = tool({
      inputSchema: jsonSchema<{ city: string }>({
        type: 'object',
        properties: { city: { type: 'string' } },
        required: ['city'],
        additionalProperties: false,
      }),
      execute: (input) => {
        asked.push(input);
        return '21 degrees';
      },
    });
    const { text, steps } = await generateText({
      ...asking(`[[emulator tool=get_weather args='{"city":"Oslo"}']]`),
      tools: { get_weather: getWeather },
      stopWhen: isStepCount(3),
      providerOptions: { bedrock: { reasoningConfig: { type: 'enabled', budgetTokens: 1024 } } },
    });
    expect([asked, steps.length, text]).toEqual([
      [{ city: 'Oslo' }],
      2,
      'This is the Bedrock emulator. The tools said: 21 degrees',
    ]);
    expect(steps[0]?.reasoningText).toMatch(/^The Bedrock emulator thinks nothing/);
  });

  it.each(['cohere.embed-english-v3', 'cohere.embed-v4:0', 'amazon.nova-2-multimodal-embeddings-v1:0'])(
    'embeds several texts with %s',
    async (model) => {
      const { embeddings } = await embedMany({
        model: bedrock.embedding(model),
        values: ['pears', 'plums'],
        maxRetries: 0,
      });
      expect(embeddings.map((vector) => Math.hypot(...vector))).toEqual([
        expect.closeTo(1, 10),
        expect.closeTo(1, 10),
      ]);
    },
  );
});
