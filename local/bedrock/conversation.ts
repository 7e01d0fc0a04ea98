/** The rules that Converse and the Anthropic body share: who speaks when, and what a text may be. */
import type { Capability } from '../../shared/domain/model.ts';
import { familyRulesOf } from './family-rules.ts';
import { type EmulatedModel, foundationModelOf } from './models.ts';
import type { CacheSegment } from './prompt-cache.ts';
import { refuse, ServiceError } from './service-error.ts';
import { type Turn, textsOf } from './turns.ts';

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
  if (spoken.length < turns.length && !familyRulesOf(model).systemTurns) {
    refuse(
      "This model doesn't support system messages among the messages. Put them into system and try again.",
    );
  }
  for (const turn of turns) checkTexts(textsOf(turn));
  const last = spoken.at(-1);
  if (last?.role === 'assistant') checkPrefill(textsOf(last).at(-1) ?? '', model);
}

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

const CACHE_POINTS_MAX = 4;

/** ValidationException for too many cache points; AccessDeniedException where the family keeps no prompts. */
export function checkCachePoints(segments: readonly CacheSegment[], model: EmulatedModel): void {
  const count = segments.filter((segment) => 'ttl' in segment).length;
  if (count === 0) return;
  if (!familyRulesOf(model).caching) {
    throw new ServiceError(
      'AccessDeniedException',
      'You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more ' +
        'information.',
    );
  }
  if (count > CACHE_POINTS_MAX) {
    refuse(
      `The model returned the following errors: A maximum of ${CACHE_POINTS_MAX} blocks with cache_control may be ` +
        `provided. Found ${count}.`,
    );
  }
}

/** Calls `otherwise` where the catalogue says that the model cannot; one without capabilities can everything. */
export function checkCapability(model: EmulatedModel, capability: Capability, otherwise: () => never): void {
  if (model.capabilities?.includes(capability) === false) otherwise();
}

/** ValidationException where the model does not generate text. */
export function checkChat(model: EmulatedModel, operation: string): void {
  if (model.mode === 'chat') return;
  refuse(
    `The model ${foundationModelOf(model.id)} doesn't support ${operation}. Try again with another model.`,
  );
}
