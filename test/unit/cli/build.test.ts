import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ROOT, startProcess } from '../../support/child-process.ts';
import { newFolder } from './world-fixture.ts';

const BUILD = path.join(ROOT, 'cli', 'build.mjs');

async function runNode(...args: readonly string[]) {
  const child = startProcess({ command: process.execPath, args });
  return { exitCode: await child.ended, ...child.output() };
}

describe('the compiled program', () => {
  test('is one file that runs where nothing is installed', async () => {
    const file = path.join(newFolder(), 'bpx.cjs');
    expect(await runNode(BUILD, file)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readFileSync(file, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(statSync(file).mode & 0o111).toBe(0o111);
    expect(await runNode(file, '--help')).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('is left out, without failing the installation, where there is nothing to make it with', async () => {
    const folder = path.join(newFolder(), 'cli');
    mkdirSync(folder);
    copyFileSync(BUILD, path.join(folder, 'build.mjs'));
    const { exitCode, stderr } = await runNode(path.join(folder, 'build.mjs'));
    expect(exitCode).toBe(0);
    expect(stderr).toContain('npm ci without --omit=dev');
    expect(existsSync(path.join(folder, 'dist'))).toBe(false);
  });
});
