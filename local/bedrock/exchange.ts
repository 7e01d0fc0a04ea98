/** One request and its answer, the same on HTTP/1.1 and HTTP/2, with the caller's going away made visible. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { ServiceError } from './service-error.ts';

export type AnyRequest = IncomingMessage | Http2ServerRequest;
export type AnyResponse = ServerResponse | Http2ServerResponse;
export type AnswerHeaders = Readonly<Record<string, string | number>>;

/** The part of a response that both protocols share, as one type that can be called. */
interface Sink {
  writeHead(status: number, headers: AnswerHeaders): unknown;
  write(chunk: Uint8Array, onFlushed?: () => void): boolean;
  end(chunk?: Uint8Array | string): unknown;
  once(event: 'drain' | 'close' | 'finish', listener: () => void): unknown;
}

/** Holds how the exchange ended and who wants to know. */
export class Exchange {
  readonly method: string;
  readonly path: string;
  readonly #request: AnyRequest;
  readonly #response: AnyResponse;
  readonly #sink: Sink;
  readonly #overListeners = new Set<() => void>();
  #over = false;
  #finished = false;

  constructor(request: AnyRequest, response: AnyResponse) {
    this.method = request.method ?? '';
    this.path = request.url ?? '';
    this.#request = request;
    this.#response = response;
    this.#sink = response;
    this.#sink.once('finish', () => {
      this.#finished = isWhole(response);
    });
    this.#sink.once('close', () => {
      this.#over = true;
      for (const listener of this.#overListeners) listener();
    });
  }

  /** Whether the head of an answer was written, after which there can be no other. */
  get answered(): boolean {
    return this.#response.headersSent;
  }

  /** Whether the caller has all of the answer, or has gone. */
  get over(): boolean {
    return this.#over;
  }

  /** Calls back once when it is over. */
  onOver(listener: () => void): void {
    if (this.#over) listener();
    else this.#overListeners.add(listener);
  }

  /** No longer calls back. */
  offOver(listener: () => void): void {
    this.#overListeners.delete(listener);
  }

  /** Whether the whole answer was handed to the network; only final once `over`. */
  get finished(): boolean {
    return this.#finished;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** The body; RequestEntityTooLargeException beyond `bytesMax`, whose rest is read and thrown away. */
  readBody(bytesMax: number): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const chunks: Buffer[] = [];
    let size = 0;
    this.#request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bytesMax) chunks.push(chunk);
      else chunks.length = 0;
    });
    this.#request.on('end', () => {
      if (size <= bytesMax) resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
      else reject(new ServiceError('RequestEntityTooLargeException', `The body exceeds ${bytesMax} bytes.`));
    });
    // A caller who leaves in the middle of the body gets no answer; an empty one parses to a refusal nobody reads.
    this.onOver(() => resolve(Buffer.alloc(0)));
    return promise;
  }

  /** Sends a whole answer. */
  answer(status: number, headers: AnswerHeaders, body: string): void {
    this.#sink.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
    this.#sink.end(body);
  }

  /** Sends the head of a streamed answer; `write` and `end` follow. */
  open(headers: AnswerHeaders): void {
    this.#sink.writeHead(200, headers);
  }

  /** A promise of the moment to go on where the caller reads too slowly, undefined where writing may go on at once. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#over || this.#sink.write(chunk)) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sink.once('drain', () => {
      this.offOver(resolve);
      resolve();
    });
    this.onOver(resolve);
    return promise;
  }

  end(chunk?: Uint8Array): void {
    this.#sink.end(chunk);
  }

  /** Sends head and chunk and then breaks the connection (HTTP/1.1) or resets the stream (HTTP/2). */
  breakAfter(chunk: Uint8Array): void {
    if ('flushHeaders' in this.#response) this.#response.flushHeaders();
    if (chunk.length === 0) this.break();
    else this.#sink.write(chunk, () => this.break());
  }

  /** Breaks the connection or resets the stream without a byte. */
  break(): void {
    const response = this.#response;
    if ('stream' in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else response.destroy();
  }
}

/** HTTP/2 tells of a `finish` at every close; only a stream that was ended and not reset has carried everything. */
const isWhole = (response: AnyResponse): boolean =>
  !('stream' in response) ||
  (response.stream.writableFinished && response.stream.rstCode === constants.NGHTTP2_NO_ERROR);
