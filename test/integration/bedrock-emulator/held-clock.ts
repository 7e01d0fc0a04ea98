import type { EmulatorClock } from '../../../local/bedrock/clock.ts';

/** Time that stands still until told: each wait is listed, and fires when `tick` comes to it. */
export class HeldClock implements EmulatorClock {
  readonly waits: number[] = [];
  readonly #pending: (() => void)[] = [];
  #onWait: (() => void) | undefined;
  #nowMs = Date.UTC(2026, 10, 20);

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, callback: () => void): () => void {
    this.waits.push(ms);
    this.#pending.push(() => {
      this.#nowMs += ms;
      callback();
    });
    this.#onWait?.();
    return () => undefined;
  }

  /** Lets the oldest wait pass, as soon as there is one. */
  async tick(): Promise<void> {
    if (this.#pending.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onWait = resolve;
      await promise;
    }
    this.#pending.shift()?.();
  }
}
