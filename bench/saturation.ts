/** What one process carries at most, and what a request then costs it. */
import autocannon from 'autocannon';
import type { Call } from './calls.ts';
import type { Usage } from './subject.ts';

export interface Saturation {
  readonly requestsPerSecond: number;
  /** CPU of the process under test; undefined for Bedrock itself, whose CPU is nobody's question. */
  readonly cpuMsPerRequest: number | undefined;
  /** The share of one core that the process used: well below 1, something else was the bottleneck. */
  readonly cores: number | undefined;
  readonly residentMb: number | undefined;
}

export const CONNECTIONS = 32;

/** Warms up, then keeps `CONNECTIONS` requests under way. Rejects where one was refused. */
export async function saturate(
  call: Call,
  of: {
    readonly seconds: number;
    readonly warmUpSeconds: number;
    readonly usage?: () => Promise<Usage>;
  },
): Promise<Saturation> {
  await load(call, of.warmUpSeconds);
  const before = await of.usage?.();
  const startedMs = performance.now();
  const requests = await load(call, of.seconds);
  const seconds = (performance.now() - startedMs) / 1000;
  const after = await of.usage?.();
  const cpuMicros = after && before && after.cpuMicros - before.cpuMicros;
  return {
    requestsPerSecond: requests / seconds,
    cpuMsPerRequest: cpuMicros && cpuMicros / 1000 / requests,
    cores: cpuMicros && cpuMicros / 1e6 / seconds,
    residentMb: after && after.residentBytes / 2 ** 20,
  };
}

/** Resolves with the number of requests that were answered. */
async function load(call: Call, seconds: number): Promise<number> {
  const result = await autocannon({
    ...call,
    method: 'POST',
    connections: CONNECTIONS,
    duration: seconds,
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${call.url}: ${result.non2xx} requests refused, ${result.errors} failed under load.`);
  }
  return result['2xx'];
}
