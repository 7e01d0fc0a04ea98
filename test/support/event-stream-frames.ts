/** Event-stream frames made by the AWS SDK's own codec, so that ours is not its own judge. */
import { EventStreamCodec } from '@smithy/core/event-streams';
import { fromUtf8, toUtf8 } from '@smithy/core/serde';
import type { ConverseStreamEvent } from '../../shared/domain/converse.ts';

const codec = new EventStreamCodec(toUtf8, fromUtf8);

export function frameOf(headers: Readonly<Record<string, string>>, payload: string): Buffer {
  const typed = Object.entries(headers).map(([name, value]) => [name, { type: 'string', value }] as const);
  return Buffer.from(codec.encode({ headers: Object.fromEntries(typed), body: Buffer.from(payload) }));
}

/** A frame of ConverseStream. */
export const eventFrame = (event: ConverseStreamEvent): Buffer =>
  frameOf(
    { ':message-type': 'event', ':event-type': event.kind, ':content-type': 'application/json' },
    JSON.stringify(event.payload),
  );

export const exceptionFrame = (name: string, message: string): Buffer =>
  frameOf({ ':message-type': 'exception', ':exception-type': name }, JSON.stringify({ message }));
