/** One call over kept-alive HTTP/1.1, timed. */
import { Agent, request } from 'node:http';
import type { Call } from './calls.ts';

export interface Exchanged {
  /** From sending the request to the first byte of the body, and to its last. */
  readonly firstByteMs: number;
  readonly totalMs: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

const TIMEOUT_MS = 10_000;
const agent = new Agent({ keepAlive: true });

/** Rejects on any status but 200: a refusal is quick, and must not pass for speed. */
export function exchange(call: Call): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const sentAtMs = performance.now();
    const outgoing = request(call.url, {
      method: 'POST',
      agent,
      timeout: TIMEOUT_MS,
      headers: { ...call.headers, 'content-length': Buffer.byteLength(call.body) },
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${call.url} was silent for ${TIMEOUT_MS} ms.`)));
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      let firstByteMs = 0;
      response.on('data', (chunk: Buffer) => {
        if (chunks.length === 0) firstByteMs = performance.now() - sentAtMs;
        chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(chunks);
        if (response.statusCode === 200)
          resolve({ firstByteMs, totalMs: performance.now() - sentAtMs, headers: response.headers, body });
        else reject(new Error(`${call.url} answered ${response.statusCode}: ${body.toString('utf8')}`));
      });
    });
    outgoing.end(call.body);
  });
}

/** Makes `count` calls, at most `atOnce` of them at a time. */
export async function exchangeMany(
  call: Call,
  of: { readonly count: number; readonly atOnce: number },
): Promise<readonly Exchanged[]> {
  const exchanged: Exchanged[] = [];
  let left = of.count;
  const worker = async () => {
    for (; left > 0; ) {
      left -= 1;
      exchanged.push(await exchange(call));
    }
  };
  await Promise.all(Array.from({ length: of.atOnce }, worker));
  return exchanged;
}
