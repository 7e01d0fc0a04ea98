/** A stack in a process of its own over a DynamoDB that others use too, which a test may kill at any moment. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

export interface StormGateway {
  readonly baseUrl: string;
  readonly adminKey: string;
  /** Ends it as a crash does; nothing of it runs any more when this resolves. */
  kill(): Promise<void>;
}

const SCRIPT = path.resolve(import.meta.dirname, '../../local/stack-process.ts');

/** Starts it. Rejects where it ends before it is ready. */
export async function startStormGateway(of: {
  readonly dynamodb: string;
  readonly tokenDelayMs?: number;
}): Promise<StormGateway> {
  const { tokenDelayMs = 0, dynamodb } = of;
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify({ ephemeral: true, tokenDelayMs })], {
    // It complains of every fault.
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, AWS_ENDPOINT_URL_DYNAMODB: dynamodb },
  });
  // Its pipes are closed by then, too: nothing of it keeps the tests' process alive.
  const ended = once(child, 'close');
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('"baseUrl"')) continue;
    child.stdout.resume();
    const { baseUrl, adminKey } = JSON.parse(line);
    return { baseUrl, adminKey, kill };
  }
  await kill();
  throw new Error('The stack ended before it was ready.');
}
