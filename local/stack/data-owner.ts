/** Who uses a folder of data: two stacks on one would overwrite each other's keys and tables. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { processLives } from '../process-lives.ts';

/**
 * Claims the folder for this process; returns what gives it back. Throws, naming the owner, where another process
 * that still lives has claimed it. Making the file is what decides between two that start at once.
 */
export function ownFolder(folder: string): () => void {
  const file = path.join(folder, 'owner.pid');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const owner = ownerIn(file);
  if (owner !== undefined && owner !== process.pid && processLives(owner)) refuseFolder(folder, owner);
  // Only what a dead process left is cleared away: of two that start at once, one makes the file.
  if (owner !== undefined) rmSync(file, { force: true });
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx', mode: 0o600 });
  } catch {
    refuseFolder(folder, ownerIn(file));
  }
  return () => {
    if (ownerIn(file) === process.pid) rmSync(file, { force: true });
  };
}

function ownerIn(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function refuseFolder(folder: string, owner: number | undefined): never {
  throw new Error(
    `Another stack (process ${owner ?? 'unknown'}) uses the data of ${folder}. Stop it, or start this one beside it: PORT=8788 npm start -- --ephemeral`,
  );
}
