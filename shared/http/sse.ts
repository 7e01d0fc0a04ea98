/** Server-sent events as OpenAI's clients read them. Source: WHATWG HTML, "Server-sent events". */
import { errorBody, publicError } from './openai-error.ts';

/** What every stream is sent with; no proxy on the way may keep or rewrite it. */
export const SSE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
};

/** What stands around the data of one event; the data is one line of JSON. */
export const SSE_DATA = 'data: ';
export const SSE_END = '\n\n';

/** The last event of a stream that succeeded. */
export const SSE_DONE = `${SSE_DATA}[DONE]${SSE_END}`;

/** A comment, which clients skip; it keeps idle connections open. */
export const SSE_PING = ': ping\n\n';

/** One event. */
export const sseEvent = (data: unknown): string => `${SSE_DATA}${JSON.stringify(data)}${SSE_END}`;

/** The event that ends a stream which failed; anything but a GatewayError is opaque. */
export const sseError = (error: unknown): string => sseEvent(errorBody(publicError(error)));
