/** The Anthropic Messages body that InvokeModel takes for Claude (`anthropic_version: bedrock-2023-05-31`). */
import { readAnthropicTurns, readContent, ttlOf } from './anthropic-blocks.ts';
import {
  type AnthropicTools,
  checkAnthropicPairing,
  checkFields,
  readAnthropicTools,
  readOutputFormat,
} from './anthropic-rules.ts';
import { checkCachePoints, checkConversation, checkInputLength, checkSettings } from './conversation.ts';
import { checkMedia } from './media-rules.ts';
import { type EmulatedModel, foundationModelOf } from './models.ts';
import type { Guard, Prompt } from './prompt.ts';
import { type CacheSegment, type PromptCache, uncachedTokens } from './prompt-cache.ts';
import { refuse } from './service-error.ts';
import { checkReasoning, checkThinkingLoop, readThinking } from './thinking-rules.ts';
import { countBlockTokens } from './tokens.ts';
import { type Block, lastToolResults, lastUserText, type Turn } from './turns.ts';
import { type Fields, readInteger, readList, readNumber, readString, readStrings } from './wire-value.ts';

const VERSION = 'bedrock-2023-05-31';

export interface AnthropicCall {
  readonly model: EmulatedModel;
  readonly cache: PromptCache;
  readonly guard: Guard | undefined;
}

/** Throws ServiceError for a body that Bedrock or the model would refuse. */
export function readAnthropic(body: Fields, { model, cache, guard }: AnthropicCall): Prompt {
  checkVersion(body);
  checkFields(body);
  const settings = {
    maxTokens: readInteger(body['max_tokens']) ?? fieldRequired('max_tokens'),
    temperature: readNumber(body['temperature']),
    topP: readNumber(body['top_p']),
    stopSequences: readStrings(body['stop_sequences']),
  };
  checkRanges(settings);
  checkSettings(settings, model);
  const conversation = readConversation(body, model);
  const { turns, tools } = conversation;
  const thinks = readThinks(body, { model, conversation, settings });
  const segments = segmentsOf(conversation);
  checkCachePoints(segments, model);
  const total = tokensOf(segments);
  checkInputLength(total, model);
  const use = cache.use(foundationModelOf(model.id), segments);
  const textSchema = readOutputFormat(body, model);
  return {
    lastUserText: lastUserText(turns),
    inputTokens: uncachedTokens(total, use),
    maxTokens: settings.maxTokens,
    stopSequences: settings.stopSequences ?? [],
    tools: tools.tools,
    toolChoice: tools.choice,
    callIds: 'toolu_bdrk_',
    toolResults: lastToolResults(turns),
    turns: turns.length,
    thinks,
    ...(textSchema !== undefined && { textSchema }),
    ...(guard !== undefined && { guard }),
    ...(use !== undefined && { cache: use }),
  };
}

/** What a body costs, for CountTokens; `max_tokens` may be absent there. */
export function countAnthropicTokens(body: Fields, model: EmulatedModel): number {
  checkVersion(body);
  return tokensOf(segmentsOf(readConversation(body, model)));
}

function checkVersion(body: Fields): void {
  const version = readString(body['anthropic_version']) ?? fieldRequired('anthropic_version');
  if (version !== VERSION) refuse('anthropic_version: Invalid value, expected "bedrock-2023-05-31"');
}

function checkRanges(settings: {
  maxTokens: number;
  temperature: number | undefined;
  topP: number | undefined;
}): void {
  const { maxTokens, temperature, topP } = settings;
  if (maxTokens < 1) refuse('max_tokens: Input should be greater than or equal to 1');
  for (const [name, value] of [
    ['temperature', temperature],
    ['top_p', topP],
  ] as const) {
    if (value !== undefined && (value < 0 || value > 1)) refuse(`${name}: range: 0..1`);
  }
}

interface Conversation {
  readonly turns: readonly Turn[];
  readonly system: readonly Block[];
  readonly tools: AnthropicTools;
}

function readConversation(body: Fields, model: EmulatedModel): Conversation {
  const messages = readList(body['messages']) ?? fieldRequired('messages');
  if (messages.length === 0) refuse('messages: at least one message is required');
  const turns = readAnthropicTurns(messages);
  checkConversation(turns, model);
  checkAnthropicPairing(turns);
  checkMedia(turns, model);
  checkReasoning(turns, model);
  return {
    turns,
    system: readContent(body['system'] ?? [], 'system'),
    tools: readAnthropicTools(body, model),
  };
}

function readThinks(
  body: Fields,
  of: {
    readonly model: EmulatedModel;
    readonly conversation: Conversation;
    readonly settings: { readonly maxTokens: number; readonly temperature: number | undefined };
  },
): boolean {
  const { choice } = of.conversation.tools;
  const forcesTool = choice !== 'auto' && choice !== 'none';
  const thinks = readThinking({ fields: body, ...of.settings, forcesTool }, of.model);
  if (thinks) checkThinkingLoop(of.conversation.turns, of.model);
  return thinks;
}

/** Everything that the cache compares, in its order: tools, system, messages. */
const segmentsOf = ({ turns, system, tools }: Conversation): readonly CacheSegment[] => [
  ...tools.items.flatMap(toolSegments),
  ...system.map((block) => segmentOf(block, 'system')),
  ...turns.flatMap(({ role, blocks }) => blocks.map((block) => segmentOf(block, role))),
];

function toolSegments({ cache_control: control, ...raw }: Fields): readonly CacheSegment[] {
  const ttl = ttlOf(control);
  const segment = { raw, role: 'tools', tokens: countBlockTokens(raw) };
  return ttl === undefined ? [segment] : [segment, { ttl }];
}

const segmentOf = (block: Block, role: string): CacheSegment =>
  block.kind === 'cache-point' ? { ttl: block.ttl } : { raw: block.raw, role, tokens: block.tokens };

const tokensOf = (segments: readonly CacheSegment[]): number =>
  segments.reduce((sum, segment) => sum + ('tokens' in segment ? segment.tokens : 0), 0);

function fieldRequired(name: string): never {
  refuse(`${name}: Field required`);
}
