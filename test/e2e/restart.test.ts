import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import OpenAI from 'openai';
import { startProcess } from '../support/child-process.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'restart-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const devFile = () => JSON.parse(readFileSync(path.join(folder, 'dev.json'), 'utf8'));

async function start(port: string) {
  const started = startProcess({
    command: process.execPath,
    args: ['--import', './scripts/check-node.mjs', 'local/start.ts', '--data-dir', folder],
    environment: { PORT: port },
  });
  await started.until(/Stop with Ctrl-C/);
  return started;
}

describe('npm start, killed and started again on the same port', () => {
  test('publishes its own process and addresses, and the same keys, which work', async () => {
    const first = await start('0');
    const before = devFile();
    await first.stop('SIGKILL');
    const second = await start(new URL(before.baseUrl).port);
    try {
      const after = devFile();
      expect([after.pid, after.baseUrl, after.apiKey]).toEqual([second.pid, before.baseUrl, before.apiKey]);
      expect(after.endpoints).not.toEqual(before.endpoints);
      const client = new OpenAI({ apiKey: after.apiKey, baseURL: after.baseUrl, maxRetries: 0 });
      expect((await client.models.retrieve('amazon.nova-lite-v1:0')).object).toBe('model');
    } finally {
      await second.stop('SIGTERM');
    }
    // What was stopped properly leaves no addresses behind that answer no more.
    expect(devFile).toThrow('ENOENT');
  });
});
