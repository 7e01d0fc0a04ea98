/** What of a request is billed as input, for its estimate. */
import type { AssistantBlock, ModelCommand, ToolResultBlock, UserBlock } from './conversation.ts';
import type { EstimatedInput } from './estimate.ts';
import type { Media } from './media-tokens.ts';

/**
 * Tools and the schema of an answer are prompt text, too: as JSON, which is longer than what a model's template makes
 * of it, with a preamble of the template's own. A tool's template counts as a turn.
 */
export function estimatedInput(command: ModelCommand): EstimatedInput {
  const { system, messages, toolUse, answerFormat } = command;
  const tools = toolUse === undefined ? [] : toolUse.tools.map((tool) => JSON.stringify(tool));
  const schema = answerFormat.type === 'json-schema' ? [JSON.stringify(answerFormat)] : [];
  return {
    system: [
      ...system.flatMap((block) => (block.type === 'text' ? [block.text] : [])),
      ...(tools.length === 0 ? [] : [TOOLS_PREAMBLE, ...tools]),
      ...schema,
    ],
    messages: messages.map(({ content }) => ({ texts: content.flatMap(textsOf) })),
    media: messages.flatMap(({ content }) => content.flatMap(mediaOf)),
  };
}

/** As long as the longest preamble that a provider documents for its tools (Anthropic: 346 tokens), and some. */
const TOOLS_PREAMBLE = ' '.repeat(512);

function textsOf(block: UserBlock | AssistantBlock): readonly string[] {
  switch (block.type) {
    case 'text':
    case 'reasoning':
      return [block.text];
    case 'tool-call':
      return [block.id + block.name + JSON.stringify(block.input)];
    case 'tool-result':
      return [block.id, ...block.content.flatMap(textsOf)];
    case 'redacted-reasoning':
      return [block.base64];
    default:
      return [];
  }
}

function mediaOf(block: UserBlock | AssistantBlock): readonly Media[] {
  switch (block.type) {
    case 'image':
      return [{ kind: 'image' }];
    case 'document':
    case 'audio':
    case 'video':
      return [{ kind: 'document', bytes: block.size }];
    case 'tool-result':
      return mediaOfResult(block);
    default:
      return [];
  }
}

const mediaOfResult = ({ content }: ToolResultBlock): readonly Media[] => content.flatMap(mediaOf);
