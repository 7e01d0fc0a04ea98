/** What the proxy adds to a call at a load that it hardly notices: open loop, so that a slow answer delays no other. */
import type { Call } from './calls.ts';
import { exchange } from './exchange.ts';
import { quantile } from './statistics.ts';

export interface Steady {
  readonly directP50Ms: number;
  readonly directP99Ms: number;
  readonly proxyP50Ms: number;
  readonly proxyP99Ms: number;
}

export const REQUESTS_PER_SECOND = 50;

/** Sends both calls at 50 a second, turn about, so that whatever else the machine does happens to both. */
export async function steady(
  calls: { readonly proxy: Call; readonly direct: Call },
  seconds: number,
): Promise<Steady> {
  const periodMs = 1000 / REQUESTS_PER_SECOND / 2;
  const startedMs = performance.now();
  const under: Record<'proxy' | 'direct', Promise<number>[]> = { proxy: [], direct: [] };
  for (let turn = 0; turn < seconds * REQUESTS_PER_SECOND * 2; turn += 1) {
    await until(startedMs + turn * periodMs);
    const kind = turn % 2 === 0 ? 'proxy' : 'direct';
    under[kind].push(exchange(calls[kind]).then(({ totalMs }) => totalMs));
  }
  const proxy = await Promise.all(under.proxy);
  const direct = await Promise.all(under.direct);
  return {
    directP50Ms: quantile(direct, 0.5),
    directP99Ms: quantile(direct, 0.99),
    proxyP50Ms: quantile(proxy, 0.5),
    proxyP99Ms: quantile(proxy, 0.99),
  };
}

const until = (atMs: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, atMs - performance.now()));
  });
