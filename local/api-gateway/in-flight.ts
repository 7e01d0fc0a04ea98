import type { Timer } from '../../shared/ports.ts';

/** Counts what is under way, so that closing can wait for it. State: the count and those who wait for zero. */
export class InFlight {
  #count = 0;
  readonly #waiting = new Set<() => void>();

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** Resolves when nothing is under way, and after `limitMs` in any case. */
  idle(schedule: Timer, limitMs: number): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = schedule(limitMs, resolve);
      this.#waiting.add(() => {
        cancel();
        resolve();
      });
    });
  }
}
