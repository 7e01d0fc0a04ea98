import type { Writable } from 'node:stream';

/** What a streaming handler writes to. */
export interface ResponseStream extends Writable {
  setContentType(contentType: string): void;
  /** Set by HttpResponseStream.from; called once, with an unhooked `write`, before the first write. */
  _onBeforeFirstWrite?: ((write: (chunk: string | Uint8Array) => unknown) => void) | undefined;
}

/** The mark that the Node.js runtime looks for (aws-lambda-ric, UserFunction). */
export const STREAMING_MARK = Symbol.for('aws.lambda.runtime.handler.streaming');
/** Says that the stream begins with metadata; API Gateway reads it off. */
const HTTP_INTEGRATION_RESPONSE = 'application/vnd.awslambda.http-integration-response';
/** What separates the metadata from the payload. */
export const PRELUDE_END = Buffer.alloc(8);

/** The global that Lambda's Node.js runtime gives to handler modules, as aws-lambda-ric 4 defines it. */
const AWSLAMBDA = {
  /** Marks a handler of (event, responseStream, context); changes nothing else about it. */
  streamifyResponse<Handler extends object>(handler: Handler): Handler {
    return Object.defineProperty(handler, STREAMING_MARK, { value: 'response', configurable: true });
  },
  HttpResponseStream: {
    /** The same stream, which will write the metadata before its first payload bytes. */
    from(stream: ResponseStream, metadata: unknown): ResponseStream {
      stream.setContentType(HTTP_INTEGRATION_RESPONSE);
      stream._onBeforeFirstWrite = (write) => {
        write(JSON.stringify(metadata));
        write(PRELUDE_END);
      };
      return stream;
    },
  },
};

/**
 * Gives this process the `awslambda` global; it must exist before a handler module is loaded. Repeating it has
 * no effect. The AWS SDK may have made an empty one already, so what counts is `streamifyResponse`.
 */
export function installAwslambda(): void {
  const present: unknown = Reflect.get(globalThis, 'awslambda');
  const existing = typeof present === 'object' && present !== null ? present : {};
  if ('streamifyResponse' in existing) return;
  Reflect.set(globalThis, 'awslambda', { ...existing, ...AWSLAMBDA });
}
