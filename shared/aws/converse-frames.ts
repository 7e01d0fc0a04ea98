/** The frames of ConverseStream as events, and the exceptions that a frame may carry. */
import type { ConverseStreamEvent, ConverseStreamPayload } from '../domain/converse.ts';
import type { bedrockError } from './bedrock-errors.ts';
import { type DecodedFrames, EventStreamError, type EventStreamFrame } from './event-stream.ts';

/** What one read from the network brought. */
export interface Batch {
  readonly events: readonly ConverseStreamEvent[];
  /** What follows the events: an exception of Bedrock, or bytes that are no event stream. */
  readonly failure?: Error;
}

/** The events of the frames, as far as they go. */
export function batchOf({ frames, corrupt }: DecodedFrames): Batch {
  const events: ConverseStreamEvent[] = [];
  try {
    for (const frame of frames) {
      const event = eventOf(frame);
      if (event !== undefined) events.push(event);
    }
  } catch (error) {
    return { events, failure: error instanceof Error ? error : new EventStreamError(String(error)) };
  }
  return corrupt === undefined ? { events } : { events, failure: corrupt };
}

/** Throws the exception that a frame carries. */
function eventOf({ headers, payload }: EventStreamFrame): ConverseStreamEvent | undefined {
  switch (headers[':message-type']) {
    case 'event':
      return { kind: headers[':event-type'] ?? '', payload: parseObject(payload) as ConverseStreamPayload };
    case 'exception':
      throw new BedrockException(exceptionOf(headers[':exception-type'], payload));
    case 'error':
      throw new BedrockException(errorOf(headers));
    default:
      // A kind of message that the protocol may gain: not an event of the answer.
      return undefined;
  }
}

function exceptionOf(name: string | undefined, payload: Buffer): Failure {
  const { message, originalStatusCode } = parseObject(payload);
  return {
    name: name ?? 'UnknownException',
    message: typeof message === 'string' ? message : '',
    ...(typeof originalStatusCode === 'number' && { originalStatus: originalStatusCode }),
  };
}

const errorOf = (headers: EventStreamFrame['headers']): Failure => ({
  name: headers[':error-code'] ?? 'UnknownError',
  message: headers[':error-message'] ?? '',
});

type Failure = Parameters<typeof bedrockError>[0];

/** What Bedrock refused or broke off with; the adapter translates it before it leaves. */
export class BedrockException extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = 'BedrockException';
    this.failure = failure;
  }
}

/** JSON that must be an object; its fields are still unknown. */
export function parseObject(bytes: Buffer): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(bytes.toString('utf8'));
  if (typeof value !== 'object' || value === null)
    throw new EventStreamError('Bedrock sent JSON that is no object.');
  return value as Record<string, unknown>;
}
