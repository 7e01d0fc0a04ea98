/** The conversation so far as a model takes it: its thoughts, its tool calls, its turns. */
import type {
  AssistantBlock,
  Message,
  ModelCommand,
  TextBlock,
  ToolResultBlock,
  UserBlock,
} from '../../../shared/domain/conversation.ts';
import type { Model } from '../../../shared/domain/model.ts';
import type { Adapted } from './adapted.ts';
import { adaptCallIds } from './call-ids.ts';

/** Whether any message tells of a tool. */
export const tellsOfTools = (messages: readonly Message[]): boolean =>
  messages.some(({ content }) => content.some(({ type }) => type === 'tool-call' || type === 'tool-result'));

/** The command with its messages as the model takes them. */
export function adaptHistory(command: ModelCommand, model: Model): Adapted {
  const { takes } = model;
  const thoughts = takes.reasoningHistory
    ? { messages: command.messages, dropped: 0 }
    : withoutThoughts(command.messages);
  const spoken = mustWriteToolsOut(command, model)
    ? thoughts.messages.map(withToolsWrittenOut)
    : thoughts.messages;
  const plain = takes.tools.richResults ? spoken : spoken.map(withPlainResults);
  const parted = takes.tools.resultsWithTalk ? plain : plain.flatMap(partedResults);
  const messages = adaptCallIds(parted.map(withTextBesideDocuments), takes.tools.callIds);
  return {
    command: { ...command, messages },
    ignored: thoughts.dropped > 0 ? [command.paramNames.reasoningHistory] : [],
  };
}

/**
 * Converse wants tools wherever messages tell of them. Where none may be called, Claude is told so; any other model
 * could call what it is shown, so it is told of earlier calls in words.
 */
const mustWriteToolsOut = ({ toolUse, messages }: ModelCommand, { takes, capabilities }: Model): boolean =>
  (toolUse === undefined || toolUse.choice.type === 'none') &&
  !(takes.claudeFields && capabilities.includes('tools')) &&
  tellsOfTools(messages);

/** Thoughts that a model did not sign would be read as if it had said them aloud, and are left out. */
function withoutThoughts(messages: readonly Message[]): {
  readonly messages: readonly Message[];
  readonly dropped: number;
} {
  const kept = messages.map(
    (message): Message =>
      message.role === 'user' ? message : { role: 'assistant', content: message.content.filter(isNoThought) },
  );
  const sizeOf = (list: readonly Message[]) => list.reduce((sum, { content }) => sum + content.length, 0);
  const dropped = sizeOf(messages) - sizeOf(kept);
  return { messages: dropped === 0 ? messages : joined(kept.filter(saysSomething)), dropped };
}

const isNoThought = ({ type }: AssistantBlock): boolean =>
  type !== 'reasoning' && type !== 'redacted-reasoning';

const saysSomething = ({ content }: Message): boolean => content.some(({ type }) => type !== 'cache-point');

/** Where a message fell out, two of the user's meet: roles alternate. */
function joined(messages: readonly Message[]): readonly Message[] {
  const turns: Message[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (last?.role === 'user' && message.role === 'user') {
      turns[turns.length - 1] = { role: 'user', content: [...last.content, ...message.content] };
    } else {
      turns.push(message);
    }
  }
  return turns;
}

function withToolsWrittenOut(message: Message): Message {
  if (message.role === 'user') {
    return {
      role: 'user',
      content: message.content.flatMap((block) =>
        block.type === 'tool-result' ? toldResult(block) : [block],
      ),
    };
  }
  return {
    role: 'assistant',
    content: message.content.map((block) =>
      block.type === 'tool-call'
        ? { type: 'text', text: `[Called ${block.name} (${block.id}) with ${JSON.stringify(block.input)}]` }
        : block,
    ),
  };
}

const toldResult = ({ id, status, content }: ToolResultBlock): readonly UserBlock[] => [
  { type: 'text', text: status === 'error' ? `[The call ${id} failed:]` : `[The call ${id} returned:]` },
  ...content,
];

/** A failure told in words, and files beside the result that they came with. */
function withPlainResults(message: Message): Message {
  if (message.role === 'assistant') return message;
  const files: UserBlock[] = [];
  const content = message.content.map((block): UserBlock => {
    if (block.type !== 'tool-result') return block;
    files.push(...block.content.filter(({ type }) => type !== 'text'));
    return plainResult(block);
  });
  return files.length === 0
    ? { role: 'user', content }
    : { role: 'user', content: [...content, { type: 'text', text: 'From the tools:' }, ...files] };
}

function plainResult(result: ToolResultBlock): ToolResultBlock {
  const texts = result.content.filter((block) => block.type === 'text');
  const told =
    result.status === 'error' ? [{ type: 'text', text: 'The tool failed.' } as const, ...texts] : texts;
  return { ...result, content: told.length > 0 ? told : [{ type: 'text', text: 'See below.' }] };
}

/** A turn of results, a word of the assistant's, and a turn of what the user said beside them. */
function partedResults(message: Message): readonly Message[] {
  if (message.role === 'assistant') return [message];
  const results = message.content.filter(({ type }) => type === 'tool-result');
  const talk = message.content.filter(({ type }) => type !== 'tool-result');
  if (results.length === 0 || talk.every(({ type }) => type === 'cache-point')) return [message];
  return [
    { role: 'user', content: results },
    { role: 'assistant', content: [ACKNOWLEDGEMENT] },
    { role: 'user', content: talk },
  ];
}

const ACKNOWLEDGEMENT: TextBlock = { type: 'text', text: 'I have the results.' };

/** Bedrock refuses a turn with a document and no text. */
function withTextBesideDocuments(message: Message): Message {
  if (message.role === 'assistant') return message;
  const { content } = message;
  const isMute =
    content.some(({ type }) => type === 'document') && content.every(({ type }) => type !== 'text');
  return isMute ? { role: 'user', content: [...content, ATTACHED] } : message;
}

const ATTACHED: TextBlock = { type: 'text', text: 'See what is attached.' };
