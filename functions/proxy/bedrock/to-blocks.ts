/** Messages and tools of a request as Converse takes them. */
import type {
  AssistantBlock,
  CachePoint,
  Message,
  TextBlock,
  Tool,
  UserBlock,
} from '../../../shared/domain/conversation.ts';
import type {
  ConverseBlock,
  ConverseBody,
  ConverseCachePoint,
  ConverseMessage,
  ConverseTool,
} from '../../../shared/domain/converse.ts';
import type { ToolAbilities } from '../../../shared/domain/model.ts';

/** Claude refuses an answer to be continued that ends in white space, so the last text of a last answer is trimmed. */
export const toMessages = (
  messages: readonly Message[],
  of: Pick<ToolAbilities, 'richResults'>,
): readonly ConverseMessage[] =>
  messages.map(({ role, content }, index) => ({
    role,
    content: content.map((block, part) => {
      const isPrefill = role === 'assistant' && index === messages.length - 1 && part === content.length - 1;
      return isPrefill && block.type === 'text' ? { text: block.text.trimEnd() } : toBlock(block, of);
    }),
  }));

export const toSystem = (system: readonly (TextBlock | CachePoint)[]): NonNullable<ConverseBody['system']> =>
  system.map((block) => (block.type === 'text' ? { text: block.text } : toCachePoint(block)));

/** `strict` stands where the model takes it: whoever calls this has seen to that. */
export const toTools = (tools: readonly Tool[]): readonly (ConverseTool | ConverseCachePoint)[] =>
  tools.flatMap((tool) => [
    {
      toolSpec: {
        name: tool.name,
        ...(tool.description !== undefined && { description: tool.description }),
        inputSchema: { json: tool.parameters },
        ...(tool.strict === 'asked' && { strict: true as const }),
      },
    },
    ...(tool.cachePoint === undefined ? [] : [toCachePoint(tool.cachePoint)]),
  ]);

const toCachePoint = ({ ttl }: CachePoint): ConverseCachePoint => ({
  cachePoint: { type: 'default', ...(ttl !== undefined && { ttl }) },
});

function toBlock(block: UserBlock | AssistantBlock, of: Pick<ToolAbilities, 'richResults'>): ConverseBlock {
  switch (block.type) {
    case 'text':
      return { text: block.text };
    case 'image':
      return { image: { format: block.format, source: { bytes: block.base64 } } };
    case 'document':
      return { document: { format: block.format, name: block.name, source: { bytes: block.base64 } } };
    case 'audio':
      return { audio: { format: block.format, source: { bytes: block.base64 } } };
    case 'video':
      return { video: { format: block.format, source: { bytes: block.base64 } } };
    case 'tool-call':
      return { toolUse: { toolUseId: block.id, name: block.name, input: block.input } };
    case 'tool-result':
      return {
        toolResult: {
          toolUseId: block.id,
          ...(of.richResults && { status: block.status }),
          content: block.content.map((part) => toBlock(part, of)),
        },
      };
    case 'reasoning':
      return { reasoningContent: { reasoningText: { text: block.text, signature: block.signature } } };
    case 'redacted-reasoning':
      return { reasoningContent: { redactedContent: block.base64 } };
    case 'cache-point':
      return toCachePoint(block);
  }
}
