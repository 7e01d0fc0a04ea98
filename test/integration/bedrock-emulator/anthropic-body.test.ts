import {
  type BedrockRuntimeClient,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { CLAUDE, collect, factsOf, RUNTIME_CLIENTS } from './clients.ts';

const OPUS_5_5 = 'us.anthropic.claude-opus-5-5';
const TOOL = {
  name: 'get_weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const use = (id: string) => ({ type: 'tool_use', id, name: 'get_weather', input: {} });
const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: '21 degrees' });
const PNG = Buffer.from('89504e470d0a1a0a', 'hex').toString('base64');
const image = (mediaType: string) => ({
  type: 'image',
  source: { type: 'base64', media_type: mediaType, data: PNG },
});

const asking = (content: unknown, more: object = {}) => ({
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 2000,
  messages: [{ role: 'user', content }],
  ...more,
});
const loop = (results: readonly object[], more: object = {}) =>
  asking('', {
    tools: [TOOL],
    messages: [
      { role: 'user', content: 'pears' },
      { role: 'assistant', content: [use('toolu_1'), use('toolu_2')] },
      { role: 'user', content: results },
    ],
    ...more,
  });

describe('Anthropic’s body in the Bedrock emulator', () => {
  let emulator: BedrockEmulator;
  let client: BedrockRuntimeClient;

  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0, promptCacheTokensMin: 4 });
    client = RUNTIME_CLIENTS['HTTP/1.1'](emulator.url);
  });
  afterAll(async () => {
    client.destroy();
    await emulator.close();
  });

  const invoke = async (body: object, more: object = {}): Promise<unknown> => {
    const answer = await client.send(
      new InvokeModelCommand({ modelId: CLAUDE, body: JSON.stringify(body), ...more }),
    );
    return JSON.parse(answer.body.transformToString());
  };
  const stream = async (body: object) => {
    const command = new InvokeModelWithResponseStreamCommand({ modelId: CLAUDE, body: JSON.stringify(body) });
    const chunks = await collect((await client.send(command)).body);
    return chunks.map((event): unknown => JSON.parse(Buffer.from(event.chunk?.bytes ?? []).toString('utf8')));
  };

  it('thinks, speaks and calls tools, whole as streamed', async () => {
    const wishes = `[[emulator think="Hm." say="I look." tool=get_weather args='{"city":"Oslo"}']]`;
    const more = { tools: [TOOL], thinking: { type: 'enabled', budget_tokens: 1024 } };
    const body = asking(wishes, more);
    const content = [
      { type: 'thinking', thinking: 'Hm.', signature: expect.any(String) },
      { type: 'text', text: 'I look.' },
      {
        type: 'tool_use',
        id: expect.stringMatching(/^toolu_bdrk_\w{22}$/),
        name: 'get_weather',
        input: { city: 'Oslo' },
      },
    ];
    expect(await invoke(body)).toMatchObject({ content, stop_reason: 'tool_use' });
    const events = await stream(body);
    const part = (index: number, name: string) =>
      events
        .map((event) => at(event, 'index') === index && at(event, 'delta', name))
        .filter((text) => typeof text === 'string')
        .join('');
    expect([
      part(0, 'thinking'),
      part(0, 'signature') !== '',
      part(1, 'text'),
      part(2, 'partial_json'),
    ]).toEqual(['Hm.', true, 'I look.', '{"city":"Oslo"}']);
    expect(events.filter((event) => at(event, 'type') === 'content_block_start')).toEqual([
      {
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'thinking', thinking: '', signature: '' },
      },
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      {
        type: 'content_block_start',
        index: 2,
        content_block: { type: 'tool_use', id: expect.any(String), name: 'get_weather', input: {} },
      },
    ]);
  });

  it('quotes what the tools said', async () => {
    expect(await invoke(loop([result('toolu_1'), result('toolu_2')]))).toMatchObject({
      content: [
        { type: 'text', text: 'This is the Bedrock emulator. The tools said: 21 degrees | 21 degrees' },
      ],
    });
  });

  it('keeps what stands before cache_control, and tells of it', async () => {
    const system = [
      { type: 'text', text: 'A system text: 24 bytes.', cache_control: { type: 'ephemeral', ttl: '1h' } },
    ];
    const usageOf = async () => at(await invoke(asking('pear', { system })), 'usage');
    const cached = { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 6 };
    expect([await usageOf(), await usageOf()]).toMatchObject([
      { input_tokens: 1, cache_creation_input_tokens: 6, cache_read_input_tokens: 0, cache_creation: cached },
      { input_tokens: 1, cache_creation_input_tokens: 0, cache_read_input_tokens: 6 },
    ]);
  });

  it('sees images', async () => {
    expect(await invoke(asking([image('image/png'), { type: 'text', text: 'pears' }]))).toMatchObject({
      stop_reason: 'end_turn',
    });
  });

  it('answers in a format', async () => {
    const output_config = { format: { type: 'json_schema', schema: TOOL.input_schema } };
    const text = at(await invoke(asking('pears', { output_config })), 'content', 0, 'text');
    expect(JSON.parse(String(text))).toEqual({ city: expect.any(String) });
  });

  it('says what a guardrail did', async () => {
    const guardrail = { guardrailIdentifier: 'abc123', guardrailVersion: '1' };
    expect([
      await invoke(asking('you moron'), guardrail),
      await invoke(asking('pears'), guardrail),
    ]).toMatchObject([
      { 'amazon-bedrock-guardrailAction': 'INTERVENED' },
      { 'amazon-bedrock-guardrailAction': 'NONE' },
    ]);
  });

  it.each<[name: string, body: object, message: string | RegExp, model?: string]>([
    ['a model in the body', asking('a', { model: 'x' }), 'model: Extra inputs are not permitted'],
    ['a stream in the body', asking('a', { stream: true }), 'stream: Extra inputs are not permitted'],
    [
      'a tool of the server',
      asking('a', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }),
      /^tools\.0: Input tag 'web_search_20250305' found/,
    ],
    [
      'a tool without a schema',
      asking('a', { tools: [{ name: 'x' }] }),
      'tools.0.custom.input_schema: Field required',
    ],
    [
      'an unknown tool',
      asking('a', { tools: [TOOL], tool_choice: { type: 'tool', name: 'x' } }),
      "Tool 'x' not found in provided tools",
    ],
    [
      'a call without a result',
      loop([result('toolu_1')]),
      /^messages\.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_2\./,
    ],
    [
      'a result without a call',
      loop([result('toolu_1'), result('toolu_2'), result('toolu_3')]),
      /^messages\.2\.content\.2: unexpected `tool_use_id` found in `tool_result` blocks: toolu_3\./,
    ],
    [
      'an image that is called what it is not',
      asking([image('image/gif')]),
      /Image does not match the provided media type image\/gif$/,
    ],
    [
      'thinking with a small budget',
      asking('a', { thinking: { type: 'enabled', budget_tokens: 1 } }),
      'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024',
    ],
    [
      'somebody else’s thoughts',
      asking('', {
        messages: [
          { role: 'user', content: 'a' },
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'x', signature: 'y' },
              { type: 'text', text: 'b' },
            ],
          },
          { role: 'user', content: 'c' },
        ],
      }),
      'messages.1.content.0: Invalid `signature` in `thinking` block',
    ],
    [
      'a forced tool where there is none',
      asking('a', { tools: [TOOL], tool_choice: { type: 'any' } }),
      'tool_choice: this model does not support forced tool use.',
      OPUS_5_5,
    ],
  ])('refuses %s', async (_name, body, message, modelId = CLAUDE) => {
    const failure = await invoke(body, { modelId }).then(() => undefined, factsOf);
    expect(failure).toEqual({
      name: 'ValidationException',
      status: 400,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });
});

/** What stands at the end of a path of keys. */
function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce(
    (inside, key) => (typeof inside === 'object' && inside !== null ? Reflect.get(inside, key) : undefined),
    value,
  );
}
