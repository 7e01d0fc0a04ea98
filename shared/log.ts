/** The one log: a JSON object a line on the stream given, which CloudWatch takes as one event. */
import type { Clock, Log } from './ports.ts';

/**
 * Text is never written raw: JSON escapes line breaks, so nothing a caller sends can become a line of its own.
 * Undefined facts are left out.
 */
export function createLog(deps: {
  readonly clock: Clock;
  readonly output: { write(line: string): unknown };
}): Log {
  return {
    write: (event) => {
      deps.output.write(`${JSON.stringify({ time: new Date(deps.clock()).toISOString(), ...event })}\n`);
    },
  };
}
