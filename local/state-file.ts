/** What an emulator remembers across restarts: one JSON file, readable by its owner only, since it holds secrets. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The file's value, or undefined where there is no file. Throws, naming the file, where it is not JSON. */
export function readStateFile(file: string): unknown {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`${file} is damaged; delete it to start afresh.`, { cause });
  }
}

/** Replaces the file in one step, so that a process killed meanwhile leaves the old state or the new one. */
export function writeStateFile(file: string, value: unknown): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  // The mode above counts only where the file is new.
  chmodSync(draft, 0o600);
  renameSync(draft, file);
}
