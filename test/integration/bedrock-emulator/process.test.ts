import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = path.resolve('local/bedrock/main.ts');

describe('the Bedrock emulator as a process', () => {
  let child: ChildProcess;

  const start = async (...args: readonly string[]): Promise<{ url: string; exit: Promise<unknown> }> => {
    child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
    const exit = once(child, 'exit').then(([code]) => code);
    const lines = createInterface({ input: child.stdout ?? process.stdin });
    const [line] = await Promise.race([once(lines, 'line'), exit.then(() => ['{}'])]);
    return { ...JSON.parse(String(line)), exit };
  };
  afterEach(() => {
    child.kill('SIGKILL');
  });

  it('prints its URL and serves there until SIGTERM', async () => {
    const { url, exit } = await start('--port', '0', '--token-delay-ms', '0');
    const response = await fetch(`${url}/foundation-models`, { headers: { authorization: 'Bearer key' } });
    await response.body?.cancel();
    child.kill('SIGTERM');
    expect([url, response.status, await exit]).toEqual([
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      200,
      0,
    ]);
  });

  it('ends when the process that started it closes its stdin', async () => {
    const { exit } = await start();
    child.stdin?.end();
    expect(await exit).toBe(0);
  });

  it('does not start with a port that is none', async () => {
    const { exit } = await start('--port', 'eighty');
    expect(await exit).toBe(1);
  });
});
