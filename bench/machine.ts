import { availableParallelism, cpus, loadavg } from 'node:os';

/** What the figures were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly at: Date;
  /** Of the minute before the run: on a machine that others use, every figure is worse than it need be. */
  readonly load: number;
}

export const machineNow = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  node: process.version,
  at: new Date(),
  load: loadavg()[0] ?? 0,
});
