/** `POST /v1/completions`, which OpenAI calls legacy. */
import type { UseCase } from '../../../shared/http/message.ts';
import { answerCall, type CallDependencies } from '../model-call/answer-call.ts';
import { refuseUnsupportedHeaders } from '../wire/headers.ts';
import { parseCompletionRequest } from './request.ts';
import { completionWire } from './response.ts';

/** Answers a prompt as a chat model answers one message. */
export const createCompletions =
  (deps: CallDependencies): UseCase =>
  async (request) => {
    refuseUnsupportedHeaders(request.headers);
    const { command, stream, includeUsage } = parseCompletionRequest(request.body);
    return answerCall(deps, {
      request,
      command,
      mode: stream ? 'streamed' : 'whole',
      wire: completionWire({ includeUsage }),
    });
  };
