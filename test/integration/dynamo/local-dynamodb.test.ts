import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { findDynoxide, startDynamoDb } from '../../../local/dynamodb/start.ts';
import { createTables, tableNamed } from '../../../local/dynamodb/tables.ts';
import { localAccess } from '../../../local/stack/identity.ts';
import { sendersTo } from '../../support/dynamodb.ts';

if (findDynoxide(process.env) === undefined) {
  test('this machine has no local DynamoDB, so its life was not examined', () => undefined);
} else {
  test('data written to a file are there after a restart, and tables are made once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'local-dynamodb-'));
    const dbPath = join(folder, 'data.db');
    const Key = { PK: { S: 'p' }, SK: { S: 's' } };
    for (const life of ['first', 'second']) {
      const server = await startDynamoDb({ dbPath });
      if (server === undefined) throw new Error('no local DynamoDB');
      await createTables(localAccess(server.endpoint), [{ ...tableNamed('kept'), timeToLive: 'ttl' }]);
      const { lean, close } = sendersTo(server.endpoint);
      if (life === 'first') await lean.putItem({ TableName: 'kept', Item: { ...Key, said: { S: life } } });
      else expect((await lean.getItem({ TableName: 'kept', Key })).Item?.['said']).toEqual({ S: 'first' });
      close();
      await server.close();
    }
    await rm(folder, { recursive: true });
  });

  test('the server ends with its parent, also when the parent is killed', async () => {
    const start = new URL('../../../local/dynamodb/start.ts', import.meta.url);
    const program = `
      import { startDynamoDb } from ${JSON.stringify(start.href)};
      const server = await startDynamoDb();
      console.log(new URL(server.endpoint).port);
      setInterval(() => undefined, 60_000);`;
    const options = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
    const parent = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = await once(parent.stdout, 'data');
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    // The server holds its end of an idle connection for as long as it lives; one that is killed may reset it.
    socket.on('error', () => undefined);
    const ended = new Promise((resolve) => socket.resume().once('close', resolve));
    parent.kill('SIGKILL');
    await ended;
  });

  test('closing twice is closing once', async () => {
    const server = await startDynamoDb();
    await server?.close();
    await server?.close();
  });
}

/** A program in the server's place that says where it runs, and what else it is given to do. */
async function withProgram(script: string, work: (binary: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'local-dynamodb-'));
  const binary = join(folder, 'program');
  await writeFile(binary, `#!/bin/sh\n${script}`, { mode: 0o700 });
  await work(binary).finally(() => rm(folder, { recursive: true }));
}

async function hasEnded(pid: number): Promise<boolean> {
  for (let looks = 0; looks < 300; looks += 1) {
    const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
    // `Z` says that it has ended, and is listed only until its parent asks for its code.
    if (/^(?:Z|\s*$)/.test(stdout)) return true;
    await setImmediate();
  }
  return false;
}

describe('a local DynamoDB that hangs', () => {
  test('on its way up is killed, and what it said is told', async () => {
    await withProgram('echo "I am $$" >&2\nexec sleep 600', async (binary) => {
      const started = startDynamoDb({ binary, limitMs: 300 });
      const { message } = await started.then(
        () => new Error('it started'),
        (error: Error) => error,
      );
      expect(message).toMatch(/did not come up within 300 ms. It said: I am \d+$/);
      expect(await hasEnded(Number(/\d+$/.exec(message)?.[0]))).toBe(true);
    });
  });

  test('on its way down is killed', async () => {
    const script = 'trap "" TERM\necho listening on >&2\nwhile :; do sleep 1; done';
    await withProgram(script, async (binary) => {
      const server = await startDynamoDb({ binary, limitMs: 300 });
      await expect(server?.close()).rejects.toThrow('did not end within 300 ms');
    });
  });
});
