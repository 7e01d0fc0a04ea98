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
    case 'stop_sequence':
      return 'stop-sequence';
    case 'end_turn':
      return 'end';
    default:
      return 'end';
  }
}

/** The sequence that stopped Claude, where the request asked for `/delta/stop_sequence`. */
export function stopSequenceOf(fields: unknown): { readonly stopSequence?: string } {
  if (typeof fields !== 'object' || fields === null) return {};
  const delta: unknown = Reflect.get(fields, 'delta');
  const sequence: unknown =
    typeof delta === 'object' && delta !== null ? Reflect.get(delta, 'stop_sequence') : undefined;
  return typeof sequence === 'string' ? { stopSequence: sequence } : {};
}
