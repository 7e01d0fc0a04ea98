/** Turns of a conversation, as any wire has them, made into messages as models take them. */
import type { AssistantBlock, CachePoint, Message, UserBlock } from '../../../shared/domain/conversation.ts';
import { within } from './json-value.ts';
import { refuseValue } from './refusal.ts';

/** The id of a tool call, and where the request says it. */
export interface CallId {
  readonly id: string;
  readonly param: string;
}

interface TurnFacts {
  /** Where it stands: `messages[3]`. */
  readonly param: string;
  /** The calls that an assistant's turn makes. */
  readonly calls?: readonly CallId[];
  /** The calls that a user's turn has results of. */
  readonly results?: readonly CallId[];
}

/** One turn; it may have nothing to say. */
export type Turn = TurnFacts &
  (
    | { readonly role: 'user'; readonly content: readonly UserBlock[] }
    | { readonly role: 'assistant'; readonly content: readonly AssistantBlock[] }
  );

/**
 * Messages whose roles alternate, the user's first, each tool call answered in the message after it. Refuses, by the
 * name of the field, a conversation that cannot be made so. `param` is the list of turns.
 */
export function messagesOf(turns: readonly Turn[], param: string): readonly Message[] {
  const spoken = turns.filter(({ content }) => content.some(({ type }) => type !== 'cache-point'));
  assertUserBegins(spoken, param);
  assertCallsAnswered(spoken);
  return joined(turns);
}

function assertUserBegins([first]: readonly Turn[], param: string): void {
  if (first === undefined) refuseValue(param, 'expected at least one user message with content.');
  else if (first.role !== 'user') {
    refuseValue(within(first.param, 'role'), 'a conversation must begin with a user message.');
  }
}

/** All results of an answer's calls follow it at once, in any order, each one once: Bedrock takes no others. */
function assertCallsAnswered(turns: readonly Turn[]): void {
  let open = new Map<string, string>();
  for (const { calls = [], results = [] } of turns) {
    for (const { id, param } of results) {
      if (!open.delete(id)) {
        refuseValue(param, 'no tool call of the message before it has this id and still waits for a result.');
      }
    }
    if (results.length > 0 && calls.length === 0) continue;
    refuseUnanswered(open);
    open = openCalls(calls);
  }
  refuseUnanswered(open);
}

function openCalls(calls: readonly CallId[]): Map<string, string> {
  const open = new Map<string, string>();
  for (const { id, param } of calls) {
    if (open.has(id)) refuseValue(param, 'another tool call of this message has the same id.');
    open.set(id, param);
  }
  return open;
}

function refuseUnanswered(open: ReadonlyMap<string, string>): void {
  const [param] = open.values();
  if (param !== undefined) {
    refuseValue(param, 'the message after a tool call must have its result, and none has this id.');
  }
}

/** Consecutive turns of one role become one message: Bedrock takes roles that alternate only. */
function joined(turns: readonly Turn[]): readonly Message[] {
  const groups: { readonly role: Turn['role']; readonly turns: Turn[] }[] = [];
  for (const turn of turns) {
    const last = groups.at(-1);
    // What says nothing by itself ends what was said before it, whoever did.
    if (last?.role === turn.role || turn.content.every(isPoint)) last?.turns.push(turn);
    else groups.push({ role: turn.role, turns: [turn] });
  }
  return groups.map((group) =>
    group.role === 'user'
      ? { role: 'user', content: tidyPoints<UserBlock>(group.turns.flatMap(userBlocks)) }
      : { role: 'assistant', content: tidyPoints<AssistantBlock>(group.turns.flatMap(assistantBlocks)) },
  );
}

const isPoint = (block: UserBlock | AssistantBlock): block is CachePoint => block.type === 'cache-point';

/** What a turn adds to a message of the user's, and of the assistant's. */
const userBlocks = (turn: Turn): readonly UserBlock[] =>
  turn.role === 'user' ? turn.content : turn.content.filter(isPoint);
const assistantBlocks = (turn: Turn): readonly AssistantBlock[] =>
  turn.role === 'assistant' ? turn.content : turn.content.filter(isPoint);

/** A cache point is for what stands before it: none begins a message, and of two in a row the last one counts. */
export function tidyPoints<Block extends UserBlock | AssistantBlock>(
  blocks: readonly Block[],
): readonly Block[] {
  if (!blocks.some(isPoint)) return blocks;
  const found = blocks.findIndex((block) => !isPoint(block));
  const first = found === -1 ? blocks.length : found;
  return blocks.filter((block, index) => {
    const next = blocks[index + 1];
    return !isPoint(block) || (index > first && (next === undefined || !isPoint(next)));
  });
}
