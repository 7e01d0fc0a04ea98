/** A process under test, seen from outside. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import type { Subject } from './subject-process.ts';

export interface RunningSubject {
  readonly url: string;
  /** What the process has used since it began: all its threads together. */
  usage(): Promise<Usage>;
  /** Resolves when the process is gone. */
  close(): Promise<void>;
}

export type Usage = z.output<typeof usage>;

const usage = z.object({ cpuMicros: z.number(), residentBytes: z.number() });
const greeting = z.object({ url: z.string() });

/** Starts it with the environment that its functions find. Rejects where it ends before it serves. */
export async function startSubject(
  subject: Subject,
  of: { readonly environment: Readonly<Record<string, string>>; readonly logFile: string },
): Promise<RunningSubject> {
  const log = openSync(of.logFile, 'a');
  const child = fork(
    fileURLToPath(new URL('subject-process.ts', import.meta.url)),
    [JSON.stringify(subject)],
    {
      env: { ...process.env, ...of.environment },
      execArgv: ['--disable-warning=ExperimentalWarning', ...profiling()],
      // Its log is real work and goes to a file, as Lambda's goes to a pipe that somebody reads.
      stdio: ['ignore', log, 'inherit', 'ipc'],
    },
  );
  closeSync(log);
  const gone = once(child, 'exit');
  const next = async (): Promise<unknown> => {
    const [message] = await Promise.race([
      once(child, 'message'),
      gone.then(() => Promise.reject(new Error('The process under test has ended.'))),
    ]);
    return message;
  };
  const { url } = greeting.parse(await next());
  return {
    url,
    usage: async () => {
      child.send('usage');
      return usage.parse(await next());
    },
    close: async () => {
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}

/** `BENCH_CPU_PROFILE=<folder>` leaves a profile of each process there. */
function profiling(): readonly string[] {
  const folder = process.env['BENCH_CPU_PROFILE'];
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}
