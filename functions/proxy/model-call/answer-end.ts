/** How an answer ended, learnt from its events; the same for streamed and whole answers. */
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import type { ModelEvent, StopReason } from '../../../shared/domain/model-event.ts';
import type { TokenUsage } from '../../../shared/domain/usage.ts';

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** Watches the events of one answer. Its state is what they have said so far, in whatever order they came. */
export class AnswerEnd {
  hasText = false;
  hasToolCall = false;
  usage: TokenUsage | undefined;
  #reason: StopReason | undefined;

  observe(event: ModelEvent): void {
    switch (event.type) {
      case 'text-delta':
        this.hasText = true;
        return;
      case 'message-stop':
        this.#reason ??= event.reason;
        return;
      case 'usage':
        this.usage = event.usage;
        return;
      case 'tool-call-start':
        this.hasToolCall = true;
        return;
      default:
        return;
    }
  }

  /** OpenAI's finish reason. Throws where the answer did not end, or ended without anything usable. */
  finishReason(): FinishReason {
    switch (this.#reason) {
      case 'end':
      case 'stop-sequence':
        return 'stop';
      case 'length':
        return 'length';
      case 'tool-calls':
        return 'tool_calls';
      case 'content-filter':
        return 'content_filter';
      case 'malformed':
        // OpenAI has no such reason: text that came is an answer, none is a failure worth another try.
        if (this.hasText) return 'stop';
        throw new GatewayError(
          'model_error',
          'The model returned an answer that it could not form. Retry it.',
        );
      case undefined:
        throw new GatewayError('model_stream_error', 'The answer ended before the model had finished it.');
    }
  }
}
