import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { run } from './run.ts';

// A reader that has seen enough (`bpx … | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

run(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  readStdin: () => text(process.stdin),
  fetch: globalThis.fetch,
  clock: Date.now,
  newUuid: randomUUID,
  readRetries: 2,
}).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    console.error('bpx: an error of its own; please report it.', error);
    process.exitCode = 70;
  },
);
