/**
 * The Bedrock emulator as a process: `node local/bedrock/main.ts --port 0 --token-delay-ms 0` prints
 * `{"url":"http://127.0.0.1:<port>"}` on one line and serves until SIGTERM, SIGINT or the end of a piped stdin,
 * so that it never outlives the process that started it.
 */
import { fstatSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startBedrockEmulator } from './emulator.ts';

const { values } = parseArgs({
  options: { port: { type: 'string' }, 'token-delay-ms': { type: 'string' } },
});
const port = wholeNumber('port', values.port);
const tokenDelayMs = wholeNumber('token-delay-ms', values['token-delay-ms']);
const emulator = await startBedrockEmulator({
  ...(port !== undefined && { port }),
  ...(tokenDelayMs !== undefined && { tokenDelayMs }),
});
console.log(JSON.stringify({ url: emulator.url }));

const stop = () => void emulator.close().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
// A terminal or /dev/null says nothing of the parent; only a pipe closes with it.
const stdin = fstatSync(process.stdin.fd);
if (stdin.isFIFO() || stdin.isSocket()) process.stdin.once('close', stop).resume();

function wholeNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,6}$/.test(value)) throw new Error(`--${name} takes a whole number, not '${value}'.`);
  return Number(value);
}
