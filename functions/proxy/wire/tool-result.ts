/** Results of tool calls that the caller sends back, and the ids by which calls and results meet. */
import type { ToolResultBlock } from '../../../shared/domain/conversation.ts';
import { requireString } from './json-value.ts';
import { refuseMissing } from './refusal.ts';

/** What stands for a result without content, which Bedrock refuses. */
const NO_OUTPUT = '(no output)';

/** A result, with words for a content that is empty. */
export const toolResult = (result: Pick<ToolResultBlock, 'id' | 'status' | 'content'>): ToolResultBlock => ({
  type: 'tool-result',
  ...result,
  content: result.content.length === 0 ? [{ type: 'text', text: NO_OUTPUT }] : result.content,
});

/** The id of a call; which ids a model takes is the translation's affair. */
export function readCallId(value: unknown, param: string): string {
  const id = requireString(value, param);
  return id === '' ? refuseMissing(param) : id;
}
