import { PRELUDE_END } from './awslambda.ts';
import { malformed, type ResponseHead, readResponseHead } from './integration-response.ts';
import { PRELUDE_BYTES_MAX } from './limits.ts';

/** The beginning of a streamed response, and the payload bytes that came along with its end. */
export interface Prelude {
  readonly head: ResponseHead;
  readonly payload: Buffer;
}

/**
 * Reads the metadata off a stream, whatever pieces it comes in: each call takes the next piece and answers
 * undefined until the eight NUL bytes have come. Throws INTEGRATION_FAILURE where the metadata is no JSON, says
 * nonsense, or does not end within 16 KiB.
 */
export function createPreludeReader(): (piece: Buffer) => Prelude | undefined {
  let received: Buffer = Buffer.alloc(0);
  return (piece) => {
    received = received.length === 0 ? piece : Buffer.concat([received, piece]);
    const end = received.indexOf(PRELUDE_END);
    if (end === -1 ? received.length > PRELUDE_BYTES_MAX : end > PRELUDE_BYTES_MAX) {
      return malformed('The stream does not begin with metadata and eight NUL bytes.');
    }
    if (end === -1) return undefined;
    return {
      head: readResponseHead(parseMetadata(received.toString('utf8', 0, end))),
      payload: received.subarray(end + PRELUDE_END.length),
    };
  };
}

function parseMetadata(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return malformed('The metadata of the stream is no JSON.');
  }
}
