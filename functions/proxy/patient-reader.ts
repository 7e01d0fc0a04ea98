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
  /** What came while nobody waited: a read goes on through the silence that was told. */
  #kept: ((waiting: Waiting<Value>) => void) | undefined;
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
      const kept = this.#kept;
      this.#kept = undefined;
      if (kept !== undefined) return kept({ resolve, reject });
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
    this.#deliver((waiting) => waiting.resolve(result));
  };

  readonly #onFailure = (reason: unknown): void => {
    this.#pending = undefined;
    this.#deliver((waiting) => waiting.reject(reason));
  };

  readonly #onAbort = (): void => this.#take()?.reject(this.#signal.reason);

  #deliver(outcome: (waiting: Waiting<Value>) => void): void {
    const waiting = this.#take();
    if (waiting === undefined) this.#kept = outcome;
    else outcome(waiting);
  }

  #take(): Waiting<Value> | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  #arm(delayMs: number): () => void {
    return this.#deps.timer(delayMs, () => {
      const nowMs = this.#deps.clock();
      const restMs = this.#lastMs + this.#periodMs - nowMs;
      if (restMs <= 0) {
        this.#lastMs = nowMs;
        this.#take()?.resolve(SILENCE);
      }
      this.#cancelTimer = this.#arm(restMs > 0 ? restMs : this.#periodMs);
    });
  }
}
