import type { Admission } from '../../../shared/domain/admission.ts';
import { findModel } from '../../../shared/domain/catalogue.ts';
import type { Amounts } from '../../../shared/domain/limits.ts';
import { bodyText, proxyFixture } from '../../support/proxy-fixture.ts';

const OPUS_3 = 'anthropic.claude-3-opus-20240229-v1:0';
const HAIKU_4_5 = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const SONNET_4_5 = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const OPUS_4_6 = 'us.anthropic.claude-opus-4-6-v1';
const OPUS_4_8 = 'us.anthropic.claude-opus-4-8';
const FABLE_5 = 'us.anthropic.claude-fable-5';
const OPUS_5_5 = 'us.anthropic.claude-opus-5-5';
const NOVA_2 = 'us.amazon.nova-2-lite-v1:0';
const NOVA_PRO = 'amazon.nova-pro-v1:0';
const LLAMA = 'us.meta.llama3-3-70b-instruct-v1:0';
const MISTRAL = 'mistral.mistral-large-2407-v1:0';
const MINISTRAL = 'mistral.ministral-3-8b-instruct';
const GPT_OSS = 'openai.gpt-oss-120b-1:0';
const DEEPSEEK = 'deepseek.v3-v1:0';
const TITAN = 'amazon.titan-text-express-v1';
const QWEN = 'qwen.qwen3-32b-v1:0';

