import {
  type BedrockRuntimeClient,
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { CLAUDE, collect, factsOf, GPT_OSS, PROTOCOLS, RUNTIME_CLIENTS } from './clients.ts';

const TITAN_EMBED = 'amazon.titan-embed-text-v2:0';
const CLAUDE_MODEL = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const messages = (text: string) => ({
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 100,
  messages: [{ role: 'user', content: text }],
});

describe.each(PROTOCOLS)('InvokeModel of the Bedrock emulator, through the AWS SDK over %s', (protocol) => {
  let emulator: BedrockEmulator;
  let client: BedrockRuntimeClient;

  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
    client = RUNTIME_CLIENTS[protocol](emulator.url);
  });
  afterAll(async () => {
    client.destroy();
    await emulator.close();
  });

  const invoke = async (modelId: string, body: object) => {
    const answer = await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
    const parsed: unknown = JSON.parse(answer.body.transformToString());
    return { contentType: answer.contentType, body: parsed };
  };
  const failureOf = (modelId: string, body: object) =>
    invoke(modelId, body).then(
      () => undefined,
      (error: unknown) => factsOf(error),
    );

  it("answers Anthropic's message with Anthropic's message", async () => {
    const asked = { ...messages('[[emulator say="one two three"]]'), stop_sequences: [' three'] };
    expect(await invoke(CLAUDE, asked)).toEqual({
      contentType: 'application/json',
      body: {
        id: expect.stringMatching(/^msg_bdrk_[0-9a-f]{32}$/),
        type: 'message',
        role: 'assistant',
        model: CLAUDE_MODEL,
        content: [{ type: 'text', text: 'one two' }],
        stop_reason: 'stop_sequence',
        stop_sequence: ' three',
        usage: { input_tokens: 8, output_tokens: 2 },
      },
    });
  });

  it("streams Anthropic's events in chunks", async () => {
    const { body, contentType } = await client.send(
      new InvokeModelWithResponseStreamCommand({
        modelId: CLAUDE,
        body: JSON.stringify(messages('[[emulator say="Grüße, 🍐"]]')),
      }),
    );
    const events: unknown[] = (await collect(body)).map((event) =>
      JSON.parse(Buffer.from(event.chunk?.bytes ?? []).toString('utf8')),
    );
    expect(contentType).toBe('application/json');
    expect(events).toEqual([
      {
        type: 'message_start',
        message: expect.objectContaining({ content: [], usage: { input_tokens: 8, output_tokens: 1 } }),
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Grüße,' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' 🍐' } },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: 2 },
      },
      {
        type: 'message_stop',
        'amazon-bedrock-invocationMetrics': {
          inputTokenCount: 8,
          outputTokenCount: 2,
          invocationLatency: expect.any(Number),
          firstByteLatency: expect.any(Number),
        },
      },
    ]);
  });

  it("counts the tokens of Anthropic's body", async () => {
    const input = { invokeModel: { body: Buffer.from(JSON.stringify(messages('Which pears keep?'))) } };
    const counted = await client.send(new CountTokensCommand({ modelId: CLAUDE_MODEL, input }));
    expect(counted.inputTokens).toBe(5);
  });

  it('counts no tokens for an inference profile', async () => {
    const input = { invokeModel: { body: Buffer.from(JSON.stringify(messages('pears'))) } };
    await expect(client.send(new CountTokensCommand({ modelId: CLAUDE, input }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it('reads requestMetadata from its header', async () => {
    emulator.generations.clear();
    const body = JSON.stringify(messages('pears'));
    await client.send(
      new InvokeModelCommand({
        modelId: CLAUDE,
        body,
        requestMetadata: JSON.stringify({ tenant: 'proj_1' }),
      }),
    );
    expect((await emulator.generations.whenBegun()).requestMetadata).toEqual({ tenant: 'proj_1' });
  });

  it.each([
    [{ max_tokens: 1, messages: [] }, 'anthropic_version: Field required'],
    [{ anthropic_version: 'bedrock-2023-05-31', messages: [] }, 'max_tokens: Field required'],
    [{ ...messages('pears'), max_tokens: 0 }, 'max_tokens: Input should be greater than or equal to 1'],
    [{ ...messages('pears'), temperature: 2 }, 'temperature: range: 0..1'],
    [{ ...messages('pears'), messages: [] }, 'messages: at least one message is required'],
    [messages(''), 'messages: text content blocks must be non-empty'],
  ])('refuses the body %j', async (body, message) => {
    expect(await failureOf(CLAUDE, body)).toEqual({ name: 'ValidationException', status: 400, message });
  });

  it('refuses models whose bodies it does not speak', async () => {
    expect(await failureOf(GPT_OSS, messages('pears'))).toMatchObject({ name: 'ValidationException' });
  });

  it.each([256, 512, 1024])('embeds a text into a unit vector of %d dimensions', async (dimensions) => {
    const { body } = await invoke(TITAN_EMBED, { inputText: 'Which pears keep?', dimensions });
    expect(body).toMatchObject({ inputTextTokenCount: 5, embedding: expect.any(Array) });
    const vector = vectorOf(body);
    expect([vector.length, Math.hypot(...vector)]).toEqual([dimensions, expect.closeTo(1, 10)]);
  });

  it('embeds the same text to the same vector and another text elsewhere', async () => {
    const [first, again, other] = [
      await invoke(TITAN_EMBED, { inputText: 'pears' }),
      await invoke(TITAN_EMBED, { inputText: 'pears' }),
      await invoke(TITAN_EMBED, { inputText: 'plums' }),
    ].map(({ body }) => vectorOf(body));
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
  });

  it.each([
    [
      {},
      'Malformed input request: #: required key [inputText] not found, please reformat your input and try again.',
    ],
    [
      { inputText: '' },
      'Malformed input request: expected minLength: 1, actual: 0, please reformat your input and try again.',
    ],
    [
      { inputText: 'pears', dimensions: 7 },
      'Malformed input request: #/dimensions: 7 is not a valid enum value, please reformat your input and try again.',
    ],
  ])('refuses to embed %j', async (body, message) => {
    expect(await failureOf(TITAN_EMBED, body)).toEqual({ name: 'ValidationException', status: 400, message });
  });
});

function vectorOf(body: unknown): readonly number[] {
  const vector: unknown =
    typeof body === 'object' && body !== null ? Reflect.get(body, 'embedding') : undefined;
  return Array.isArray(vector) ? vector.filter((value) => typeof value === 'number') : [];
}

describe('the headers of InvokeModel', () => {
  it('tell the tokens of a message and of an embedding', async () => {
    const emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
    const headersOf = async (model: string, body: object) => {
      const response = await fetch(`${emulator.url}/model/${encodeURIComponent(model)}/invoke`, {
        method: 'POST',
        headers: { authorization: 'Bearer key' },
        body: JSON.stringify(body),
      });
      await response.body?.cancel();
      return ['input', 'output'].map((kind) => response.headers.get(`x-amzn-bedrock-${kind}-token-count`));
    };
    const message = await headersOf(CLAUDE, messages('[[emulator tokens=3]]'));
    const embedding = await headersOf(TITAN_EMBED, { inputText: 'Which pears keep?' });
    await emulator.close();
    expect([message, embedding]).toEqual([
      ['6', '3'],
      ['5', null],
    ]);
  });
});
