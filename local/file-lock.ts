/** One process at a time: a lock that is a file, and that does not outlive whoever made it. */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { processLives } from './process-lives.ts';

const RETRY_MS = 50;

export interface Lock {
  readonly file: string;
  /** Longer than any holder works. An older file is abandoned: its process id may be another's by now. */
  readonly heldMsMax: number;
}

/** Runs `work` alone among all processes that name the same file; waits for as long as another holds it. */
export async function withLock<Result>(lock: Lock, work: () => Promise<Result>): Promise<Result> {
  while (!(await acquire(lock.file))) {
    if (await isAbandoned(lock)) await clear(lock);
    else await delay(RETRY_MS);
  }
  try {
    return await work();
  } finally {
    await rm(lock.file, { force: true });
  }
}

/** Linking is the atomic step, and what is linked says already whose it is: no holder is ever without a name. */
async function acquire(file: string): Promise<boolean> {
  const own = `${file}.${randomUUID()}`;
  await writeFile(own, String(process.pid));
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

/**
 * Moved aside before it is removed: of several who found it abandoned only one can move it. Who was late may have
 * moved the next holder's lock instead, and puts it back.
 */
async function clear({ file, heldMsMax }: Lock): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
    if (!(await isAbandoned({ file: aside, heldMsMax }))) await link(aside, file);
  } catch (error) {
    if (!isCode(error, 'ENOENT') && !isCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/** Whether its holder is dead, or must be. A lock that is gone is free, and not abandoned. */
async function isAbandoned({ file, heldMsMax }: Lock): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(file);
    return Date.now() - mtimeMs > heldMsMax || !processLives(Number(await readFile(file, 'utf8')));
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Not by `instanceof`: under jest, Node's own errors are of another realm's Error. */
const isCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;
