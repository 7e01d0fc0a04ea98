/** One process at a time: a lock that is a file, and that does not outlive whoever made it. */
import { open, readFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 50;

/** Runs `work` alone among all processes that name the same file; waits for as long as another lives that holds it. */
export async function withLock<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  while (!(await acquire(file))) await delay(RETRY_MS);
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

/** Making the file is the atomic step; a file whose process is gone is cleared away for the next try. */
async function acquire(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(String(process.pid));
    await handle.close();
    return true;
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  }
  const holder = Number(await readFile(file, 'utf8').catch(() => ''));
  // An empty file is one whose maker is about to write its id; only a dead holder's is removed.
  if (holder > 0 && !isAlive(holder)) await rm(file, { force: true });
  return false;
}

/** A process of another user answers with EPERM, and lives. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

/** Not by `instanceof`: under jest, Node's own errors are of another realm's Error. */
const isCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;
