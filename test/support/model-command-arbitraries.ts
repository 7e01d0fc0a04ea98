/** Any request that a wire's reader can make, within what the domain says of it; thoughts are signed as the emulator signs. */
import fc from 'fast-check';
import { redactReasoning, signReasoning } from '../../local/bedrock/reasoning.ts';
import type {
  AnswerFormat,
  AssistantBlock,
  CachePoint,
  DocumentBlock,
  Message,
  ModelCommand,
  ParamNames,
  Reasoning,
  TextBlock,
  Tool,
  ToolCallBlock,
  ToolChoice,
  UserBlock,
} from '../../shared/domain/conversation.ts';
import { REASONING_EFFORTS } from '../../shared/domain/conversation.ts';

export const PARAM_NAMES: ParamNames = {
  messages: 'messages',
  outputTokensMax: 'max_completion_tokens',
  stopSequences: 'stop',
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  tools: 'tools',
  toolChoice: 'tool_choice',
  parallelToolCalls: 'parallel_tool_calls',
  answerFormat: 'response_format',
  reasoning: 'reasoning_effort',
  reasoningHistory: 'messages.reasoning_content',
  cachePoints: 'cache_control',
  serviceTier: 'service_tier',
  metadata: 'metadata',
};

/** A request for one greeting, which every model takes. */
export const GREETING: ModelCommand = {
  requestedModel: 'any',
  system: [],
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
  answerFormat: { type: 'text' },
  stopSequences: [],
  serviceTier: 'standard',
  metadata: {},
  paramNames: PARAM_NAMES,
  ignoredParams: [],
};

const media = (bytes: string) => ({
  base64: Buffer.from(bytes, 'latin1').toString('base64'),
  size: bytes.length,
});
export const PNG = { type: 'image', format: 'png', ...media('\x89PNG\r\n\x1a\n') } as const;
export const PDF = { type: 'document', format: 'pdf', name: 'report', ...media('%PDF-1.7') } as const;
export const WAV = { type: 'audio', format: 'wav', ...media('RIFF') } as const;
export const MP4 = { type: 'video', format: 'mp4', ...media('ftyp') } as const;

const textBlock = fc
  .string({ minLength: 1, maxLength: 12 })
  .filter((text) => text.trim() !== '' && text.isWellFormed())
  .map((text): TextBlock => ({ type: 'text', text }));
const cachePoint: fc.Arbitrary<CachePoint> = fc
  .constantFrom(undefined, '5m', '1h')
  .map((ttl) => ({ type: 'cache-point', ...(ttl !== undefined && { ttl }) }));

const schemaLeaf = fc.constantFrom<Record<string, unknown>>(
  { type: 'string', minLength: 2, format: 'uri' },
  { type: 'integer', minimum: 1, description: 'A count.' },
  { type: 'array', items: { type: 'object', properties: { a: { type: 'number' } } }, maxItems: 3 },
);
const schema = fc
  .record({ properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), schemaLeaf), closed: fc.boolean() })
  .map(({ properties, closed }) => ({
    type: 'object',
    properties,
    ...(closed && { additionalProperties: false }),
  }));

const TOOL_NAMES = ['weather', 'get_time', 'json_answer'] as const;
const tool = (name: string): fc.Arbitrary<Tool> =>
  fc.record(
    {
      name: fc.constant(name),
      parameters: schema,
      strict: fc.constantFrom('asked' as const, 'not-asked' as const),
      description: fc.constant('Does something.'),
      cachePoint,
    },
    { requiredKeys: ['name', 'parameters', 'strict'] },
  );
const tools = fc
  .subarray([...TOOL_NAMES], { minLength: 1 })
  .chain((names) => fc.tuple(...names.map(tool)))
  .chain((list) =>
    fc.record(
      {
        tools: fc.constant(list),
        choice: fc.constantFrom<ToolChoice>(
          { type: 'auto' },
          { type: 'required' },
          { type: 'none' },
          { type: 'tool', name: list[0]?.name ?? '' },
        ),
        parallel: fc.constantFrom('allowed' as const, 'forbidden' as const),
      },
      { requiredKeys: ['tools', 'choice'] },
    ),
  );

const callId = fc.oneof(
  fc.constantFrom('call_1', 'abcdefghi', 'tooluse_x-1', 'id with spaces', 'ü'),
  fc.string({ minLength: 1, maxLength: 80 }),
);
const call = fc
  .tuple(callId, fc.constantFrom(...TOOL_NAMES, 'forgotten'), fc.dictionary(fc.string(), fc.integer()))
  .map(([id, name, input]): ToolCallBlock => ({ type: 'tool-call', id, name, input }));
const thought = fc.string({ minLength: 1, maxLength: 12 }).map(
  (text): AssistantBlock => ({
    type: 'reasoning',
    text,
    signature: signReasoning(text),
  }),
);
const redacted = fc
  .string({ minLength: 1, maxLength: 8 })
  .map((text): AssistantBlock => ({ type: 'redacted-reasoning', base64: redactReasoning(text) }));

