/** Reading a model that may say nothing for long, and that must be left the moment the call ends. */
import type { ProxyDependencies } from './dependencies.ts';

/** What `next` returns where nothing came for a whole period. */
export const SILENCE = Symbol('silence');

interface Waiting<Value> {
  readonly resolve: (result: IteratorResult<Value, unknown> | typeof SILENCE) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Reads one stream. Its state is the read under way, who waits for it, and when something last came. One timer
 * serves the whole stream: arming one an event would cost more than translating the event.
 */
export class PatientReader<Value> {
  readonly #deps: Pick<ProxyDependencies, 'clock' | 'timer'>;
  readonly #iterator: AsyncIterator<Value, unknown>;
  readonly #periodMs: number;
  readonly #signal: AbortSignal;
  #pending: Promise<void> | undefined;
  #waiting: Waiting<Value> | undefined;
  #lastMs: number;
  #cancelTimer: () => void;

  constructor(
    deps: Pick<ProxyDependencies, 'clock' | 'timer'>,
    of: { readonly source: AsyncIterable<Value>; readonly periodMs: number; readonly signal: AbortSignal },
  ) {
    this.#deps = deps;
    this.#iterator = of.source[Symbol.asyncIterator]();
    this.#periodMs = of.periodMs;
    this.#signal = of.signal;
    this.#lastMs = deps.clock();
    this.#cancelTimer = this.#arm(of.periodMs);
    of.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** What the stream gives next, or SILENCE; then the same read goes on. Rejects at once when the signal aborts. */
  next(): Promise<IteratorResult<Value, unknown> | typeof SILENCE> {
    return new Promise((resolve, reject) => {
      if (this.#signal.aborted) return reject(this.#signal.reason);
      this.#waiting = { resolve, reject };
      this.#pending ??= this.#iterator.next().then(this.#onResult, this.#onFailure);
    });
  }

  /** Ends the reading; a read under way is not waited for. */
  stop(): void {
    this.#cancelTimer();
    this.#signal.removeEventListener('abort', this.#onAbort);
    void this.#iterator.return?.().catch(() => undefined);
  }

  readonly #onResult = (result: IteratorResult<Value, unknown>): void => {
    this.#pending = undefined;
    this.#lastMs = this.#deps.clock();
    this.#waiting?.resolve(result);
  };

  readonly #onFailure = (reason: unknown): void => {
    this.#pending = undefined;
    this.#waiting?.reject(reason);
  };

  readonly #onAbort = (): void => this.#waiting?.reject(this.#signal.reason);

  #arm(delayMs: number): () => void {
    return this.#deps.timer(delayMs, () => {
      const nowMs = this.#deps.clock();
      const restMs = this.#lastMs + this.#periodMs - nowMs;
      if (restMs <= 0) {
        this.#lastMs = nowMs;
        this.#waiting?.resolve(SILENCE);
      }
      this.#cancelTimer = this.#arm(restMs > 0 ? restMs : this.#periodMs);
    });
  }
}
