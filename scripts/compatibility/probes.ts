/** Small requests, one for each thing that a model may or may not take, and how it looks where Bedrock itself is asked. */

import { REASONING_EFFORTS } from '../../shared/domain/conversation.ts';
import type { ConverseBlock, ConverseBody } from '../../shared/domain/converse.ts';

export interface Probe {
  /** The column's head. */
  readonly label: string;
  /** Added to a request of one message. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Names in `x-ignored-params` that mean that it had no effect. */
  readonly ignoredAs: readonly string[];
  /** What it is called where something of it is sent and something ignored; absent: ignored. */
  readonly whenPartly?: 'emulated';
  /** Whether Bedrock is asked for it in its own words; anything else that changes the call is an emulation. */
  readonly isNative: (body: ConverseBody) => boolean;
}

export interface ProbeGroup {
  readonly title: string;
  /** Sentences below the title. */
  readonly note: string;
  readonly probes: readonly Probe[];
}

const user = (content: unknown) => ({ messages: [{ role: 'user', content }] });
const parts = (...content: readonly unknown[]) => user([...content, { type: 'text', text: 'What is it?' }]);
const dataUrl = (type: string, bytes: string): string =>
  `data:${type};base64,${Buffer.from(bytes, 'latin1').toString('base64')}`;

const blocksOf = ({ messages }: ConverseBody): readonly ConverseBlock[] =>
  messages.flatMap(({ content }) => content);
const hasBlock =
  (kind: string) =>
  (body: ConverseBody): boolean =>
    blocksOf(body).some((block) => kind in block);
const ownFields = ({
  additionalModelRequestFields: fields = {},
}: ConverseBody): Readonly<Record<string, unknown>> => fields;
const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

const probe = (
  label: string,
  of: Pick<Probe, 'fields' | 'isNative'> & Partial<Pick<Probe, 'ignoredAs' | 'whenPartly'>>,
): Probe => ({ label, ignoredAs: Object.keys(of.fields), ...of });

const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const tool = (more: object = {}) => ({
  type: 'function',
  function: { name: 'weather', parameters: SCHEMA, ...more },
});
const LOOP = [
  { role: 'user', content: 'Hi' },
  {
    role: 'assistant',
    content: 'One moment.',
    tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{}' } }],
  },
  { role: 'tool', tool_call_id: 'call_1', content: 'Sunny' },
];

const TOOLS: ProbeGroup = {
  title: 'Tools',
  note: '“History” is a conversation with tool calls whose request has no tools; “with text” is a user message right after tool results; “ids” are OpenAI’s ids of calls.',
  probes: [
    probe('`tools`', { fields: { tools: [tool()] }, isNative: ({ toolConfig }) => toolConfig !== undefined }),
    probe('`tool_choice` required', {
      fields: { tools: [tool()], tool_choice: 'required' },
      isNative: ({ toolConfig }) => fieldOf(toolConfig?.toolChoice, 'any') !== undefined,
    }),
    probe('`tool_choice` by name', {
      fields: { tools: [tool()], tool_choice: { type: 'function', function: { name: 'weather' } } },
      isNative: ({ toolConfig }) => fieldOf(toolConfig?.toolChoice, 'tool') !== undefined,
    }),
    probe('`parallel_tool_calls` false', {
      fields: { tools: [tool()], parallel_tool_calls: false },
      ignoredAs: ['parallel_tool_calls'],
      isNative: (body) => fieldOf(ownFields(body)['tool_choice'], 'disable_parallel_tool_use') === true,
    }),
    probe('`strict`', {
      fields: { tools: [tool({ strict: true })] },
      ignoredAs: ['tools.strict'],
      isNative: ({ toolConfig }) =>
        toolConfig?.tools.some((one) => 'toolSpec' in one && one.toolSpec.strict === true) === true,
    }),
    probe('history', { fields: { messages: LOOP }, isNative: hasBlock('toolUse') }),
    probe('results with text', {
      fields: { tools: [tool()], messages: [...LOOP, { role: 'user', content: 'And?' }] },
      isNative: ({ messages }) => messages.length === 3,
    }),
    probe('ids', {
      fields: { tools: [tool()], messages: LOOP },
      isNative: (body) =>
        blocksOf(body).some((block) => 'toolUse' in block && block.toolUse.toolUseId === 'call_1'),
    }),
  ],
};

const schemaFormat = (strict: boolean) => ({
  type: 'json_schema',
  json_schema: { name: 'answer', schema: SCHEMA, strict },
});

const FORMAT: ProbeGroup = {
  title: 'Format of the answer',
  note: 'An emulated format is the arguments of a tool that the model must call or, where none can be forced, an instruction of which the first JSON value of the answer is kept. `strict` is honoured where a grammar holds the model to the schema.',
  probes: [
    probe('`json_object`', { fields: { response_format: { type: 'json_object' } }, isNative: () => false }),
    probe('`json_schema`', {
      fields: { response_format: schemaFormat(false) },
      isNative: ({ outputConfig }) => outputConfig?.textFormat !== undefined,
    }),
    probe('`json_schema`, `strict`', {
      fields: { response_format: schemaFormat(true) },
      ignoredAs: ['response_format.strict'],
      isNative: ({ outputConfig }) => outputConfig?.textFormat !== undefined,
    }),
  ],
};

