/** How long a function's bundle takes to load in a fresh process, handler included. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { median } from './statistics.ts';

/** Lambda gives the streaming global before it loads a handler. */
const PROGRAM = `
  globalThis.awslambda = { streamifyResponse: (handler) => handler, HttpResponseStream: { from: (stream) => stream } };
  const startedMs = performance.now();
  require(process.argv[1]);
  console.log(performance.now() - startedMs);
`;

/** Milliseconds, the median of `runs` processes. */
export async function importMs(
  file: string,
  of: { readonly runs: number; readonly environment: Readonly<Record<string, string>> },
): Promise<number> {
  const samples: number[] = [];
  for (let run = 0; run < of.runs; run += 1) {
    const env = { ...process.env, ...of.environment };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', PROGRAM, file], { env });
    samples.push(Number(stdout));
  }
  return median(samples);
}
