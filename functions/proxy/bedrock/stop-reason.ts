import type { StopReason } from '../../../shared/domain/model-event.ts';

/** Bedrock's stop reason in our terms. One that is not known yet still ended the answer. */
export function stopReasonOf(reason: string | undefined): StopReason {
  switch (reason) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'tool_use':
      return 'tool-calls';
    case 'content_filtered':
    case 'guardrail_intervened':
      return 'content-filter';
    case 'malformed_model_output':
    case 'malformed_tool_use':
      return 'malformed';
    case 'end_turn':
    case 'stop_sequence':
      return 'end';
    default:
      return 'end';
  }
}
