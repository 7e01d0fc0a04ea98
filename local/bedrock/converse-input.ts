/** The body of Converse and ConverseStream, checked as the service does: types, then constraints, then the model. */
import type { Prompt } from './answer.ts';
import { Constraints } from './constraints.ts';
import {
  checkChat,
  checkConversation,
  checkInputLength,
  checkSettings,
  lastUserText,
  type Turn,
} from './conversation.ts';
import type { EmulatedModel } from './models.ts';
import { checkRequestMetadata, type RequestMetadata, readRequestMetadata } from './request-metadata.ts';
import { refuse } from './service-error.ts';
import { countBlockTokens, countTokens } from './tokens.ts';
import {
  type Fields,
  readInteger,
  readList,
  readNumber,
  readObject,
  readString,
  readStrings,
} from './wire-value.ts';

export interface ConverseInput {
  readonly prompt: Prompt;
  readonly requestMetadata: RequestMetadata;
}

/** Throws ServiceError for a body that Bedrock would refuse. */
export function readConverse(body: Fields, model: EmulatedModel): ConverseInput {
  checkChat(model, 'Converse');
  const { turns, systemTokens } = readConversation(body, model);
  const settings = readSettings(body);
  checkSettings(settings, model);
  const inputTokens = systemTokens + tokensOf(turns);
  checkInputLength(inputTokens, model);
  return {
    prompt: {
      lastUserText: lastUserText(turns),
      inputTokens,
      maxTokens: settings.maxTokens ?? model.outputTokensMax,
      stopSequences: settings.stopSequences ?? [],
    },
    requestMetadata: readRequestMetadata(body['requestMetadata']),
  };
}

/** What the messages and system texts of a body cost, for CountTokens. */
export function countConverseTokens(body: Fields, model: EmulatedModel): number {
  const { turns, systemTokens } = readConversation(body, model);
  return systemTokens + tokensOf(turns);
}

function readConversation(
  body: Fields,
  model: EmulatedModel,
): { turns: readonly Turn[]; systemTokens: number } {
  const turns = readTurns(body['messages']);
  const system = readList(body['system']) ?? [];
  checkConstraints(body, turns);
  if (system.length > 0 && model.takes?.systemMessages === false) {
    refuse(
      "This model doesn't support system messages. Try again without system messages or use a model that " +
        'supports system messages.',
    );
  }
  checkConversation(turns, model);
  return { turns, systemTokens: readSystemTokens(system) };
}

function readTurns(value: unknown): readonly Turn[] {
  return (readList(value) ?? []).map((item, index) => {
    const message = readObject(item) ?? {};
    const blocks = readList(message['content']) ?? [];
    if (blocks.length === 0) {
      refuse(
        `The content field in the Message object at messages.${index} is empty. Add a ContentBlock object to the ` +
          'content field and try again.',
      );
    }
    return { role: readString(message['role']) ?? '', ...readBlocks(blocks, `messages.${index}.content`) };
  });
}

/** The members of the ContentBlock union in the service model. */
const BLOCK_KINDS = new Set([
  'audio',
  'cachePoint',
  'citationsContent',
  'document',
  'guardContent',
  'image',
  'reasoningContent',
  'searchResult',
  'text',
  'toolResult',
  'toolUse',
  'video',
]);

function readBlocks(blocks: readonly unknown[], field: string): Omit<Turn, 'role'> {
  const texts: string[] = [];
  let otherTokens = 0;
  for (const [index, item] of blocks.entries()) {
    const block = readObject(item) ?? {};
    const [kind, ...others] = Object.keys(block);
    if (kind === undefined || others.length > 0 || !BLOCK_KINDS.has(kind)) {
      refuse(
        `The ContentBlock object at ${field}.${index} must set one of the following keys: ${[...BLOCK_KINDS].join(', ')}.`,
      );
    }
    if (kind === 'text') texts.push(readString(block['text']) ?? '');
    else otherTokens += countBlockTokens(block);
  }
  return { texts, otherTokens };
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

function checkConstraints(body: Fields, turns: readonly Turn[]): void {
  const settings = readSettings(body);
  const constraints = new Constraints();
  for (const [index, { role }] of turns.entries()) {
    constraints.oneOf(role, `messages.${index + 1}.member.role`, ['user', 'assistant', 'system']);
  }
  constraints.range(settings.maxTokens, 'inferenceConfig.maxTokens', { min: 1 });
  constraints.range(settings.temperature, 'inferenceConfig.temperature', { min: 0, max: 1 });
  constraints.range(settings.topP, 'inferenceConfig.topP', { min: 0, max: 1 });
  constraints.length(settings.stopSequences?.length, 'inferenceConfig.stopSequences', { min: 0, max: 2500 });
  for (const [index, sequence] of (settings.stopSequences ?? []).entries()) {
    constraints.length(sequence.length, `inferenceConfig.stopSequences.${index + 1}.member`, { min: 1 });
  }
  for (const [index, text] of readSystemTexts(readList(body['system']) ?? []).entries()) {
    constraints.length(text?.length, `system.${index + 1}.member.text`, { min: 1 });
  }
  checkRequestMetadata(readObject(body['requestMetadata']), constraints);
  constraints.settle();
}

const readSystemTexts = (system: readonly unknown[]): readonly (string | undefined)[] =>
  system.map((block) => readString(readObject(block)?.['text']));

const readSystemTokens = (system: readonly unknown[]): number =>
  readSystemTexts(system).reduce((sum, text) => sum + countTokens(text ?? ''), 0);

const tokensOf = (turns: readonly Turn[]): number =>
  turns.reduce(
    (sum, { texts, otherTokens }) =>
      texts.reduce((inner, text) => inner + countTokens(text), sum + otherTokens),
    0,
  );
