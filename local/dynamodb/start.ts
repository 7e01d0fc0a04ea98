/**
 * A DynamoDB on this machine: `dynoxide`, from the optional package or from the PATH, as a child process on a
 * loopback port. It dies with its parent however the parent ends: a shell in between holds one end of a pipe
 * whose other end only the parent has, and kills the server when that end closes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

export interface LocalDynamoDb {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  /** Resolves when the process is gone. */
  close(): Promise<void>;
}

export interface LocalDynamoDbOptions {
  /** The file that keeps the data; without it they live in memory. */
  readonly dbPath?: string;
  /** Where `PATH` is looked up. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The program itself; looked for where absent. */
  readonly binary?: string;
  /** How long it may take to come up, and to end; 10 s where absent. */
  readonly limitMs?: number;
}

/** Starts the server; undefined where this machine has none. Rejects where it is there but does not come up. */
export async function startDynamoDb(options: LocalDynamoDbOptions = {}): Promise<LocalDynamoDb | undefined> {
  const binary = options.binary ?? findDynoxide(options.environment ?? process.env);
  const limitMs = options.limitMs ?? LIMIT_MS;
  if (binary === undefined) return undefined;
  const data = options.dbPath === undefined ? [] : ['--db-path', options.dbPath];
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const child = supervise([binary, '--host', '127.0.0.1', '--port', String(port), ...data]);
    const said = await firstWords(child, limitMs);
    if (said.includes('listening on')) {
      return { endpoint: `http://127.0.0.1:${port}`, close: () => stop(child, limitMs) };
    }
    await stop(child, limitMs);
    // Another process may take the port between our look and the server's.
    if (!said.includes('already in use') || attempt === PORT_ATTEMPTS_MAX) {
      throw new Error(`The local DynamoDB (${binary}) did not start: ${said.trim()}`);
    }
  }
}

const PORT_ATTEMPTS_MAX = 5;
const LIMIT_MS = 10_000;

/** The program from `@dynoxide/linux-x64`, else from the PATH; undefined where neither has it. */
export function findDynoxide(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    return createRequire(import.meta.url).resolve('@dynoxide/linux-x64/dynoxide');
  } catch {
    const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
    return folders.map((folder) => join(folder, 'dynoxide')).find(isExecutable);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The server in the background, and a reader of the parent's pipe that kills it at the pipe's end. */
const SUPERVISOR = `
exec 3<&0
"$@" 3<&- </dev/null & server=$!
(read -r _ <&3; kill "$server") & watcher=$!
wait "$server"; code=$?
kill "$watcher" 2>/dev/null
exit "$code"`;

function supervise(command: readonly string[]): ChildProcess {
  const child = spawn('/bin/sh', ['-c', SUPERVISOR, 'dynamodb', ...command], {
    stdio: ['pipe', 'ignore', 'pipe'],
    // In the terminal's process group Ctrl-C would end the server before the requests that still need it.
    detached: true,
  });
  // Writing to a server that is gone must not end the parent.
  child.stdin?.on('error', () => undefined);
  return child;
}

/**
 * What the server says on its way up: a line when it listens, or everything until it ends. Rejects with that, and the
 * server killed, where neither happens in time.
 */
function firstWords(child: ChildProcess, limitMs: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let said = '';
  const timer = setTimeout(() => {
    killGroup(child);
    reject(new Error(`The local DynamoDB did not come up within ${limitMs} ms. It said: ${said.trim()}`));
  }, limitMs);
  child.once('error', reject);
  child.once('exit', () => resolve(said));
  child.stderr?.on('data', (chunk: Buffer) => {
    // What it says later is read and dropped: on its way down the process must keep the parent waiting.
    if (isUp(said)) return;
    said += chunk.toString('utf8');
    if (!isUp(said)) return;
    // From here on neither the process nor its pipes keep the parent running.
    child.unref();
    for (const pipe of [child.stdin, child.stderr]) unrefPipe(pipe);
    resolve(said);
  });
  return promise.finally(() => clearTimeout(timer));
}

const isUp = (said: string): boolean => said.includes('listening on') && said.includes('\n');

function unrefPipe(pipe: unknown): void {
  if (typeof pipe === 'object' && pipe !== null && 'unref' in pipe && typeof pipe.unref === 'function')
    pipe.unref();
}

/** Rejects, with the server killed, where it does not end in time. */
async function stop(child: ChildProcess, limitMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const gone = once(child, 'exit');
  child.stdin?.end();
  let isKilled = false;
  const timer = setTimeout(() => {
    isKilled = true;
    killGroup(child);
  }, limitMs);
  await gone;
  clearTimeout(timer);
  if (isKilled) throw new Error(`The local DynamoDB did not end within ${limitMs} ms and was killed.`);
}

/** The supervisor leads a group of its own, in which the server is. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('A TCP server has no port.');
  return address.port;
}
