/** Streams of 200 tokens: when the first bytes come, how fast the rest, and what a chunk costs. */
import { type Answer, type Call, directCall, proxyCall } from './calls.ts';
import { exchange, exchangeMany } from './exchange.ts';
import { median, quantile } from './statistics.ts';
import type { Usage } from './subject.ts';

export const STREAM_TOKENS = 200;
export const STREAMS_AT_ONCE = 16;

export interface Target {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly bedrockUrl: string;
}

export interface FirstChunk {
  readonly directP50Ms: number;
  readonly proxyP50Ms: number;
  readonly directP99Ms: number;
  readonly proxyP99Ms: number;
  /** Chunks a second of one stream by itself, from the request to its end. */
  readonly directChunksPerSecond: number;
  readonly proxyChunksPerSecond: number;
}

/** One stream at a time, turn about. */
export async function firstChunks(target: Target, count: number): Promise<FirstChunk> {
  const calls = bothCalls(target, { tokens: STREAM_TOKENS, mode: 'streamed' });
  const first: Record<'proxy' | 'direct', number[]> = { proxy: [], direct: [] };
  const total: Record<'proxy' | 'direct', number[]> = { proxy: [], direct: [] };
  for (let turn = 0; turn < count; turn += 1) {
    for (const kind of ['proxy', 'direct'] as const) {
      const { firstByteMs, totalMs } = await exchange(calls[kind]);
      first[kind].push(firstByteMs);
      total[kind].push(totalMs);
    }
  }
  return {
    directP50Ms: median(first.direct),
    proxyP50Ms: median(first.proxy),
    directP99Ms: quantile(first.direct, 0.99),
    proxyP99Ms: quantile(first.proxy, 0.99),
    directChunksPerSecond: (STREAM_TOKENS * 1000) / median(total.direct),
    proxyChunksPerSecond: (STREAM_TOKENS * 1000) / median(total.proxy),
  };
}

/** `at-once`: as fast as the emulator can. `one-by-one`: each token leaves by itself, 1 ms after the last. */
export type Pace = 'at-once' | 'one-by-one';

export interface ChunkCost {
  readonly cpuMicrosPerChunk: number;
  /** Of all streams together. */
  readonly chunksPerSecond: number;
}

/** The CPU that 200 tokens cost beyond what one token costs, a token; 16 streams at once. */
export async function chunkCost(
  of: {
    readonly callFor: (answer: Answer) => Call;
    readonly usage: () => Promise<Usage>;
    readonly pace: Pace;
  },
  count: number,
): Promise<ChunkCost> {
  const delay = of.pace === 'one-by-one' ? { tokenDelayMs: 1 } : {};
  const run = async (tokens: number) => {
    const call = of.callFor({ tokens, mode: 'streamed', ...delay });
    const before = await of.usage();
    const startedMs = performance.now();
    await exchangeMany(call, { count, atOnce: STREAMS_AT_ONCE });
    const elapsedMs = performance.now() - startedMs;
    const after = await of.usage();
    return { cpuMicros: (after.cpuMicros - before.cpuMicros) / count, elapsedMs };
  };
  await exchangeMany(of.callFor({ tokens: STREAM_TOKENS, mode: 'streamed' }), {
    count,
    atOnce: STREAMS_AT_ONCE,
  });
  const short = await run(1);
  const long = await run(STREAM_TOKENS);
  return {
    cpuMicrosPerChunk: (long.cpuMicros - short.cpuMicros) / (STREAM_TOKENS - 1),
    chunksPerSecond: (STREAM_TOKENS * count * 1000) / long.elapsedMs,
  };
}

/** The same chunks a second from Bedrock itself. */
export async function directChunksPerSecond(call: Call, count: number): Promise<number> {
  const startedMs = performance.now();
  await exchangeMany(call, { count, atOnce: STREAMS_AT_ONCE });
  return (STREAM_TOKENS * count * 1000) / (performance.now() - startedMs);
}

export const bothCalls = (target: Target, answer: Answer) => ({
  proxy: proxyCall({ ...target, answer }),
  direct: directCall({ ...target, answer }),
});
