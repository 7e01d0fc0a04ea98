/** Waiting between two attempts, with the effects that a test wants to own. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Waiting {
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  readonly wait: (delayMs: number) => Promise<void>;
}

/** The process's own timer and jitter. */
export const REAL_WAITING: Waiting = {
  random: Math.random,
  wait: (delayMs) => delay(delayMs),
};
