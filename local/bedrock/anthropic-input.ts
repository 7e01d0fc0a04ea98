/** The Anthropic Messages body that InvokeModel takes for Claude (`anthropic_version: bedrock-2023-05-31`). */
import type { Prompt } from './answer.ts';
import {
  checkConversation,
  checkInputLength,
  checkSettings,
  lastUserText,
  type Turn,
} from './conversation.ts';
import type { EmulatedModel } from './models.ts';
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

const VERSION = 'bedrock-2023-05-31';

/** Throws ServiceError for a body that Bedrock or the model would refuse. */
export function readAnthropic(body: Fields, model: EmulatedModel): Prompt {
  checkVersion(body);
  const settings = {
    maxTokens: readInteger(body['max_tokens']) ?? fieldRequired('max_tokens'),
    temperature: readNumber(body['temperature']),
    topP: readNumber(body['top_p']),
    stopSequences: readStrings(body['stop_sequences']),
  };
  checkRanges(settings);
  checkSettings(settings, model);
  const turns = readTurns(body, model);
  const inputTokens = countTurns(body, turns);
  checkInputLength(inputTokens, model);
  return {
    lastUserText: lastUserText(turns),
    inputTokens,
    maxTokens: settings.maxTokens,
    stopSequences: settings.stopSequences ?? [],
  };
}

/** What a body costs, for CountTokens; `max_tokens` may be absent there. */
export function countAnthropicTokens(body: Fields, model: EmulatedModel): number {
  checkVersion(body);
  return countTurns(body, readTurns(body, model));
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

function readTurns(body: Fields, model: EmulatedModel): readonly Turn[] {
  const messages = readList(body['messages']) ?? fieldRequired('messages');
  if (messages.length === 0) refuse('messages: at least one message is required');
  const turns = messages.map((item) => {
    const message = readObject(item) ?? {};
    return { role: readString(message['role']) ?? '', ...readContent(message['content']) };
  });
  checkConversation(turns, model);
  return turns;
}

/** Content is a string or a list of blocks; the text blocks are read, the others counted. */
function readContent(content: unknown): Omit<Turn, 'role'> {
  if (typeof content === 'string') return { texts: [content], otherTokens: 0 };
  const blocks = (readList(content) ?? []).map((block) => readObject(block) ?? {});
  return {
    texts: blocks.filter(({ type }) => type === 'text').map(({ text }) => readString(text) ?? ''),
    otherTokens: blocks
      .filter(({ type }) => type !== 'text')
      .reduce((sum, block) => sum + countBlockTokens(block), 0),
  };
}

function countTurns(body: Fields, turns: readonly Turn[]): number {
  const system = readContent(body['system'] ?? []);
  return [system, ...turns].reduce(
    (sum, { texts, otherTokens }) =>
      texts.reduce((inner, text) => inner + countTokens(text), sum + otherTokens),
    0,
  );
}

function fieldRequired(name: string): never {
  refuse(`${name}: Field required`);
}