const HI = [{ role: 'user', content: 'Hi' }];
const weather = (more: object = {}) => ({
  type: 'function',
  function: {
    name: 'weather',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string', minLength: 1 } },
      required: ['city'],
    },
    ...more,
  },
});
const WEATHER_SPEC = {
  toolSpec: {
    name: 'weather',
    inputSchema: {
      json: { type: 'object', properties: { city: { type: 'string', minLength: 1 } }, required: ['city'] },
    },
  },
};
const LOOP = [
  ...HI,
  {
    role: 'assistant',
    content: null,
    tool_calls: [
      { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn"}' } },
    ],
  },
  { role: 'tool', tool_call_id: 'call_1', content: 'Sunny' },
];
const jsonSchema = (schema: object, strict = true) => ({
  type: 'json_schema',
  json_schema: { name: 'answer', schema, strict },
});
const CITY = {
  type: 'object',
  properties: { city: { type: 'string', minLength: 2 } },
  required: ['city'],
  additionalProperties: false,
};

/** What Bedrock got for a request, its tags aside, and what the answer said to have ignored. */
async function sent(model: string, fields: object) {
  const proxy = proxyFixture();
  const answer = await proxy.chat({ model, messages: HI, ...fields });
  const [call] = proxy.calls;
  const { requestMetadata: _tags, ...body } = call?.body ?? { requestMetadata: {} };
  return { ...body, ignored: answer.headers['x-ignored-params'] };
}

const ASKED = {
  messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
  inferenceConfig: { maxTokens: 4096 },
};

type Case = readonly [what: string, model: string, fields: object, expected: object];

const TOOLS: readonly Case[] = [
  [
    'a tool, called as the model likes',
    SONNET_4_5,
    { tools: [weather()] },
    { ...ASKED, toolConfig: { tools: [WEATHER_SPEC] } },
  ],
  [
    'any tool',
    NOVA_PRO,
    { tools: [weather()], tool_choice: 'required' },
    { ...ASKED, toolConfig: { tools: [WEATHER_SPEC], toolChoice: { any: {} } } },
  ],
  [
    'a certain tool',
    SONNET_4_5,
    { tools: [weather()], tool_choice: { type: 'function', function: { name: 'weather' } } },
    { ...ASKED, toolConfig: { tools: [WEATHER_SPEC], toolChoice: { tool: { name: 'weather' } } } },
  ],
  ['no tool', SONNET_4_5, { tools: [weather()], tool_choice: 'none' }, ASKED],
  [
    'one call at a time, which Claude alone can be told',
    SONNET_4_5,
    { tools: [weather()], tool_choice: 'required', parallel_tool_calls: false },
    {
      ...ASKED,
      toolConfig: { tools: [WEATHER_SPEC] },
      additionalModelRequestFields: { tool_choice: { type: 'any', disable_parallel_tool_use: true } },
    },
  ],
  [
    'one call at a time, which no other can be told',
    NOVA_PRO,
    { tools: [weather()], parallel_tool_calls: false },
    { ...ASKED, toolConfig: { tools: [WEATHER_SPEC] }, ignored: 'parallel_tool_calls' },
  ],
  [
    'strict of an open schema',
    SONNET_4_5,
    { tools: [weather({ strict: true })] },
    { ...ASKED, toolConfig: { tools: [WEATHER_SPEC] }, ignored: 'tools.strict' },
  ],
  [
    'strict of a closed schema, what Claude’s grammar lacks told in words',
    SONNET_4_5,
    { tools: [weather({ strict: true, parameters: CITY })] },
    {
      ...ASKED,
      toolConfig: {
        tools: [
          {
            toolSpec: {
              name: 'weather',
              strict: true,
              inputSchema: {
                json: { ...CITY, properties: { city: { type: 'string', description: '(minLength: 2)' } } },
              },
            },
          },
        ],
      },
    },
  ],
  [
    'strict, which Opus 4.8 refuses',
    OPUS_4_8,
    { tools: [weather({ strict: true, parameters: CITY })] },
    {
      ...ASKED,
      toolConfig: { tools: [{ toolSpec: { name: 'weather', inputSchema: { json: CITY } } }] },
      ignored: 'tools.strict',
    },
  ],
];

const plainResult = (toolUseId: string) => ({ toolResult: { toolUseId, content: [{ text: 'Sunny' }] } });
const result = (toolUseId: string) => ({
  toolResult: { ...plainResult(toolUseId).toolResult, status: 'success' },
});
const called = (toolUseId: string) => ({
  role: 'assistant',
  content: [{ toolUse: { toolUseId, name: 'weather', input: { city: 'Bonn' } } }],
});

const HISTORY: readonly Case[] = [
  [
    'a tool loop and what the user adds, in one turn',
    SONNET_4_5,
    { tools: [weather()], messages: [...LOOP, { role: 'user', content: 'And?' }] },
    {
      ...ASKED,
      messages: [
        ...ASKED.messages,
        called('call_1'),
        { role: 'user', content: [result('call_1'), { text: 'And?' }] },
      ],
      toolConfig: { tools: [WEATHER_SPEC] },
    },
  ],
  [
    'a tool loop and what the user adds, in turns of their own',
    LLAMA,
    { tools: [weather()], messages: [...LOOP, { role: 'user', content: 'And?' }] },
    {
      ...ASKED,
      messages: [
        ...ASKED.messages,
        called('call_1'),
        { role: 'user', content: [plainResult('call_1')] },
        { role: 'assistant', content: [{ text: 'I have the results.' }] },
        { role: 'user', content: [{ text: 'And?' }] },
      ],
      toolConfig: { tools: [WEATHER_SPEC] },
    },
  ],
  [
    'ids of nine letters and digits',
    MISTRAL,
    { tools: [weather()], messages: LOOP },
    {
      ...ASKED,
      messages: [
        ...ASKED.messages,
        called('4a57bd647'),
        { role: 'user', content: [plainResult('4a57bd647')] },
      ],
      toolConfig: { tools: [WEATHER_SPEC] },
    },
  ],
  [
    'a history of tools that Claude may not call any more',
    SONNET_4_5,
    { messages: LOOP },
    {
      ...ASKED,
      messages: [...ASKED.messages, called('call_1'), { role: 'user', content: [result('call_1')] }],
      toolConfig: {
        tools: [{ toolSpec: { name: 'weather', inputSchema: { json: { type: 'object', properties: {} } } } }],
      },
      additionalModelRequestFields: { tool_choice: { type: 'none' } },
    },
  ],
  [
    'a history of tools in words, for a model that could call them',
    NOVA_PRO,
    { messages: LOOP },
    {
      ...ASKED,
      messages: [
        ...ASKED.messages,
        { role: 'assistant', content: [{ text: '[Called weather (call_1) with {"city":"Bonn"}]' }] },
        { role: 'user', content: [{ text: '[The call call_1 returned:]' }, { text: 'Sunny' }] },
      ],
    },
  ],
];

const FORMATS: readonly Case[] = [
  [
    'a schema that the model itself is held to',
    QWEN,
    { response_format: jsonSchema(CITY) },
    {
      ...ASKED,
      outputConfig: {
        textFormat: {
          type: 'json_schema',
          structure: { jsonSchema: { name: 'answer', schema: JSON.stringify(CITY) } },
        },
      },
    },
  ],
  [
    'a schema as Claude’s grammar takes it',
    SONNET_4_5,
    { response_format: jsonSchema(CITY) },
    {
      ...ASKED,
      outputConfig: {
        textFormat: {
          type: 'json_schema',
          structure: {
            jsonSchema: {
              name: 'answer',
              schema: JSON.stringify({
                ...CITY,
                properties: { city: { type: 'string', description: '(minLength: 2)' } },
              }),
            },
          },
        },
      },
    },
  ],
  [
    'a schema with open objects, which Claude’s grammar would close',
    SONNET_4_5,
    { response_format: jsonSchema({ type: 'object', additionalProperties: { type: 'string' } }, false) },
    {
      ...ASKED,
      toolConfig: {
        tools: [
          {
            toolSpec: {
              name: 'json_answer',
              description: 'Gives the answer, in the format that was asked for.',
              inputSchema: { json: { type: 'object', additionalProperties: { type: 'string' } } },
            },
          },
        ],
        toolChoice: { tool: { name: 'json_answer' } },
      },
    },
  ],
  [
    'a schema as the arguments of a tool that must be called',
    NOVA_PRO,
    { response_format: jsonSchema(CITY) },
    {
      ...ASKED,
      toolConfig: {
        tools: [
          {
            toolSpec: {
              name: 'json_answer',
              description: 'Gives the answer, in the format that was asked for.',
              inputSchema: {
                json: { type: 'object', properties: CITY.properties, required: CITY.required },
              },
            },
          },
        ],
        toolChoice: { tool: { name: 'json_answer' } },
      },
      ignored: 'response_format.strict',
    },
  ],
  [
    'a schema in words, where no tool can be forced',
    LLAMA,
    { response_format: jsonSchema(CITY, false) },
    {
      ...ASKED,
      system: [
        {
          text: `Answer with JSON alone that is valid for this JSON Schema: no introduction, no explanation, no Markdown.\n${JSON.stringify(CITY)}`,
        },
      ],
    },
  ],
  [
    'any object, in words last in what the user says where there are no system texts',
    TITAN,
    { response_format: { type: 'json_object' } },
    {
      ...ASKED,
      messages: [
        {
          role: 'user',
          content: [
            { text: 'Hi' },
            {
              text: 'Answer with one JSON object and nothing else: no introduction, no explanation, no Markdown.',
            },
          ],
        },
      ],
    },
  ],
];

const thinking = (fields: object, more: object = {}) => ({
  ...ASKED,
  additionalModelRequestFields: fields,
  ...more,
});

const REASONING: readonly Case[] = [
  [
    'a budget on top of the default, and no sampling beside it',
    HAIKU_4_5,
    { reasoning_effort: 'medium', temperature: 0.5, top_k: 5 },
    {
      ...thinking({ thinking: { type: 'enabled', budget_tokens: 8192 } }),
      inferenceConfig: { maxTokens: 12_288 },
      ignored: 'temperature, top_k',
    },
  ],
  [
    'a budget that leaves room within the caller’s maximum',
    HAIKU_4_5,
    { reasoning_effort: 'high', max_completion_tokens: 3000 },
    {
      ...thinking({ thinking: { type: 'enabled', budget_tokens: 1976 } }),
      inferenceConfig: { maxTokens: 3000 },
    },
  ],
  [
    'no budget where there is no room for one',
    HAIKU_4_5,
    { reasoning_effort: 'high', max_completion_tokens: 2000 },
    { ...ASKED, inferenceConfig: { maxTokens: 2000 }, ignored: 'reasoning_effort' },
  ],
  [
    'adaptive thinking',
    OPUS_4_8,
    { reasoning_effort: 'minimal' },
    thinking({ thinking: { type: 'adaptive' } }, { outputConfig: { effort: 'low' } }),
  ],
  [
    'the most that Opus 4.6 can',
    OPUS_4_6,
    { reasoning_effort: 'max' },
    thinking({ thinking: { type: 'adaptive' } }, { outputConfig: { effort: 'max' } }),
  ],
  [
    'the most that Opus 4.8 can',
    OPUS_4_8,
    { reasoning_effort: 'max' },
    thinking({ thinking: { type: 'adaptive' } }, { outputConfig: { effort: 'xhigh' } }),
  ],
  ['no thinking', OPUS_4_8, { reasoning_effort: 'none' }, thinking({ thinking: { type: 'disabled' } })],
  [
    'no thinking of a model that cannot be told so',
    FABLE_5,
    { reasoning_effort: 'none' },
    { ...ASKED, ignored: 'reasoning_effort' },
  ],
  [
    'no thinking beside a tool that must be called',
    OPUS_4_8,
    { reasoning_effort: 'low', tools: [weather()], tool_choice: 'required' },
    thinking(
      { thinking: { type: 'disabled' } },
      { toolConfig: { tools: [WEATHER_SPEC], toolChoice: { any: {} } }, ignored: 'reasoning_effort' },
    ),
  ],
  [
    'no thinking in a tool loop without the thoughts that began it',
    HAIKU_4_5,
    { reasoning_effort: 'low', tools: [weather()], messages: LOOP },
    {
      ...ASKED,
      messages: [...ASKED.messages, called('call_1'), { role: 'user', content: [result('call_1')] }],
      toolConfig: { tools: [WEATHER_SPEC] },
      ignored: 'reasoning_effort',
    },
  ],
  ['an effort', GPT_OSS, { reasoning_effort: 'xhigh' }, thinking({ reasoning_effort: 'high' })],
  [
    'the least effort of a model that always thinks',
    GPT_OSS,
    { reasoning_effort: 'none' },
    thinking({ reasoning_effort: 'low' }, { ignored: 'reasoning_effort' }),
  ],
  ['DeepSeek’s word', DEEPSEEK, { reasoning_effort: 'low' }, thinking({ reasoning_config: 'low' })],
  [
    'Nova’s highest effort, without a maximum and without sampling',
    NOVA_2,
    { reasoning_effort: 'high', top_p: 0.5 },
    {
      ...thinking({ reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } }),
      inferenceConfig: {},
      ignored: 'top_p',
    },
  ],
  [
    'an effort below, where the caller set a maximum',
    NOVA_2,
    { reasoning_effort: 'high', max_tokens: 100 },
    {
      ...thinking({ reasoningConfig: { type: 'enabled', maxReasoningEffort: 'medium' } }),
      inferenceConfig: { maxTokens: 100 },
      ignored: 'reasoning_effort',
    },
  ],
];

