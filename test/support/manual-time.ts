/** Time that moves when a test says so: a clock and the timers that depend on it. */
import { setImmediate } from 'node:timers/promises';
import type { Clock, Timer } from '../../shared/ports.ts';

export interface ManualTime {
  readonly clock: Clock;
  readonly timer: Timer;
  /** Moves on, firing what falls due in order. */
  advance(durationMs: number): void;
  /** As advance, but what was begun before, or by a timer, comes as far as it can before time goes on. */
  pass(durationMs: number): Promise<void>;
  /** Timers that are armed. */
  readonly armed: () => number;
}

export function manualTime(startMs: number): ManualTime {
  let nowMs = startMs;
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  const due = (untilMs: number) =>
    [...timers].filter(({ atMs }) => atMs <= untilMs).sort((one, other) => one.atMs - other.atMs)[0];
  /** Fires the next timer that falls due by then; false where there is none. */
  const fireNext = (untilMs: number): boolean => {
    const next = due(untilMs);
    if (next === undefined) return false;
    nowMs = Math.max(nowMs, next.atMs);
    timers.delete(next);
    next.callback();
    return true;
  };
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
      while (fireNext(untilMs));
      nowMs = untilMs;
    },
    async pass(durationMs) {
      const untilMs = nowMs + durationMs;
      do await setImmediate();
      while (fireNext(untilMs));
      nowMs = untilMs;
    },
    armed: () => timers.size,
  };
}
