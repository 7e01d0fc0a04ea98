/** Time that moves when a test says so: a clock and the timers that depend on it. */
import type { Clock, Timer } from '../../shared/ports.ts';

export interface ManualTime {
  readonly clock: Clock;
  readonly timer: Timer;
  /** Moves on, firing what falls due in order. */
  advance(durationMs: number): void;
  /** Timers that are armed. */
  readonly armed: () => number;
}

export function manualTime(startMs: number): ManualTime {
  let nowMs = startMs;
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  const due = (untilMs: number) =>
    [...timers].filter(({ atMs }) => atMs <= untilMs).sort((one, other) => one.atMs - other.atMs)[0];
  return {
    clock: () => nowMs,
    timer: (delayMs, callback) => {
      // What setTimeout does with such a delay is to fire at once.
      if (!(delayMs < 2 ** 31)) throw new RangeError('setTimeout takes no such delay.');
      const armed = { atMs: nowMs + delayMs, callback };
      timers.add(armed);
      return () => timers.delete(armed);
    },
    advance(durationMs) {
      const untilMs = nowMs + durationMs;
      for (let next = due(untilMs); next !== undefined; next = due(untilMs)) {
        nowMs = Math.max(nowMs, next.atMs);
        timers.delete(next);
        next.callback();
      }
      nowMs = untilMs;
    },
    armed: () => timers.size,
  };
}
