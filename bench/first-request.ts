/** The first request of a fresh process, when nothing is connected, compiled or remembered yet. */
import type { Call } from './calls.ts';
import { exchange } from './exchange.ts';
import { median } from './statistics.ts';

export interface FirstRequest {
  readonly firstMs: number;
  /** The proxy function's own part of the first, without authorizer and gateway: `openai-processing-ms`. */
  readonly firstProcessingMs: number;
  readonly secondMs: number;
}

/** Medians over `runs` processes, started one after the other. */
export async function firstRequest(
  start: () => Promise<{ readonly call: Call; close(): Promise<void> }>,
  runs: number,
): Promise<FirstRequest> {
  const first: number[] = [];
  const processing: number[] = [];
  const second: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const proxy = await start();
    try {
      const { totalMs, headers } = await exchange(proxy.call);
      first.push(totalMs);
      processing.push(Number(headers['openai-processing-ms']));
      second.push((await exchange(proxy.call)).totalMs);
    } finally {
      await proxy.close();
    }
  }
  return { firstMs: median(first), firstProcessingMs: median(processing), secondMs: median(second) };
}