const cached = (ttl?: string) => ({
  type: 'text',
  text: 'Long.',
  cache_control: { type: 'ephemeral', ...(ttl !== undefined && { ttl }) },
});
const point = (ttl?: string) => ({ cachePoint: { type: 'default', ...(ttl !== undefined && { ttl }) } });

const REST: readonly Case[] = [
  [
    'cache points for an hour',
    SONNET_4_5,
    { messages: [{ role: 'system', content: [cached('1h')] }, ...HI] },
    { ...ASKED, system: [{ text: 'Long.' }, point('1h')] },
  ],
  [
    'for as long as it keeps anything, where it keeps nothing for an hour',
    NOVA_PRO,
    { messages: [{ role: 'system', content: [cached('1h')] }, ...HI] },
    { ...ASKED, system: [{ text: 'Long.' }, point()], ignored: 'cache_control' },
  ],
  [
    'the last four of five, and none for longer than one before it',
    SONNET_4_5,
    {
      messages: [
        { role: 'system', content: [cached('1h'), cached('1h')] },
        { role: 'user', content: [cached(), cached('1h'), cached('5m')] },
      ],
    },
    {
      ...ASKED,
      system: [{ text: 'Long.' }, { text: 'Long.' }, point('1h')],
      messages: [
        {
          role: 'user',
          content: [{ text: 'Long.' }, point(), { text: 'Long.' }, point(), { text: 'Long.' }, point('5m')],
        },
      ],
      ignored: 'cache_control',
    },
  ],
  [
    'no cache point where nothing is kept',
    LLAMA,
    { messages: [{ role: 'user', content: [cached()] }] },
    {
      ...ASKED,
      messages: [{ role: 'user', content: [{ text: 'Long.' }] }],
      ignored: 'cache_control',
    },
  ],
  ['top_k as Claude spells it', OPUS_3, { top_k: 5 }, thinking({ top_k: 5 })],
  ['top_k as Nova spells it', NOVA_PRO, { top_k: 5 }, thinking({ inferenceConfig: { topK: 5 } })],
  ['top_k that is not taken', LLAMA, { top_k: 5 }, { ...ASKED, ignored: 'top_k' }],
  [
    'Claude’s own word for what stopped it',
    OPUS_3,
    { stop: ['END'] },
    {
      ...ASKED,
      inferenceConfig: { maxTokens: 4096, stopSequences: ['END'] },
      additionalModelResponseFieldPaths: ['/delta/stop_sequence'],
    },
  ],
  [
    'a document beside which nothing is said',
    SONNET_4_5,
    {
      messages: [
        {
          role: 'user',
          content: [{ type: 'file', file: { filename: 'a.txt', file_data: 'data:text/plain;base64,SGk=' } }],
        },
      ],
    },
    {
      ...ASKED,
      messages: [
        {
          role: 'user',
          content: [
            { document: { format: 'txt', name: 'a', source: { bytes: 'SGk=' } } },
            { text: 'See what is attached.' },
          ],
        },
      ],
    },
  ],
];

