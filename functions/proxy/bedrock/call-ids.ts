/** Ids of tool calls as a model takes them. */
import { hash } from 'node:crypto';
import type { AssistantBlock, Message, UserBlock } from '../../../shared/domain/conversation.ts';
import type { ToolAbilities } from '../../../shared/domain/model.ts';

/** Service model of bedrock-runtime, ToolUseId. */
const BEDROCK_ID = /^[a-zA-Z0-9_.:-]{1,64}$/;
/** What Mistral's chat template takes. */
const NINE = /^[a-zA-Z0-9]{9}$/;
const NINE_LENGTH = 9;

/**
 * The messages with every id as the model takes it. An id that it takes stays; another becomes the digest of itself, so
 * that call and result still meet and the next request of the conversation says the same. Ids of answers are the
 * model's own and need no way back: sent again, they stay.
 */
export function adaptCallIds(
  messages: readonly Message[],
  style: ToolAbilities['callIds'],
): readonly Message[] {
  const ids = new Set(messages.flatMap(({ content }) => content.flatMap(idOf)));
  const pattern = style === 'nine' ? NINE : BEDROCK_ID;
  const foreign = [...ids].filter((id) => !pattern.test(id));
  if (foreign.length === 0) return messages;
  const taken = new Set([...ids].filter((id) => pattern.test(id)));
  const names = new Map<string, string>();
  for (const id of foreign) {
    const name = unusedDigest(id, { style, taken });
    taken.add(name);
    names.set(id, name);
  }
  return messages.map((message) => renamed(message, names));
}

const idOf = (block: UserBlock | AssistantBlock): readonly string[] =>
  block.type === 'tool-call' || block.type === 'tool-result' ? [block.id] : [];

function unusedDigest(
  id: string,
  of: { readonly style: ToolAbilities['callIds']; readonly taken: ReadonlySet<string> },
): string {
  for (let attempt = 0; ; attempt += 1) {
    const digest = hash('sha256', `${attempt} ${id}`, 'hex');
    const name = of.style === 'nine' ? digest.slice(0, NINE_LENGTH) : digest;
    if (!of.taken.has(name)) return name;
  }
}

function renamed(message: Message, names: ReadonlyMap<string, string>): Message {
  const rename = <Block extends UserBlock | AssistantBlock>(block: Block): Block =>
    block.type === 'tool-call' || block.type === 'tool-result'
      ? { ...block, id: names.get(block.id) ?? block.id }
      : block;
  return message.role === 'user'
    ? { role: 'user', content: message.content.map(rename) }
    : { role: 'assistant', content: message.content.map(rename) };
}
