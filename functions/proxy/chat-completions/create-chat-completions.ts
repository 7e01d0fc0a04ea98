/** `POST /v1/chat/completions`. */
import type { UseCase } from '../../../shared/http/message.ts';
import { answerCall, type CallDependencies } from '../model-call/answer-call.ts';
import { refuseUnsupportedHeaders } from '../wire/headers.ts';
import { parseChatRequest } from './request.ts';
import { chatWire } from './response.ts';

/** Answers a chat completion. */
export const createChatCompletions =
  (deps: CallDependencies): UseCase =>
  async (request) => {
    refuseUnsupportedHeaders(request.headers);
    const { command, stream, includeUsage } = parseChatRequest(request.body);
    return answerCall(deps, {
      request,
      command,
      mode: stream ? 'streamed' : 'whole',
      wire: chatWire({ includeUsage }),
    });
  };
