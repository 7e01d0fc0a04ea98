/** The body of Converse and ConverseStream, checked as the service does: types, then constraints, then the model. */

import { readOutputFormat } from './anthropic-rules.ts';
import { Constraints } from './constraints.ts';
import {
  checkCachePoints,
  checkCapability,
  checkChat,
  checkConversation,
  checkInputLength,
  checkSettings,
} from './conversation.ts';
import { readSystem, readTurns } from './converse-blocks.ts';
import { CONVERSE_BODY } from './converse-shapes.ts';
import { readToolConfig } from './converse-tools.ts';
import { checkMedia } from './media-rules.ts';
import { type EmulatedModel, foundationModelOf } from './models.ts';
import type { Guard, Prompt } from './prompt.ts';
import { type CacheSegment, type PromptCache, uncachedTokens } from './prompt-cache.ts';
import { checkRequestMetadata, type RequestMetadata, readRequestMetadata } from './request-metadata.ts';
import { refuse } from './service-error.ts';
import { checkShape } from './shape.ts';
import { checkOwnFields, checkReasoning, checkThinkingLoop, readThinking } from './thinking-rules.ts';
import { checkToolPairing } from './tool-pairing.ts';
import { type Block, lastToolResults, lastUserText, type Turn, tokensOf } from './turns.ts';
import { type Fields, readInteger, readNumber, readObject, readString, readStrings } from './wire-value.ts';

export interface ConverseInput {
  readonly prompt: Prompt;
  readonly requestMetadata: RequestMetadata;
}

interface Conversation {
  readonly turns: readonly Turn[];
  readonly system: Turn;
  readonly tools: ReturnType<typeof readToolConfig>;
}

/** Throws ServiceError for a body that Bedrock would refuse. */
export function readConverse(
  body: Fields,
  { model, cache }: { readonly model: EmulatedModel; readonly cache: PromptCache },
): ConverseInput {
  checkChat(model, 'Converse');
  const conversation = readConversation(body, model);
  const { turns, tools } = conversation;
  const settings = readSettings(body);
  checkSettings(settings, model);
  const thinks = readModelFields(body, { model, conversation, settings });
  const total = totalTokens(conversation);
  checkInputLength(total, model);
  const segments = segmentsOf(conversation);
  checkCachePoints(segments, model);
  const use = cache.use(foundationModelOf(model.id), segments);
  const textSchema = readTextSchema(body, model);
  const guard = readGuard(body);
  return {
    prompt: {
      lastUserText: lastUserText(turns),
      inputTokens: uncachedTokens(total, use),
      maxTokens: settings.maxTokens ?? model.outputTokensMax,
      stopSequences: settings.stopSequences ?? [],
      tools: tools.tools,
      toolChoice: tools.choice,
      callIds: model.provider === 'mistral' ? 'nine' : 'tooluse_',
      toolResults: lastToolResults(turns),
      turns: turns.length,
      thinks,
      ...(textSchema !== undefined && { textSchema }),
      ...(guard !== undefined && { guard }),
      ...(use !== undefined && { cache: use }),
    },
    requestMetadata: readRequestMetadata(body['requestMetadata']),
  };
}

/** What the messages, system texts and tools of a body cost, for CountTokens. */
export const countConverseTokens = (body: Fields, model: EmulatedModel): number =>
  totalTokens(readConversation(body, model));

const totalTokens = ({ turns, system, tools }: Conversation): number =>
  turns.reduce((sum, { blocks }) => sum + tokensOf(blocks), tokensOf(system.blocks) + tools.tokens);

function readConversation(body: Fields, model: EmulatedModel): Conversation {
  const constraints = new Constraints();
  checkShape(body, CONVERSE_BODY, { field: '', constraints });
  checkRequestMetadata(readObject(body['requestMetadata']), constraints);
  constraints.settle();
  const turns = readTurns(body['messages']);
  const system = readSystem(body['system']);
  if (system.blocks.length > 0 && model.takes?.systemMessages === false) {
    refuse(
      "This model doesn't support system messages. Try again without system messages or use a model that " +
        'supports system messages.',
    );
  }
  checkConversation(turns, model);
  const tools = readToolConfig(body, { turns, model });
  checkToolPairing(turns, model);
  checkMedia(turns, model);
  checkReasoning(turns, model);
  return { turns, system, tools };
}

function readSettings(body: Fields) {
  const config = readObject(body['inferenceConfig']) ?? {};
  return {
    maxTokens: readInteger(config['maxTokens']),
    temperature: readNumber(config['temperature']),
    topP: readNumber(config['topP']),
    stopSequences: readStrings(config['stopSequences']),
  };
}

/** Whether the model thinks, by the fields that are its family's own. */
function readModelFields(
  body: Fields,
  of: {
    readonly model: EmulatedModel;
    readonly conversation: Conversation;
    readonly settings: ReturnType<typeof readSettings>;
  },
): boolean {
  const { model, conversation, settings } = of;
  const fields = readObject(body['additionalModelRequestFields']) ?? {};
  checkOwnFields(fields, model);
  const { choice } = conversation.tools;
  const { maxTokens, temperature } = settings;
  const thinks = readThinking(
    { fields, maxTokens, temperature, forcesTool: choice !== 'auto' && choice !== 'none' },
    model,
  );
  if (thinks) checkThinkingLoop(conversation.turns, model);
  return thinks;
}

/** The JSON schema of outputConfig, which travels as a string. */
function readTextSchema(body: Fields, model: EmulatedModel): unknown {
  const format = readObject(readObject(body['outputConfig'])?.['textFormat']);
  const definition = readObject(readObject(format?.['structure'])?.['jsonSchema']);
  if (definition === undefined) {
    return readOutputFormat(readObject(body['additionalModelRequestFields']) ?? {}, model);
  }
  checkCapability(model, 'structured-output', () =>
    refuse(
      "This model doesn't support the outputConfig.textFormat field. Remove outputConfig.textFormat and try again.",
    ),
  );
  try {
    return JSON.parse(readString(definition['schema']) ?? '');
  } catch {
    return refuse(
      'The value at outputConfig.textFormat.structure.jsonSchema.schema must be a valid JSON schema.',
    );
  }
}

function readGuard(body: Fields): Guard | undefined {
  const config = readObject(body['guardrailConfig']);
  const identifier = readString(config?.['guardrailIdentifier']) ?? '';
  if (config === undefined || identifier === '') return undefined;
  const version = readString(config['guardrailVersion']) ?? '';
  if (version === '') refuse('The guardrail version must be provided with the guardrail identifier.');
  const trace = readString(config['trace']);
  const traces = trace === 'enabled' || trace === 'enabled_full' ? trace : 'disabled';
  return { identifier, version, traces };
}

/** Everything that the cache compares, in its order: tools, system, messages. */
const segmentsOf = ({ turns, system, tools }: Conversation): readonly CacheSegment[] => [
  ...tools.segments,
  ...system.blocks.map((block) => segmentOf(block, 'system')),
  ...turns.flatMap(({ role, blocks }) => blocks.map((block) => segmentOf(block, role))),
];

const segmentOf = (block: Block, role: string): CacheSegment =>
  block.kind === 'cache-point' ? { ttl: block.ttl } : { raw: block.raw, role, tokens: block.tokens };
