/**
 * The recorder as a process: `node local/bedrock/recorder/main.ts --target https://bedrock-runtime.us-east-1.amazonaws.com
 * --folder fixtures --texts replace` prints its URL and writes one JSON file an exchange until SIGINT or SIGTERM.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startRecorder } from './recorder.ts';

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    folder: { type: 'string' },
    port: { type: 'string', default: '0' },
    texts: { type: 'string', default: 'replace' },
  },
});
const { target, folder, texts } = values;
if (target === undefined || folder === undefined) {
  throw new Error('Both --target, the URL of Bedrock, and --folder, where fixtures go, are needed.');
}
if (texts !== 'keep' && texts !== 'replace')
  throw new Error(`--texts takes keep or replace, not '${texts}'.`);

mkdirSync(folder, { recursive: true });
let count = 0;
const recorder = await startRecorder({
  target,
  texts,
  port: Number(values.port),
  onFixture: (fixture) => {
    count += 1;
    const file = path.join(folder, `${String(count).padStart(4, '0')}.json`);
    writeFileSync(file, `${JSON.stringify(fixture, null, 2)}\n`, { flag: 'wx' });
  },
});
console.log(JSON.stringify({ url: recorder.url }));

const stop = () => void recorder.close().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
