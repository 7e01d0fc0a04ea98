/**
 * CommonJS as .cjs: Lambda's runtime takes it without a package.json in the zip, `invoke local` can load it, and an
 * ESM import of node:http would load undici as well. No source map: it would be six times the code.
 */
const { randomUUID } = require('node:crypto');
const { rmSync } = require('node:fs');
const { join } = require('node:path');

/**
 * A folder of its own for each run: whatever lies in it goes into the zips, so that what a killed run left behind
 * would be deployed, and two runs at once would empty each other's.
 */
const outputWorkFolder = `.esbuild/${randomUUID()}`;
// The plugin empties it after packaging, but not after `invoke local` or a failure.
process.once('exit', () => rmSync(join(__dirname, '..', outputWorkFolder), { recursive: true, force: true }));

module.exports = {
  bundle: true,
  minify: true,
  sourcemap: false,
  target: 'node22',
  platform: 'node',
  format: 'cjs',
  outputFileExtension: '.cjs',
  packager: 'npm',
  packagePath: './package.json',
  exclude: [],
  outputWorkFolder,
};
