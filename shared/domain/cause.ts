import { GatewayError } from './gateway-error.ts';

/** What a log may say of a failure: the cause's kind, and where it was thrown. */
export interface CauseFacts {
  readonly cause?: string;
  readonly at?: string;
}

/**
 * The kind of the innermost known cause and the first frame of its stack. Its message stays out: it may quote a
 * body or a secret, and a message of several lines could look like a frame, so frames are read behind it.
 */
export function causeFacts(error: unknown): CauseFacts {
  const cause = error instanceof GatewayError ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return { cause: typeof cause };
  const stack = cause.stack ?? '';
  const frame = /\n\s+at (.+)/.exec(stack.slice(stack.indexOf(cause.message) + cause.message.length))?.[1];
  const kind = cause instanceof GatewayError ? cause.code : cause.name;
  return frame === undefined ? { cause: kind } : { cause: kind, at: frame };
}
