import {
  type BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  type Message,
  type Tool,
} from '@aws-sdk/client-bedrock-runtime';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type BedrockEmulator, startBedrockEmulator } from '../../../local/bedrock/emulator.ts';
import { asking, collect, factsOf, RUNTIME_CLIENTS } from './clients.ts';

const MISTRAL_LARGE = 'mistral.mistral-large-2407-v1:0';
const LLAMA = 'us.meta.llama3-3-70b-instruct-v1:0';
const OPUS_5_5 = 'us.anthropic.claude-opus-5-5';

const WEATHER_SCHEMA = {
  type: 'object',
  properties: {
    city: { type: 'string', minLength: 1 },
    unit: { enum: ['celsius', 'fahrenheit'] },
    days: { type: 'integer', minimum: 1, maximum: 7 },
  },
  required: ['city', 'unit'],
  additionalProperties: false,
} as const;

const tool = (name: string, json: unknown = WEATHER_SCHEMA): Tool => ({
  toolSpec: { name, inputSchema: { json: JSON.parse(JSON.stringify(json)) } },
});
const TOOLS = { tools: [tool('get_weather'), tool('get_time')] };

const user = (...content: Message['content'] & object): Message => ({ role: 'user', content });
const assistant = (...content: Message['content'] & object): Message => ({ role: 'assistant', content });
const use = (toolUseId: string, name = 'get_weather') => ({ toolUse: { toolUseId, name, input: {} } });
const result = (toolUseId: string, text = '21 degrees') => ({
  toolResult: { toolUseId, content: [{ text }] },
});