const anyMedia = fc.constantFrom<UserBlock>(PNG, PDF, WAV, MP4);
const userTalk = fc
  .tuple(
    fc.array(fc.oneof({ weight: 8, arbitrary: textBlock }, { weight: 1, arbitrary: anyMedia }), {
      minLength: 1,
      maxLength: 3,
    }),
    fc.option(cachePoint, { nil: undefined }),
  )
  .map(([blocks, point]): readonly UserBlock[] => [...blocks, ...(point === undefined ? [] : [point])]);

interface Exchange {
  readonly thoughts: readonly AssistantBlock[];
  readonly said: readonly TextBlock[];
  readonly calls: readonly ToolCallBlock[];
  readonly talk: readonly UserBlock[];
}
const exchange: fc.Arbitrary<Exchange> = fc.record({
  thoughts: fc.array(fc.oneof(thought, redacted), { maxLength: 1 }),
  said: fc.array(textBlock, { maxLength: 1 }),
  calls: fc.uniqueArray(call, { maxLength: 2, selector: ({ id }) => id }),
  talk: userTalk,
});

/** One exchange is what the assistant said and what the user answered. */
function turnsOf({ thoughts, said, calls, talk }: Exchange, chatter: 'alone' | 'beside'): readonly Message[] {
  const content = [...thoughts, ...said, ...calls];
  if (content.length === 0) return [];
  const results = calls.map(
    ({ id }, index): UserBlock => ({
      type: 'tool-result',
      id,
      status: index === 0 ? 'success' : 'error',
      content: [{ type: 'text', text: 'Sunny.' }],
    }),
  );
  return [
    { role: 'assistant', content },
    { role: 'user', content: results.length > 0 && chatter === 'alone' ? results : [...results, ...talk] },
  ];
}

const messages = fc
  .record({
    opening: userTalk,
    exchanges: fc.array(fc.tuple(exchange, fc.constantFrom('alone' as const, 'beside' as const)), {
      maxLength: 3,
    }),
    prefill: fc.option(textBlock, { nil: undefined, freq: 6 }),
  })
  .map(({ opening, exchanges, prefill }): readonly Message[] =>
    withDistinctNames([
      { role: 'user', content: opening },
      ...exchanges.flatMap(([one, chatter]) => turnsOf(one, chatter)),
      ...(prefill === undefined ? [] : [{ role: 'assistant', content: [prefill] } as const]),
    ]),
  );

/** Readers give documents names of their own, and take five at most. */
function withDistinctNames(list: readonly Message[]): readonly Message[] {
  let documents = 0;
  const named = (block: UserBlock): readonly UserBlock[] => {
    if (block.type !== 'document') return [block];
    documents += 1;
    const document: DocumentBlock = { ...block, name: `document-${documents}` };
    return documents > 5 ? [{ type: 'text', text: 'Too many.' }] : [document];
  };
  return list.map((message) =>
    message.role === 'user' ? { ...message, content: message.content.flatMap(named) } : message,
  );
}

const answerFormat = fc.oneof(
  { weight: 3, arbitrary: fc.constant<AnswerFormat>({ type: 'text' }) },
  { weight: 1, arbitrary: fc.constant<AnswerFormat>({ type: 'json' }) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.oneof(schema, fc.constant({ type: 'array' }), fc.constant({})),
        fc.constantFrom('asked' as const, 'not-asked' as const),
      )
      .map(([of, strict]): AnswerFormat => ({ type: 'json-schema', name: 'answer', schema: of, strict })),
  },
);
const reasoning = fc.oneof(
  fc.constantFrom(...REASONING_EFFORTS).map((effort): Reasoning => ({ type: 'effort', effort })),
  fc.integer({ min: 1, max: 20_000 }).map((count): Reasoning => ({ type: 'budget', tokens: count })),
  fc.constant<Reasoning>({ type: 'adaptive' }),
);

export const modelCommand: fc.Arbitrary<ModelCommand> = fc.record(
  {
    requestedModel: fc.constant('any'),
    system: fc.oneof(fc.constant([]), fc.tuple(textBlock), fc.tuple(textBlock, cachePoint)),
    messages,
    toolUse: tools,
    answerFormat,
    reasoning,
    outputTokensMax: fc.integer({ min: 1, max: 2_000 }),
    temperature: fc.double({ min: 0, max: 1, noNaN: true }),
    topP: fc.double({ min: 0, max: 1, noNaN: true }),
    topK: fc.integer({ min: 1, max: 500 }),
    stopSequences: fc.array(fc.constantFrom('STOP', '\n\n'), { maxLength: 2 }),
    serviceTier: fc.constantFrom('standard' as const, 'flex' as const, 'priority' as const),
    metadata: fc.constant({}),
    paramNames: fc.constant(PARAM_NAMES),
    ignoredParams: fc.constant([]),
  },
  {
    requiredKeys: [
      'requestedModel',
      'system',
      'messages',
      'answerFormat',
      'stopSequences',
      'serviceTier',
      'metadata',
      'paramNames',
      'ignoredParams',
    ],
  },
);
