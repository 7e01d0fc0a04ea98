/** Child processes for tests: what they say, how they end, and that nothing of them stays. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface TestProcess {
  readonly pid: number;
  /** Everything it has written so far. */
  readonly output: () => { readonly stdout: string; readonly stderr: string };
  /** The standard output, as soon as it matches. Rejects, quoting the process, where it ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends the signal and waits for the end; the exit code, or null where a signal ended it. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
  /** The exit code, when it has ended by itself. */
  readonly ended: Promise<number | null>;
}

export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Whether it leads a process group of its own, as under a terminal; `stop` then signals the group, as Ctrl-C does. */
  readonly isGroup?: boolean;
}

/** Starts a process in the project's folder, without a standard input. */
export function startProcess(options: ProcessOptions): TestProcess {
  const { command, args, environment = {}, isGroup = false } = options;
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: isGroup,
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.stderr += chunk.toString('utf8');
  });
  const ended = exitOf(child);
  return {
    pid: child.pid ?? -1,
    output: () => ({ ...said }),
    until: (pattern) => outputMatching(child, { pattern, said, ended }),
    stop: (signal) => {
      if (isGroup) signalGroup(child, signal);
      else child.kill(signal);
      return ended;
    },
    ended,
  };
}

function signalGroup({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal);
}

/** Its pipes are closed too, so nothing that it said is missing. */
const exitOf = (child: ChildProcess): Promise<number | null> => once(child, 'close').then(([code]) => code);

async function outputMatching(
  child: ChildProcess,
  of: {
    readonly pattern: RegExp;
    readonly said: { readonly stdout: string; readonly stderr: string };
    readonly ended: Promise<unknown>;
  },
): Promise<RegExpExecArray> {
  const { pattern, said } = of;
  let isOver = false;
  void of.ended.then(() => {
    isOver = true;
  });
  for (;;) {
    const match = pattern.exec(said.stdout);
    if (match !== null) return match;
    if (isOver) throw new Error(`It ended without saying ${pattern}:\n${said.stdout}\n${said.stderr}`);
    await Promise.race([of.ended, once(child.stdout ?? child, 'data')]);
  }
}
