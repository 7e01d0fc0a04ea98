import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    // The server holds its end of an idle connection for as long as it lives.
    const ended = once(socket.resume(), 'close');
    parent.kill('SIGKILL');
    await ended;
  });

  test('closing twice is closing once', async () => {
    const server = await startDynamoDb();
    await server?.close();
    await server?.close();
  });
}
