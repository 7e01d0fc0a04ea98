import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayRefusal } from './gateway-response-types.ts';
import { BODY_BYTES_MAX } from './limits.ts';

/** Of a body that is too long this much is read and dropped, so that the caller sees the answer. */
const DISCARDED_BYTES_MAX = 64 * 1024 * 1024;

/** The caller went away before its request was complete: there is nobody to answer. */
export class CallerGone extends Error {}

/**
 * The whole request body as UTF-8, or null where there is none: no media type is binary here. Rejects with
 * REQUEST_TOO_LARGE beyond 10 MB, and with CallerGone. A caller that waits for `100 Continue` is told to go on,
 * unless it announced too long a body.
 */
export function readBody(request: IncomingMessage, response: ServerResponse): Promise<string | null> {
  const announced = request.headers['content-length'];
  if (announced === undefined && request.headers['transfer-encoding'] === undefined) {
    return Promise.resolve(null);
  }
  if (request.headers.expect !== undefined) {
    if (Number(announced) > BODY_BYTES_MAX) return Promise.reject(new GatewayRefusal('REQUEST_TOO_LARGE'));
    response.writeContinue();
  }
  return collect(request);
}

function collect(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= BODY_BYTES_MAX) chunks.push(chunk);
      else chunks.length = 0;
      if (size > DISCARDED_BYTES_MAX) reject(new GatewayRefusal('REQUEST_TOO_LARGE'));
    });
    const callerGone = () => reject(new CallerGone());
    request.once('end', () => {
      request.off('close', callerGone);
      if (size > BODY_BYTES_MAX) reject(new GatewayRefusal('REQUEST_TOO_LARGE'));
      else resolve(size === 0 ? null : textOf(chunks));
    });
    request.once('error', callerGone);
    request.once('close', callerGone);
  });
}

function textOf(chunks: readonly Buffer[]): string {
  const [first, ...others] = chunks;
  if (first !== undefined && others.length === 0) return first.toString('utf8');
  return Buffer.concat(chunks).toString('utf8');
}
