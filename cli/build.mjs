/**
 * Makes cli/dist/bpx.cjs, one file without dependencies that every Node from 20 on runs, and a link to it under
 * node_modules/.bin, by which `npx bpx` finds it in a checkout. `npm ci` calls it; without the development
 * dependencies there is nothing to make it with, and nothing to make it for.
 *
 *   node cli/build.mjs [file]
 */
import { chmodSync, existsSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';

const folder = import.meta.dirname;
const outfile = path.resolve(process.argv[2] ?? path.join(folder, 'dist', 'bpx.cjs'));

const esbuild = await import('esbuild').catch((error) => {
  if (error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
  throw error;
});
if (esbuild === undefined) {
  console.error('bpx is not compiled: esbuild is not installed (npm ci without --omit=dev installs it).');
} else {
  await compile(esbuild);
  if (process.argv[2] === undefined) link();
}

async function compile({ build }) {
  await build({
    entryPoints: [path.join(folder, 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    banner: { js: '#!/usr/bin/env node' },
    legalComments: 'inline',
    logLevel: 'warning',
  });
  chmodSync(outfile, 0o755);
}

/** npm links the programs of dependencies, not the package's own. */
function link() {
  const bin = path.join(folder, '..', 'node_modules', '.bin');
  if (!existsSync(bin) || process.platform === 'win32') return;
  const name = path.join(bin, 'bpx');
  rmSync(name, { force: true });
  symlinkSync(path.relative(bin, outfile), name);
}
