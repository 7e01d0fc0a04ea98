/** Tool calls of a stream, as sent and as read. */
import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import type { ConverseStreamEvent } from '../../shared/domain/converse.ts';

export interface Call {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

interface OpenCall extends Call {
  arguments: string;
}

/** What a client must read of Bedrock's events, in whatever order they come. */
export function expectedCalls(events: readonly ConverseStreamEvent[]): readonly Call[] {
  const calls: OpenCall[] = [];
  const open = new Map<number, OpenCall>();
  for (const { kind, payload } of events) {
    const { contentBlockIndex: index = -1, start, delta } = payload;
    end(open, endedBy(kind, { index, starts: start?.toolUse !== undefined }));
    if (start?.toolUse !== undefined) {
      const call = { id: start.toolUse.toolUseId ?? '', name: start.toolUse.name ?? '', arguments: '' };
      calls.push(call);
      open.set(index, call);
    }
    const call = open.get(index);
    if (call !== undefined) call.arguments += delta?.toolUse?.input ?? '';
  }
  return calls;
}

function end(open: Map<number, OpenCall>, ended: number | 'all' | undefined): void {
  for (const [index, call] of open) {
    if (ended !== 'all' && ended !== index) continue;
    // A call without arguments has an empty object.
    if (call.arguments === '') call.arguments = '{}';
    open.delete(index);
  }
}

/** The block that an event ends: by its end, by its beginning anew, or with all others by the end of the message. */
function endedBy(
  kind: string,
  of: { readonly index: number; readonly starts: boolean },
): number | 'all' | undefined {
  if (kind === 'messageStop') return 'all';
  return kind === 'contentBlockStop' || of.starts ? of.index : undefined;
}

type CallDelta = NonNullable<ChatCompletionChunk.Choice.Delta['tool_calls']>[number];

/** The calls that deltas add up to. Throws where an index is not the next, or a call is named twice or never. */
export function callsOf(deltas: readonly CallDelta[]): readonly Call[] {
  const calls: OpenCall[] = [];
  for (const { index, id, type, function: called } of deltas) {
    const known = calls[index];
    if (known === undefined) {
      if (index !== calls.length || id === undefined || type !== 'function' || called?.name === undefined) {
        throw new TypeError(`A call begins out of order: ${index} of ${calls.length}.`);
      }
      calls.push({ id, name: called.name, arguments: called.arguments ?? '' });
    } else {
      if (id !== undefined || called?.name !== undefined)
        throw new TypeError(`Call ${index} is named twice.`);
      known.arguments += called?.arguments ?? '';
    }
  }
  return calls;
}
