import type { EmulatorClock } from '../../../local/bedrock/clock.ts';

/** Time that stands still until told: each wait is listed, and fires when `tick` comes to it. */
export class HeldClock implements EmulatorClock {
  readonly waits: number[] = [];
  readonly #pending = new Set<() => void>();
  #onWait: (() => void) | undefined;
  readonly #onCancel: () => void;
  readonly #cancelled: Promise<void>;
  #nowMs = Date.UTC(2026, 10, 20);

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#cancelled = promise;
    this.#onCancel = resolve;
  }

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, callback: () => void): () => void {
    this.waits.push(ms);
    const fire = () => {
      this.#nowMs += ms;
      callback();
    };
    this.#pending.add(fire);
    this.#onWait?.();
    return () => {
      if (this.#pending.delete(fire)) this.#onCancel();
    };
  }

  /** Resolves when a wait that has not passed is called off. */
  get cancelled(): Promise<void> {
    return this.#cancelled;
  }

  /** Lets the oldest wait pass, as soon as there is one. */
  async tick(): Promise<void> {
    if (this.#pending.size === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onWait = resolve;
      await promise;
    }
    const [oldest] = this.#pending;
    if (oldest === undefined) return;
    this.#pending.delete(oldest);
    oldest();
  }
}
