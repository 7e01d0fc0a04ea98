/** The keys of the stack of before, next to its data: a restart goes on with them where they still work. */
import path from 'node:path';
import { readStateFile, writeStateFile } from '../state-file.ts';
import { type StackKeys, stackKeys } from './bootstrap.ts';

const fileIn = (folder: string): string => path.join(folder, 'keys.json');

/** Undefined where there is no file, or one that another version wrote. */
export function readKeys(folder: string): StackKeys | undefined {
  const result = stackKeys.safeParse(readStateFile(fileIn(folder)));
  return result.success ? result.data : undefined;
}

/** Writes the file, readable by its owner only. */
export function writeKeys(folder: string, keys: StackKeys): void {
  writeStateFile(fileIn(folder), keys);
}
