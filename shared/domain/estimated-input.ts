/** What of a request is billed as input, for its estimate. */
import { isUtf8 } from 'node:buffer';
import type {
  AssistantBlock,
  DocumentBlock,
  ModelCommand,
  ToolResultBlock,
  UserBlock,
} from './conversation.ts';
import type { EstimatedInput } from './estimate.ts';
import type { Media } from './media-tokens.ts';

/**
 * Tools and the schema of an answer are prompt text, too: as JSON, which is longer than what a model's template makes
 * of it, with a preamble of the template's own: the schema's is a sentence or two, a tool's no longer than that of all
 * tools. A tool's template counts as a turn.
 */
export function estimatedInput(command: ModelCommand): EstimatedInput {
  const { system, messages, toolUse, answerFormat } = command;
  const tools = toolUse === undefined ? [] : toolUse.tools.map((tool) => JSON.stringify(tool));
  const schema = answerFormat.type === 'json-schema' ? [JSON.stringify(answerFormat)] : [];
  return {
    system: [
      ...system.flatMap((block) => (block.type === 'text' ? [block.text] : [])),
      ...(tools.length + schema.length === 0 ? [] : [TOOLS_PREAMBLE]),
      ...tools,
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
      return [block.text];
    case 'reasoning':
      // What is signed may be longer than the summary of it that can be read: the signature holds it, encrypted.
      return [block.text, block.signature];
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
      return [documentOf(block)];
    case 'audio':
    case 'video':
      return [{ kind: 'document', bytes: block.size }];
    case 'tool-result':
      return mediaOfResult(block);
    default:
      return [];
  }
}

/** Formats whose tokens are those of their text; all others hold more than can be seen in their bytes. */
const TEXT_FORMATS: ReadonlySet<DocumentBlock['format']> = new Set(['txt', 'md', 'csv', 'html']);

function documentOf({ format, base64, size }: DocumentBlock): Media {
  const bytes = Buffer.from(base64, 'base64');
  // What is not UTF-8 is read in an encoding that nobody named, and may be longer than it looks.
  return TEXT_FORMATS.has(format) && isUtf8(bytes)
    ? { kind: 'text', text: bytes.toString() }
    : { kind: 'document', bytes: size };
}

const mediaOfResult = ({ content }: ToolResultBlock): readonly Media[] => content.flatMap(mediaOf);
