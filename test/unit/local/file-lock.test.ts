import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { withLock } from '../../../local/file-lock.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'file-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));

const lockNamed = (name: string) => ({ file: path.join(folder, name), heldMsMax: 60_000 });

/** The id of a process that has ended. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? Number.NaN;
}

test('of many who ask at once, one works at a time', async () => {
  const lock = lockNamed('many');
  let inside = 0;
  const seen: number[] = [];
  const work = async () => {
    inside += 1;
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(inside);
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(lock, work)));
  expect(seen).toEqual(Array.from({ length: 8 }, () => 1));
});

test('work that fails frees the lock, and nothing of it stays', async () => {
  const lock = lockNamed('failing');
  await expect(withLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await withLock(lock, async () => readFileSync(lock.file, 'utf8'))).toBe(String(process.pid));
  expect(readdirSync(folder).filter((name) => name.startsWith('failing'))).toEqual([]);
});

test('a lock whose process is dead is taken over, by one of those who wait', async () => {
  const lock = lockNamed('dead');
  writeFileSync(lock.file, String(await deadProcess()));
  let inside = 0;
  const counts = await Promise.all(
    Array.from({ length: 8 }, () =>
      withLock(lock, async () => {
        inside += 1;
        await new Promise((resolve) => setImmediate(resolve));
        const count = inside;
        inside -= 1;
        return count;
      }),
    ),
  );
  expect(counts).toEqual(Array.from({ length: 8 }, () => 1));
});

test.each([
  ['nobody', ''],
  ['no process', 'x'],
])('a lock that names %s does not hold for ever', async (_what, content) => {
  const lock = lockNamed('nameless');
  writeFileSync(lock.file, content);
  expect(await withLock(lock, async () => 'in')).toBe('in');
});

test('a lock older than any work is taken over, though its process id lives: it is another’s by now', async () => {
  const lock = lockNamed('old');
  writeFileSync(lock.file, String(process.pid));
  const old = new Date(Date.now() - 2 * lock.heldMsMax);
  utimesSync(lock.file, old, old);
  expect(await withLock(lock, async () => existsSync(lock.file))).toBe(true);
});