describe.each([
  ['tools', TOOLS],
  ['history', HISTORY],
  ['the format of the answer', FORMATS],
  ['reasoning', REASONING],
  ['cache, sampling, tiers and files', REST],
] as const)('%s', (_, cases) => {
  test.each(cases)('%s', async (_what, model, fields, expected) => {
    expect(await sent(model, fields)).toEqual({ ignored: undefined, ...expected });
  });
});

test.each([
  ['tools', TITAN, { tools: [weather()] }, 'tools'],
  ['a forced tool', OPUS_5_5, { tools: [weather()], tool_choice: 'required' }, 'tool_choice'],
  ['a certain tool', LLAMA, { tools: [weather()], tool_choice: 'required' }, 'tool_choice'],
  ['an effort of a model that does not reason', LLAMA, { reasoning_effort: 'low' }, 'reasoning_effort'],
  ['a budget of one', MINISTRAL, { thinking: { type: 'enabled', budget_tokens: 2000 } }, 'thinking'],
  ['stop sequences', GPT_OSS, { stop: 'END' }, 'stop'],
  ['stop sequences of white space', OPUS_3, { stop: ['END', '\n\n'] }, 'stop'],
  [
    'an image',
    LLAMA,
    {
      messages: [
        {
          role: 'user',
          content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }],
        },
      ],
    },
    'messages',
  ],
])('a model that does not take %s refuses it by its field', async (_, model, fields, param) => {
  await expect(sent(model, fields)).rejects.toMatchObject({ code: 'unsupported_value', param });
});

