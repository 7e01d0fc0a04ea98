/** The rules that Converse and the Anthropic body share: who speaks when, and what a text may be. */
import { type EmulatedModel, foundationModelOf } from './models.ts';
import { refuse } from './service-error.ts';

export interface Turn {
  readonly role: string;
  /** The texts of the message, in order; other kinds of content are counted, not read. */
  readonly texts: readonly string[];
  readonly otherTokens: number;
}

/** ValidationException for the first rule broken, in the words of the service. */
export function checkConversation(turns: readonly Turn[], model: EmulatedModel): void {
  const spoken = turns.filter(({ role }) => role !== 'system');
  if (spoken[0]?.role !== 'user') {
    refuse(
      'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
    );
  }
  if (spoken.some(({ role }, index) => role === spoken[index - 1]?.role)) {
    refuse(
      'A conversation must alternate between user and assistant roles. Make sure the conversation alternates ' +
        'between user and assistant roles and try again.',
    );
  }
  for (const { texts } of turns) checkTexts(texts);
  const last = spoken.at(-1);
  if (last?.role === 'assistant') checkPrefill(last.texts.at(-1) ?? '', model);
}

/** The text of the last user message, where the emulator looks for its directive. */
export const lastUserText = (turns: readonly Turn[]): string =>
  turns.findLast(({ role }) => role === 'user')?.texts.join('\n') ?? '';

function checkTexts(texts: readonly string[]): void {
  for (const text of texts) {
    if (text === '') refuse('messages: text content blocks must be non-empty');
    if (!/\S/.test(text)) refuse('messages: text content blocks must contain non-whitespace text');
  }
}

function checkPrefill(text: string, model: EmulatedModel): void {
  if (model.takes?.assistantPrefill === false) {
    refuse(
      'This model does not support assistant message prefill. The conversation must end with a user message.',
    );
  }
  if (/\s$/.test(text)) refuse('messages: final assistant content cannot end with trailing whitespace');
}

/** What a model refuses of the settings every API of Bedrock has. */
export function checkSettings(settings: Settings, model: EmulatedModel): void {
  const { takes, outputTokensMax } = model;
  const { maxTokens, temperature, topP, stopSequences } = settings;
  if (maxTokens !== undefined && maxTokens > outputTokensMax) {
    refuse(
      `The maximum tokens you requested exceeds the model limit of ${outputTokensMax}. Try again with a maximum ` +
        `tokens value that is lower than ${outputTokensMax}.`,
    );
  }
  if (takes?.sampling === false && (temperature !== undefined || topP !== undefined)) {
    refuse(`${temperature === undefined ? '`top_p`' : '`temperature`'} is deprecated for this model.`);
  }
  if (takes?.temperatureWithTopP === false && temperature !== undefined && topP !== undefined) {
    refuse('`temperature` and `top_p` cannot both be specified for this model. Please use only one.');
  }
  if (takes?.stopSequences === false && stopSequences !== undefined && stopSequences.length > 0) {
    refuse("This model doesn't support the stopSequences field. Remove stopSequences and try again.");
  }
}

export interface Settings {
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  readonly stopSequences: readonly string[] | undefined;
}

export function checkInputLength(inputTokens: number, model: EmulatedModel): void {
  if (inputTokens > model.inputTokensMax) refuse('Input is too long for requested model.');
}

/** ValidationException where the model does not generate text. */
export function checkChat(model: EmulatedModel, operation: string): void {
  if (model.mode === 'chat') return;
  refuse(
    `The model ${foundationModelOf(model.id)} doesn't support ${operation}. Try again with another model.`,
  );
}
