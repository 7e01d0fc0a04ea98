import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import type { ResponseStream } from './awslambda.ts';
import { GatewayRefusal } from './gateway-response-types.ts';
import { malformedResponse, type ResponseHead } from './integration-response.ts';
import { createPreludeReader } from './prelude.ts';

/** Whether a function learns that its caller went away. Lambda does not tell it. */
export type HangUpMode = 'unreported' | 'reported';

/** What the function's stream is destroyed with where hang-ups are reported. */
export class CallerHungUp extends Error {
  constructor() {
    super('The caller hung up.');
  }
}

export interface CallerSide {
  readonly response: ServerResponse;
  readonly hangUp: HangUpMode;
  /** Sends the status line and the headers, or rather leaves them to go with the first payload bytes. */
  begin(head: ResponseHead): void;
  /** Answers a response that has not begun. */
  refuse(refusal: GatewayRefusal): void;
  /** Called once, when no more can be written. */
  closed(): void;
}

type Callback = (error?: Error | null) => void;

/**
 * What a streaming function writes to: takes the metadata off, passes the rest to the caller and holds the
 * function back as the caller's socket does. State: the metadata's pieces until they are complete, whether the
 * caller is still there, and the write that waits for the socket.
 *
 * A caller that hangs up is not reported (writes are dropped and succeed) or reported (the stream is destroyed),
 * by the mode. Destroying the stream before the response has begun refuses it; after that it breaks the
 * connection off, so that a torn answer never looks complete.
 */
export class CallerStream extends Writable implements ResponseStream {
  _onBeforeFirstWrite: ResponseStream['_onBeforeFirstWrite'];
  readonly #caller: CallerSide;
  #readPrelude: ReturnType<typeof createPreludeReader> | undefined = createPreludeReader();
  #abandoned = false;
  #sent = false;
  #waiting: Callback | undefined;

  constructor(caller: CallerSide) {
    super();
    this.#caller = caller;
    const { response } = caller;
    response.on('drain', () => this.#release());
    response.once('close', () => this.#callerClosed());
    // A handler may watch the stream or not: an error nobody watches must not end the process.
    this.on('error', () => undefined);
  }

  /** API Gateway reads the metadata off whatever the content type says. */
  setContentType(_contentType: string): void {}

  override write(chunk: unknown, encoding?: BufferEncoding | Callback, callback?: Callback): boolean {
    this.#writePrelude();
    if (encoding === undefined || typeof encoding === 'function') return super.write(chunk, encoding);
    return super.write(chunk, encoding, callback);
  }

  /** The caller is given up while the function runs on; what it writes from now on is dropped. */
  abandonCaller(refusal: GatewayRefusal): void {
    this.#breakOff(refusal);
    this.#abandoned = true;
    this.#release();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Callback): void {
    const payload = this.#abandoned ? undefined : this.#payloadOf(chunk);
    if (payload instanceof GatewayRefusal) done(payload);
    else if (payload === undefined || payload.length === 0) done();
    else this.#send(payload, done);
  }

  override _final(done: Callback): void {
    if (this.#abandoned) done();
    else if (this.#readPrelude !== undefined) done(malformedResponse('the stream has no metadata.'));
    else {
      this.#caller.response.end();
      done();
    }
  }

  override _destroy(error: Error | null, done: Callback): void {
    this.#breakOff(error);
    this.#abandoned = true;
    this.#release();
    this.#caller.closed();
    done(error);
  }

  #writePrelude(): void {
    const before = this._onBeforeFirstWrite;
    if (before === undefined) return;
    this._onBeforeFirstWrite = undefined;
    before((piece) => super.write(piece));
  }

  /** The next chunk is asked for when the socket has room. */
  #send(payload: Buffer, done: Callback): void {
    this.#sent = true;
    if (this.#caller.response.write(payload)) done();
    else this.#waiting = done;
  }

  /** The payload bytes of a chunk; undefined while the metadata is incomplete; or why it is refused. */
  #payloadOf(chunk: Buffer): Buffer | GatewayRefusal | undefined {
    if (this.#readPrelude === undefined) return chunk;
    try {
      const prelude = this.#readPrelude(chunk);
      if (prelude === undefined) return undefined;
      this.#readPrelude = undefined;
      this.#begin(prelude.head);
      return prelude.payload;
    } catch (error) {
      return asRefusal(error);
    }
  }

  /** Metadata without payload goes out by itself, once this turn has brought none to go along with it. */
  #begin(head: ResponseHead): void {
    const { response } = this.#caller;
    this.#caller.begin(head);
    setImmediate(() => {
      if (!this.#sent && !response.writableEnded && !response.destroyed) response.flushHeaders();
    });
  }

  #callerClosed(): void {
    if (this.#caller.response.writableFinished || this.#abandoned) return;
    this.#abandoned = true;
    this.#release();
    if (this.#caller.hangUp === 'reported') this.destroy(new CallerHungUp());
  }

  #breakOff(error: Error | null): void {
    const { response } = this.#caller;
    if (this.#abandoned || response.writableEnded) return;
    if (response.headersSent) response.destroy();
    else this.#caller.refuse(asRefusal(error));
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }
}

const asRefusal = (error: unknown): GatewayRefusal =>
  error instanceof GatewayRefusal ? error : new GatewayRefusal('INTEGRATION_FAILURE', { cause: error });
