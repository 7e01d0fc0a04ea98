import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ownFolder } from '../../../../local/stack/data-owner.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'owner-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = () => path.join(folder, 'owner.pid');

describe('a folder of data', () => {
  test('belongs to the process that claimed it until it gives it back', () => {
    const release = ownFolder(folder);
    expect(readFileSync(file(), 'utf8')).toBe(String(process.pid));
    release();
    expect(() => readFileSync(file())).toThrow('ENOENT');
  });

  test('is refused while another process that lives has it, and the owner is named', () => {
    writeFileSync(file(), String(process.ppid));
    expect(() => ownFolder(folder)).toThrow(new RegExp(`process ${process.ppid}.*--ephemeral`));
  });

  test.each(['999999999', '', 'nonsense'])('is taken over from an owner that is gone (%p)', (owner) => {
    writeFileSync(file(), owner);
    ownFolder(folder)();
  });
});