describe('tools of the Bedrock emulator', () => {
  let emulator: BedrockEmulator;
  let client: BedrockRuntimeClient;

  beforeAll(async () => {
    emulator = await startBedrockEmulator({ tokenDelayMs: 0 });
    client = RUNTIME_CLIENTS['HTTP/1.1'](emulator.url);
  });
  afterAll(async () => {
    client.destroy();
    await emulator.close();
  });

  const converse = async (more: Partial<ConverseCommandInput>, text = 'pears') => {
    const { output, stopReason } = await client.send(
      new ConverseCommand({ ...asking(text), toolConfig: TOOLS, ...more }),
    );
    return { content: output?.message?.content, stopReason };
  };
  const failureOf = (more: Partial<ConverseCommandInput>) =>
    converse(more).then(
      () => undefined,
      (error: unknown) => factsOf(error).message,
    );
  const callsOf = async (more: Partial<ConverseCommandInput>, text = 'pears') =>
    (await converse(more, text)).content?.flatMap(({ toolUse }) => (toolUse === undefined ? [] : [toolUse]));

  it('are left alone where nothing asks for them', async () => {
    expect((await converse({})).stopReason).toBe('end_turn');
  });

  it.each([
    ['any', { any: {} }, 'get_weather'],
    ['tool', { tool: { name: 'get_time' } }, 'get_time'],
  ] as const)('are called where toolChoice.%s forces it', async (_name, toolChoice, name) => {
    expect(await converse({ toolConfig: { ...TOOLS, toolChoice } })).toEqual({
      content: [
        {
          toolUse: {
            toolUseId: expect.stringMatching(/^tooluse_[A-Za-z0-9]{22}$/),
            name,
            input: expect.objectContaining({ city: expect.any(String) }),
          },
        },
      ],
      stopReason: 'tool_use',
    });
  });

  it('are called side by side, with words before them, as the prompt asks', async () => {
    const args = JSON.stringify([{ city: 'Köln "am" Rhein' }, { city: 'Oslo' }]);
    const { content, stopReason } = await converse(
      {},
      `[[emulator say="Let me look." tools=get_weather,get_time args='${args}']]`,
    );
    expect([
      content?.map(({ text, toolUse }) => text ?? [toolUse?.name, toolUse?.input]),
      stopReason,
    ]).toEqual([
      ['Let me look.', ['get_weather', { city: 'Köln "am" Rhein' }], ['get_time', { city: 'Oslo' }]],
      'tool_use',
    ]);
    expect(new Set(content?.flatMap(({ toolUse }) => toolUse?.toolUseId ?? [])).size).toBe(2);
  });

  it('have ids of nine letters and digits where the model is of Mistral', async () => {
    const toolConfig = { ...TOOLS, toolChoice: { any: {} } };
    const calls = await callsOf({ modelId: MISTRAL_LARGE, toolConfig });
    expect(calls?.map(({ toolUseId }) => toolUseId)).toEqual([expect.stringMatching(/^[a-zA-Z0-9]{9}$/)]);
  });

  it('are streamed in torn and empty pieces that are the arguments again', async () => {
    const wishes = '[[emulator tools=get_weather,get_time]]';
    const { stream } = await client.send(new ConverseStreamCommand({ ...asking(wishes), toolConfig: TOOLS }));
    const events = await collect(stream);
    const started = events.flatMap(({ contentBlockStart }) =>
      contentBlockStart === undefined
        ? []
        : [[contentBlockStart.contentBlockIndex, contentBlockStart.start?.toolUse?.name]],
    );
    const pieces = [0, 1].map((index) =>
      events.flatMap(({ contentBlockDelta: delta }) =>
        delta?.contentBlockIndex === index ? [delta.delta?.toolUse?.input ?? '?'] : [],
      ),
    );
    const whole = await callsOf({}, wishes);
    expect(started).toEqual([
      [0, 'get_weather'],
      [1, 'get_time'],
    ]);
    expect(pieces.map((of) => JSON.parse(of.join('')))).toEqual(whole?.map(({ input }) => input));
    expect(pieces.map((of) => [of.length > 5, of.filter((piece) => piece === '').length > 1])).toEqual([
      [true, true],
      [true, true],
    ]);
    expect(events.at(-2)).toEqual({ messageStop: { stopReason: 'tool_use' } });
  });

  it('end their loop: an answer to results quotes them', async () => {
    const messages = [
      user({ text: '[[emulator tool=get_weather]]' }),
      assistant(use('t1'), use('t2')),
      user(result('t1', '21 degrees'), {
        toolResult: { toolUseId: 't2', content: [{ json: { sun: true } }] },
      }),
    ];
    expect(await converse({ messages })).toEqual({
      content: [{ text: 'This is the Bedrock emulator. The tools said: 21 degrees | {"sun":true}' }],
      stopReason: 'end_turn',
    });
  });

  it.each([
    ['max_tokens in the middle of a call', { inferenceConfig: { maxTokens: 3 } }, '', 'max_tokens'],
    ['malformed_tool_use', {}, 'stop=malformed_tool_use', 'malformed_tool_use'],
  ])('stop for %s', async (_name, more, wishes, stopReason) => {
    const answer = await converse(more, `[[emulator tool=get_weather ${wishes}]]`);
    expect([answer.stopReason, answer.content?.[0]?.toolUse?.input]).toEqual([stopReason, {}]);
  });

  it.each<[name: string, schema: object]>([
    ['nothing', { type: 'object' }],
    [
      'every type',
      {
        type: 'object',
        properties: Object.fromEntries(
          ['string', 'integer', 'number', 'boolean', 'null', 'array', 'object'].map((type) => [
            type,
            { type },
          ]),
        ),
      },
    ],
    [
      'const and enum',
      { type: 'object', properties: { a: { const: 5 }, b: { enum: [null, 'x'] } }, required: ['a', 'b'] },
    ],
    [
      'nested arrays',
      {
        type: 'object',
        properties: {
          rows: {
            type: 'array',
            minItems: 2,
            items: {
              type: 'array',
              minItems: 3,
              items: { type: 'integer', exclusiveMinimum: 7, exclusiveMaximum: 10 },
            },
          },
        },
        required: ['rows'],
      },
    ],
    [
      'tuples',
      {
        type: 'object',
        properties: {
          pair: {
            type: 'array',
            prefixItems: [{ type: 'string' }, { type: 'boolean' }],
            minItems: 2,
            maxItems: 2,
            items: { type: 'null' },
          },
        },
      },
    ],
    [
      'anyOf beside properties',
      {
        type: 'object',
        properties: { a: { anyOf: [{ type: 'string', format: 'date' }, { type: 'null' }] } },
        required: ['a'],
        anyOf: [{ required: ['b'], properties: { b: { type: 'number', multipleOf: 0.25, minimum: 1.3 } } }],
      },
    ],
    [
      'allOf',
      {
        type: 'object',
        allOf: [
          { properties: { a: { type: 'string', minLength: 30 } }, required: ['a'] },
          { properties: { b: { type: 'string', maxLength: 2 } }, required: ['b'] },
        ],
      },
    ],
    [
      'a schema within itself',
      {
        type: 'object',
        $defs: {
          node: {
            type: 'object',
            properties: {
              value: { type: 'string' },
              children: { type: 'array', items: { $ref: '#/$defs/node' } },
            },
            required: ['value'],
          },
        },
        properties: { tree: { $ref: '#/$defs/node' } },
        required: ['tree'],
      },
    ],
    [
      'bounds below zero',
      {
        type: 'object',
        properties: {
          t: { type: 'number', maximum: -4.5 },
          u: { type: 'integer', minimum: -3, maximum: -3 },
        },
        required: ['t', 'u'],
      },
    ],
    [
      'patterns',
      {
        type: 'object',
        properties: {
          zip: { type: 'string', pattern: '^\\d{5}$' },
          code: { type: 'string', pattern: '^[A-Z]{3}$' },
        },
        required: ['zip', 'code'],
      },
    ],
    ['more properties', { type: 'object', additionalProperties: { type: 'integer' }, minProperties: 2 }],
    ['several types', { type: 'object', properties: { a: { type: ['null', 'string'] } }, required: ['a'] }],
  ])('get arguments that are valid for a schema of %s', async (_name, schema) => {
    const [call] =
      (await callsOf({ toolConfig: { tools: [tool('any_tool', schema)], toolChoice: { any: {} } } })) ?? [];
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
    expect([call?.name, validate(call?.input), validate.errors]).toEqual(['any_tool', true, null]);
  });

  it.each<[name: string, more: Partial<ConverseCommandInput>, message: string]>([
    [
      'tool blocks without toolConfig',
      { toolConfig: undefined, messages: [user({ text: 'a' }), assistant(use('t1')), user(result('t1'))] },
      'The toolConfig field must be defined when using toolUse and toolResult content blocks.',
    ],
    [
      'a call without a result',
      { messages: [user({ text: 'a' }), assistant(use('t1'), use('t2')), user(result('t1'))] },
      'Expected toolResult blocks at messages.2.content for the following Ids: t2',
    ],
    [
      'a result without a call',
      { messages: [user({ text: 'a' }), assistant(use('t1')), user(result('t1'), result('t2'))] },
      'The number of toolResult blocks at messages.2.content exceeds the number of toolUse blocks of previous turn.',
    ],
    [
      'a result of another call',
      { messages: [user({ text: 'a' }), assistant(use('t1')), user(result('t9'))] },
      'Expected toolResult blocks at messages.2.content for the following Ids: t1',
    ],
    [
      'two calls of one id',
      { messages: [user({ text: 'a' }), assistant(use('t1'), use('t1')), user(result('t1'))] },
      'The toolUse blocks at messages.1.content contain duplicate Ids: t1',
    ],
    [
      'an error without words',
      {
        messages: [
          user({ text: 'a' }),
          assistant(use('t1')),
          user({ toolResult: { toolUseId: 't1', content: [], status: 'error' } }),
        ],
      },
      'The content field at messages.2.content.0.toolResult cannot be empty when status value is error.',
    ],
    [
      'an empty text in a result',
      { messages: [user({ text: 'a' }), assistant(use('t1')), user(result('t1', ''))] },
      'messages: text content blocks must be non-empty',
    ],
    [
      'talk beside results where the model is of Meta',
      {
        modelId: LLAMA,
        messages: [user({ text: 'a' }), assistant(use('t1')), user(result('t1'), { text: 'and?' })],
      },
      'messages.2.content: Conversation blocks and tool result blocks cannot be provided in the same turn.',
    ],
    [
      'a forced tool where the model takes none',
      { modelId: OPUS_5_5, toolConfig: { ...TOOLS, toolChoice: { any: {} } } },
      'The model returned the following errors: tool_choice: this model does not support forced tool use.',
    ],
    [
      'a choice that is none of the tools',
      { toolConfig: { ...TOOLS, toolChoice: { tool: { name: 'nap' } } } },
      'The tool named nap in toolConfig.toolChoice.tool is none of toolConfig.tools.',
    ],
    [
      'tools where the model takes none',
      { modelId: 'amazon.titan-text-express-v1' },
      "This model doesn't support tool use.",
    ],
    [
      'a schema that is no object',
      { toolConfig: { tools: [tool('x', { type: 'string' })] } },
      'The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.',
    ],
    [
      'no tools',
      { toolConfig: { tools: [] } },
      "1 validation error detected: Value at 'toolConfig.tools' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      'a name with a space',
      { toolConfig: { tools: [tool('get weather')] } },
      "1 validation error detected: Value at 'toolConfig.tools.1.member.toolSpec.name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9_-]+$",
    ],
    [
      'strict where the model knows no strict',
      {
        modelId: OPUS_5_5,
        toolConfig: {
          tools: [{ toolSpec: { name: 'x', strict: true, inputSchema: { json: { type: 'object' } } } }],
        },
      },
      'The model returned the following errors: tools.0.custom.strict: Extra inputs are not permitted',
    ],
    [
      'strict with an open object',
      {
        toolConfig: {
          tools: [{ toolSpec: { name: 'x', strict: true, inputSchema: { json: { type: 'object' } } } }],
        },
      },
      "The model returned the following errors: tools.0.custom: For 'object' type, 'additionalProperties' must be explicitly set to false",
    ],
    [
      'a tool_choice of both kinds',
      {
        toolConfig: { ...TOOLS, toolChoice: { auto: {} } },
        additionalModelRequestFields: { tool_choice: { type: 'auto' } },
      },
      'The additional field tool_choice conflicts with an existing field.',
    ],
  ])('refuse %s', async (_name, more, message) => {
    expect(await failureOf(more)).toBe(message);
  });
});
