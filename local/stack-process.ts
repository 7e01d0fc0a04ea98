/**
 * A stack as a child process, for tests that kill it: options as one JSON argument, its facts as one JSON line on
 * standard output (the line that has a baseUrl; functions log there too). It ends with its standard input.
 */
import * as z from 'zod/mini';
import { startStack } from './stack.ts';

const options = z.strictObject({
  port: z.optional(z.int()),
  ephemeral: z.optional(z.boolean()),
  stage: z.optional(z.string()),
  hangUp: z.optional(z.enum(['unreported', 'reported'])),
  tokenDelayMs: z.optional(z.number()),
  dataDir: z.optional(z.string()),
});

// JSON has no undefined, so the schema's optional fields are there or absent.
const given = options.parse(JSON.parse(process.argv[2] ?? '{}')) as Parameters<typeof startStack>[0];
const { close, emulator: _emulator, eventBridge: _eventBridge, ...facts } = await startStack(given);
const stop = () => void close().finally(() => process.exit(0));
process.once('SIGTERM', stop);
process.stdin.once('close', stop).resume();
console.log(JSON.stringify({ ...facts, pid: process.pid }));
