/**
 * The compiled stack: what `serverless package` makes of this tree for a stage, offline and without credentials.
 * Kept by the hash of everything that it is made of. Any number of processes may ask at once: one packages, since
 * the framework writes into the tree whatever folder it is given, and the others find what it left.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type CompiledTemplate, parseCompiledTemplate } from './api-gateway/compiled-template.ts';
import { type Lock, withLock } from './file-lock.ts';

export interface PackagedStack {
  /** The compiled CloudFormation template. */
  readonly template: CompiledTemplate;
  readonly templatePath: string;
  /** Paths of the zips by function name. */
  readonly zips: Readonly<Record<string, string>>;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = path.join(ROOT, '.cache/package');
const MADE_OF = [
  'serverless.yml',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'resources',
  'functions',
  'middleware',
  'shared',
  'local/invoke-local',
];
const TEMPLATE = 'cloudformation-template-update-stack.json';
const PACKAGING_MS_MAX = 120_000;
/** The framework ends within the maximum; the rest is for reading and moving files. */
const LOCK: Lock = { file: path.join(CACHE, 'lock'), heldMsMax: 2 * PACKAGING_MS_MAX };
const KEPT_MS = 24 * 60 * 60 * 1000;

/**
 * The stack of a stage, kept in `cache`, a folder on the tree's own file system. Rejects with the framework's own
 * words where packaging fails.
 */
export async function packagedStack(stage: string, cache = CACHE): Promise<PackagedStack> {
  const folder = path.join(cache, `${stage}-${await hashOfSources()}`);
  const made = await readPackage(folder);
  if (made !== undefined) return made;
  for (const needed of [CACHE, cache]) await mkdir(needed, { recursive: true });
  return withLock(LOCK, async () => {
    // Whoever held the lock before may have packaged the same.
    if ((await readPackage(folder)) === undefined) {
      await removeOld(cache, Date.now());
      await packageInto(folder, stage);
    }
    const fresh = await readPackage(folder);
    if (fresh === undefined) throw new Error(`serverless package --stage ${stage} left no template.`);
    return fresh;
  });
}

async function readPackage(folder: string): Promise<PackagedStack | undefined> {
  const files = await readdir(folder).catch((): string[] => []);
  if (!files.includes(TEMPLATE)) return undefined;
  const templatePath = path.join(folder, TEMPLATE);
  const zips = files.filter((file) => file.endsWith('.zip'));
  return {
    template: parseCompiledTemplate(JSON.parse(await readFile(templatePath, 'utf8'))),
    templatePath,
    zips: Object.fromEntries(zips.map((file) => [path.basename(file, '.zip'), path.join(folder, file)])),
  };
}

/** What was made a day ago or more, mostly of earlier states of the tree. Whoever still wants it has it made again. */
async function removeOld(cache: string, nowMs: number): Promise<void> {
  for (const name of await readdir(cache)) {
    const entry = path.join(cache, name);
    const { mtimeMs } = await stat(entry).catch(() => ({ mtimeMs: nowMs }));
    if (nowMs - mtimeMs > KEPT_MS) await rm(entry, { recursive: true, force: true });
  }
}

async function packageInto(folder: string, stage: string): Promise<void> {
  const own = `${folder}.${randomUUID()}`;
  const scratch = `${own}.tmp`;
  try {
    await mkdir(scratch);
    await serverless(['package', '--stage', stage, '--package', own], scratch);
    await rename(own, folder);
  } finally {
    for (const made of [own, scratch]) await rm(made, { recursive: true, force: true });
  }
}

/**
 * Runs the framework with nothing of the caller's AWS environment, so that none of it can end up in a template. Its
 * bundler leaves folders in the system's folder for temporary files, so it is given one to leave them in.
 */
async function serverless(argv: readonly string[], scratch: string): Promise<void> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  const bin = path.join(ROOT, 'node_modules/serverless/bin/serverless.js');
  const ended = promisify(execFile)(process.execPath, [bin, ...argv], {
    cwd: ROOT,
    env: { ...Object.fromEntries(inherited), SLS_NOTIFICATIONS_MODE: 'off', TMPDIR: scratch },
    timeout: PACKAGING_MS_MAX,
    killSignal: 'SIGKILL',
  });
  const release = endWithThisProcess(ended.child);
  try {
    await ended;
  } catch (error) {
    throw new Error(`serverless ${argv.slice(0, 3).join(' ')} failed:\n${outputOf(error)}`, { cause: error });
  } finally {
    release();
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Kills the child when this process exits or is told to end, which otherwise goes as it would without this. */
function endWithThisProcess(child: ChildProcess): () => void {
  // The framework may take its time over a milder signal, and nothing of a package half made is wanted.
  const kill = () => void child.kill('SIGKILL');
  const onSignal = (signal: NodeJS.Signals) => {
    kill();
    release();
    // A listener keeps a signal from ending the process; where this was the only one, that is not to be.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const release = () => {
    process.removeListener('exit', kill);
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  };
  process.once('exit', kill);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return release;
}

/** What a failed child said; the framework puts half of it on either stream. */
function outputOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  return ['stdout', 'stderr'].map((stream) => String(Reflect.get(error, stream) ?? '')).join('');
}

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const entry of MADE_OF) {
    for (const file of await filesUnder(path.join(ROOT, entry))) {
      hash
        .update(path.relative(ROOT, file))
        .update('\0')
        .update(await readFile(file))
        .update('\0');
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesUnder(entry: string): Promise<readonly string[]> {
  const found = await readdir(entry, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (found === undefined) return [entry];
  return found
    .filter((file) => file.isFile())
    .map((file) => path.join(file.parentPath, file.name))
    .sort();
}
