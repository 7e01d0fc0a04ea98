/** What streamed and whole chat completions say alike. */
import type { AnswerFacts } from '../model-call/answer-wire.ts';

/** What every chunk of an answer repeats. */
export interface AnswerIdentity {
  /** `chatcmpl-…`. */
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  /** The model as the caller named it. */
  readonly model: string;
}

export const identityOf = ({ requestId, created, command }: AnswerFacts): AnswerIdentity => ({
  id: `chatcmpl-${requestId}`,
  created,
  model: command.requestedModel,
});