const REASONING: ProbeGroup = {
  title: 'Reasoning',
  note: 'An emulated effort is the nearest that the model has: a word, or a budget of tokens. “Thoughts” are those of an earlier answer, signed, sent back.',
  probes: [
    ...REASONING_EFFORTS.map((effort) =>
      probe(`\`${effort}\``, {
        fields: { reasoning_effort: effort },
        isNative: (body) => saysEffort(body, effort),
      }),
    ),
    probe('budget', {
      fields: { thinking: { type: 'enabled', budget_tokens: 2000 } },
      isNative: (body) => fieldOf(ownFields(body)['thinking'], 'budget_tokens') === 2000,
    }),
    probe('adaptive', {
      fields: { thinking: { type: 'adaptive' } },
      isNative: (body) => fieldOf(ownFields(body)['thinking'], 'type') === 'adaptive',
    }),
    probe('thoughts', {
      fields: {
        messages: [
          { role: 'user', content: 'Hi' },
          {
            role: 'assistant',
            content: 'Hello.',
            thinking_blocks: [{ type: 'thinking', thinking: 'A greeting.', signature: 'c2lnbmVk' }],
          },
          { role: 'user', content: 'And?' },
        ],
      },
      ignoredAs: ['messages.reasoning_content'],
      isNative: hasBlock('reasoningContent'),
    }),
  ],
};

function saysEffort(body: ConverseBody, effort: string): boolean {
  const fields = ownFields(body);
  if (effort === 'none') return fieldOf(fields['thinking'], 'type') === 'disabled';
  const words = [
    body.outputConfig?.effort,
    fields['reasoning_effort'],
    fields['reasoning_config'],
    fieldOf(fields['reasoningConfig'], 'maxReasoningEffort'),
  ];
  return words.includes(effort);
}

const SAMPLING: ProbeGroup = {
  title: 'Sampling and length',
  note: '“Both” is `top_p` beside a temperature.',
  probes: [
    probe('`temperature`', {
      fields: { temperature: 0.5 },
      isNative: ({ inferenceConfig }) => inferenceConfig.temperature === 0.5,
    }),
    probe('`top_p`', {
      fields: { top_p: 0.5 },
      isNative: ({ inferenceConfig }) => inferenceConfig.topP === 0.5,
    }),
    probe('both', {
      fields: { temperature: 0.5, top_p: 0.5 },
      ignoredAs: ['top_p'],
      isNative: ({ inferenceConfig }) => inferenceConfig.topP === 0.5,
    }),
    probe('`top_k`', {
      fields: { top_k: 5 },
      isNative: (body) =>
        ownFields(body)['top_k'] === 5 || fieldOf(ownFields(body)['inferenceConfig'], 'topK') === 5,
    }),
    probe('`stop`', {
      fields: { stop: 'END' },
      isNative: ({ inferenceConfig }) => inferenceConfig.stopSequences !== undefined,
    }),
    probe('`max_completion_tokens`', {
      fields: { max_completion_tokens: 50 },
      isNative: ({ inferenceConfig }) => inferenceConfig.maxTokens === 50,
    }),
  ],
};

const isCached = (body: ConverseBody, ttl?: string): boolean =>
  blocksOf(body).some(
    (block) => 'cachePoint' in block && (ttl === undefined || block.cachePoint.ttl === ttl),
  );
const cached = (control: object) => user([{ type: 'text', text: 'Hi', cache_control: control }]);

const MESSAGES: ProbeGroup = {
  title: 'Messages',
  note: '“Continued” is an assistant message as the last one. Cache marks are `cache_control` and `prompt_cache_breakpoint`.',
  probes: [
    probe('system', {
      fields: {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Hi' },
        ],
      },
      isNative: ({ system }) => system !== undefined,
    }),
    probe('continued', {
      fields: {
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: 'Hello,' },
        ],
      },
      isNative: ({ messages }) => messages.at(-1)?.role === 'assistant',
    }),
    probe('images', {
      fields: parts({ type: 'image_url', image_url: { url: dataUrl('image/png', '\x89PNG\r\n\x1a\n') } }),
      isNative: hasBlock('image'),
    }),
    probe('documents', {
      fields: parts({
        type: 'file',
        file: { filename: 'a.txt', file_data: dataUrl('text/plain', 'Hi') },
      }),
      isNative: hasBlock('document'),
    }),
    probe('audio', {
      fields: parts({
        type: 'input_audio',
        input_audio: {
          format: 'wav',
          data: Buffer.from('RIFF\x04\x00\x00\x00WAVEfmt ', 'latin1').toString('base64'),
        },
      }),
      isNative: hasBlock('audio'),
    }),
    probe('video', {
      fields: parts({
        type: 'video_url',
        video_url: { url: dataUrl('video/mp4', '\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2') },
      }),
      isNative: hasBlock('video'),
    }),
    probe('cache marks', {
      fields: cached({ type: 'ephemeral' }),
      ignoredAs: ['cache_control'],
      isNative: (body) => isCached(body),
    }),
    probe('for an hour', {
      fields: cached({ type: 'ephemeral', ttl: '1h' }),
      ignoredAs: ['cache_control'],
      // What is kept for less is kept all the same.
      whenPartly: 'emulated',
      isNative: (body) => isCached(body, '1h'),
    }),
  ],
};

export const PROBE_GROUPS: readonly ProbeGroup[] = [TOOLS, FORMAT, REASONING, SAMPLING, MESSAGES];
