/**
 * Writes docs/compatibility.md by running the translation for every model: `npm run compatibility`. With `--check` it
 * only says whether the page is what the code does.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compatibilityPage } from './compatibility/page.ts';

const TARGET = new URL('../docs/compatibility.md', import.meta.url);

function main(options: readonly string[]): void {
  const page = compatibilityPage();
  if (!options.includes('--check')) {
    writeFileSync(TARGET, page);
    return;
  }
  if (readFileSync(TARGET, 'utf8') === page) return;
  console.error('docs/compatibility.md is not what the code does: run `npm run compatibility`.');
  process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
