import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import OpenAI from 'openai';
import { CLIENT_MODEL as model } from '../support/stack.ts';

const root = path.resolve(import.meta.dirname, '../..');

interface Facts {
  readonly baseUrl: string;
  readonly adminKey: string;
  readonly apiKey: string;
  readonly projectId: string;
}

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'killed-'));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

/** The stack in a process of its own, on the same data every time. */
async function startProcess(): Promise<{ facts: Facts; kill(): Promise<void> }> {
  const script = path.join(root, 'local/stack-process.ts');
  const child = spawn(process.execPath, [script, JSON.stringify({ dataDir })], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('"baseUrl"')) continue;
    child.stdout.resume();
    const kill = async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    };
    return { facts: JSON.parse(line), kill };
  }
  throw new Error('The stack ended before it was ready.');
}

async function usageOf(facts: Facts) {
  const admin = new OpenAI({ adminAPIKey: facts.adminKey, baseURL: facts.baseUrl, maxRetries: 0 }).admin
    .organization;
  const page = await admin.usage.completions({ start_time: Math.floor(Date.now() / 1000) - 3600 });
  const results = page.data.flatMap((bucket) => bucket.results);
  const sum = (field: string) =>
    results.reduce((total, result) => total + Number(Reflect.get(result, field)), 0);
  return { requests: sum('num_model_requests'), output: sum('output_tokens') };
}

describe('a process killed in the middle of traffic', () => {
  test('loses no committed usage record and no key', async () => {
    const first = await startProcess();
    const client = new OpenAI({ apiKey: first.facts.apiKey, baseURL: first.facts.baseUrl, maxRetries: 0 });
    const ask = (tokens: number, delay: number) => ({
      model,
      messages: [{ role: 'user' as const, content: `[[emulator tokens=${tokens} delay=${delay}]] Work.` }],
    });
    await Promise.all(Array.from({ length: 20 }, () => client.chat.completions.create(ask(7, 0))));
    const committed = await usageOf(first.facts);
    // A dozen streams are under way, some more are being admitted, when the process dies.
    const streams = await Promise.all(
      Array.from({ length: 12 }, () =>
        client.chat.completions.create({ ...ask(5000, 5), stream: true, max_completion_tokens: 5000 }),
      ),
    );
    const admissions = Array.from({ length: 12 }, () =>
      client.chat.completions.create(ask(3, 0)).catch(() => undefined),
    );
    await first.kill();
    await Promise.all([...admissions, ...streams.map((stream) => stream.controller.abort())]);

    const second = await startProcess();
    try {
      expect(committed).toEqual({ requests: 20, output: 140 });
      const kept = await usageOf(second.facts);
      expect(kept.requests).toBeGreaterThanOrEqual(20);
      expect(kept.output).toBeGreaterThanOrEqual(140);
      // The same keys, not new ones, and they work.
      expect([second.facts.apiKey, second.facts.adminKey]).toEqual([
        first.facts.apiKey,
        first.facts.adminKey,
      ]);
      const again = new OpenAI({ apiKey: first.facts.apiKey, baseURL: second.facts.baseUrl, maxRetries: 0 });
      const completion = await again.chat.completions.create(ask(2, 0));
      expect(completion.usage?.completion_tokens).toBe(2);
    } finally {
      await second.kill();
    }
  }, 60_000);
});