test('a budget that the answer’s maximum does not hold is refused', async () => {
  const fields = { thinking: { type: 'enabled', budget_tokens: 2000 }, max_tokens: 2000 };
  await expect(sent(HAIKU_4_5, fields)).rejects.toMatchObject({ code: 'invalid_value', param: 'thinking' });
});

const TOOL_ANSWER = {
  output: {
    message: {
      content: [
        { text: 'Here you are:' },
        { toolUse: { toolUseId: 'x', name: 'json_answer', input: { city: 'Bonn' } } },
      ],
    },
  },
  stopReason: 'tool_use',
  usage: { inputTokens: 1, outputTokens: 1 },
};

test('an answer by a tool is text, and the answer stops', async () => {
  const proxy = proxyFixture({ answer: TOOL_ANSWER });
  const answer = await proxy.chat({ model: NOVA_PRO, messages: HI, response_format: jsonSchema(CITY) });
  expect(JSON.parse(await bodyText(answer)).choices).toEqual([
    {
      index: 0,
      message: { role: 'assistant', content: '{"city":"Bonn"}', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ]);
});

test.each([
  [
    'whole, and streamed by us, of a model that streams none with tools',
    LLAMA,
    { tools: [weather()] },
    'calls',
  ],
  ['as it comes of the same model without tools', LLAMA, {}, 'stop'],
  ['as it comes of one that streams it', SONNET_4_5, { tools: [weather()] }, 'stop'],
])('a streamed answer is fetched %s', async (_, model, fields, expected) => {
  const content = [{ toolUse: { toolUseId: 'abcdefghi', name: 'weather', input: { city: 'Bonn' } } }];
  const usage = { inputTokens: 3, outputTokens: 4 };
  const proxy = proxyFixture({ answer: { output: { message: { content } }, stopReason: 'tool_use', usage } });
  const answer = await proxy.chat({ model, messages: HI, stream: true, ...fields });
  const text = await bodyText(answer);
  expect(text.includes('"finish_reason":"tool_calls"')).toBe(expected === 'calls');
  expect(text.includes(String.raw`{\"city\":\"Bonn\"}`)).toBe(expected === 'calls');
  const [record] = await proxy.records();
  expect([record?.outcome, record?.usage.output]).toEqual(['completed', expected === 'calls' ? 4 : 2]);
});

test('an answer in words is its first object', async () => {
  const text = 'Sure:\n```json\n{"a":"}{"}\n```';
  const proxy = proxyFixture({
    answer: { output: { message: { content: [{ text }] } }, stopReason: 'end_turn' },
  });
  const answer = await proxy.chat({ model: LLAMA, messages: HI, response_format: { type: 'json_object' } });
  expect(JSON.parse(await bodyText(answer)).choices[0].message.content).toBe('{"a":"}{"}');
});

const priced = findModel(QWEN);
if (priced?.price === undefined) throw new TypeError('The catalogue has no price of Qwen.');
const TIERED = { ...priced, price: { ...priced.price, otherTiers: { flex: priced.price } } };

test.each([
  ['flex', { type: 'flex' }],
  ['default', undefined],
])('the tier %s goes to Bedrock as its own word', async (tier, serviceTier) => {
  const proxy = proxyFixture({ catalogue: [TIERED] });
  await proxy.chat({ model: QWEN, messages: HI, service_tier: tier });
  expect(proxy.calls[0]?.body.serviceTier).toEqual(serviceTier);
});

describe('what is reserved is what is sent', () => {
  const reserved = async (model: string, fields: object): Promise<Amounts> => {
    const admissions: Admission[] = [];
    const proxy = proxyFixture({
      store: {
        admit: async (admission) => {
          admissions.push(admission);
          throw new Error('Enough is known.');
        },
      },
    });
    await expect(proxy.chat({ model, messages: HI, ...fields })).rejects.toThrow();
    return admissions[0]?.reserved ?? { tokens: 0, nanoUsd: 0 };
  };

  test('thoughts that come on top', async () => {
    const { tokens } = await reserved(HAIKU_4_5, {});
    expect(await reserved(HAIKU_4_5, { reasoning_effort: 'low' })).toMatchObject({ tokens: tokens + 2048 });
  });

  test('the words and tools that give an answer its format', async () => {
    const { tokens } = await reserved(HAIKU_4_5, {});
    const words = await reserved(HAIKU_4_5, { response_format: { type: 'json_object' } });
    expect(words.tokens).toBeGreaterThan(tokens + 90);
    // Haiku is given a tool in place of the schema: its preamble, name and description are paid for, too.
    const tool = await reserved(HAIKU_4_5, { response_format: jsonSchema(CITY) });
    expect(tool.tokens).toBeGreaterThan(tokens + JSON.stringify(CITY).length + 100);
  });

  test('an hour in the cache costs more, and none where nothing is kept', async () => {
    const inCache = (ttl?: string) => ({ messages: [{ role: 'user', content: [cached(ttl)] }] });
    const short = await reserved(SONNET_4_5, inCache());
    const long = await reserved(SONNET_4_5, inCache('1h'));
    expect(long.nanoUsd).toBeGreaterThan(short.nanoUsd);
    expect(await reserved(LLAMA, inCache('1h'))).toEqual(
      await reserved(LLAMA, { messages: [{ role: 'user', content: 'Long.' }] }),
    );
  });
});
