/**
 * Writes resources/api/openapi.generated.json, which GET /openapi.json serves: `npm run openapi`. With `--check` it
 * only says whether the file is what the sources make. Bodies of requests come from the schemas that check them;
 * what is in scripts/openapi/ is the rest.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeApi } from './openapi/document.ts';

const PACKAGE = new URL('../package.json', import.meta.url);
const TARGET = new URL('../resources/api/openapi.generated.json', import.meta.url);

/** The file's text. Throws where a route or a field is not described. */
export function openApiText(): string {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8'));
  return `${JSON.stringify(describeApi(String(version)), null, 1)}\n`;
}

function main(): void {
  const text = openApiText();
  if (!process.argv.includes('--check')) {
    writeFileSync(TARGET, text);
  } else if (readFileSync(TARGET, 'utf8') !== text) {
    console.error('resources/api/openapi.generated.json is stale: run npm run openapi');
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
