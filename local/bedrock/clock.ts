/** Time as the emulator sees it, so that a test can hold it still. */
export interface EmulatorClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back after so many milliseconds; what is returned calls it off. */
  after(ms: number, callback: () => void): () => void;
}

export const SYSTEM_CLOCK: EmulatorClock = {
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
