import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  DeleteParameterCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  PutParameterCommand,
  paginateGetParametersByPath,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { startParameterStore } from '../../../local/ssm/server.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 12);

describe('the Parameter Store emulator, through the AWS SDK', () => {
  let close: () => Promise<void>;
  let client: SSMClient;

  beforeEach(async () => {
    const service = await startParameterStore({ clock: () => NOW_MS });
    client = clientOf(service.url);
    close = service.close;
  });
  afterEach(async () => {
    client.destroy();
    await close();
  });

  const put = (name: string, value: string, more: { Overwrite?: boolean; Type?: 'SecureString' } = {}) =>
    client.send(new PutParameterCommand({ Name: name, Value: value, Type: 'String', ...more }));
  const get = (name: string, decrypted?: boolean) =>
    client.send(
      new GetParameterCommand({
        Name: name,
        ...(decrypted !== undefined && { WithDecryption: decrypted }),
      }),
    );

  test('a parameter is read back whole', async () => {
    await expect(put('/app/dev/models', 'one')).resolves.toMatchObject({ Version: 1, Tier: 'Standard' });
    expect((await get('/app/dev/models')).Parameter).toEqual({
      Name: '/app/dev/models',
      Type: 'String',
      Value: 'one',
      Version: 1,
      LastModifiedDate: new Date(NOW_MS),
      ARN: 'arn:aws:ssm:us-east-1:000000000000:parameter/app/dev/models',
      DataType: 'text',
    });
  });

  test('a value is replaced only when asked, and every version stays readable by its number', async () => {
    await put('/app/p', 'one');
    await expect(put('/app/p', 'two')).rejects.toMatchObject({ name: 'ParameterAlreadyExists' });
    await expect(put('/app/p', 'two', { Overwrite: true })).resolves.toMatchObject({ Version: 2 });
    expect((await get('/app/p')).Parameter).toMatchObject({ Value: 'two', Version: 2 });
    expect((await get('/app/p:1')).Parameter).toMatchObject({ Value: 'one', Version: 1, Selector: ':1' });
    await expect(get('/app/p:3')).rejects.toMatchObject({ name: 'ParameterVersionNotFound' });
  });

  test('an unknown parameter is ParameterNotFound', async () => {
    await expect(get('/app/none')).rejects.toMatchObject({
      name: 'ParameterNotFound',
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('several are read at once, those that are not there by name', async () => {
    await put('/app/a', '1');
    await put('/app/b', '2');
    const answer = await client.send(
      new GetParametersCommand({ Names: ['/app/b:1', '/app/none', '/app/a', '/app/a:7'] }),
    );
    expect(answer.Parameters?.map(({ Name, Value }) => [Name, Value])).toEqual([
      ['/app/b', '2'],
      ['/app/a', '1'],
    ]);
    expect(answer.InvalidParameters).toEqual(['/app/none', '/app/a:7']);
  });

  test('a path is walked page by page, each parameter once', async () => {
    const names = Array.from({ length: 23 }, (_, index) => `/app/t/${String(index).padStart(2, '0')}`);
    for (const name of [...names, '/app/t/deep/er', '/apple', '/app2/x']) await put(name, 'v');
    const pages: (string | undefined)[][] = [];
    for await (const page of paginateGetParametersByPath({ client, pageSize: 10 }, { Path: '/app/t' })) {
      pages.push((page.Parameters ?? []).map(({ Name }) => Name));
    }
    expect(pages.map((page) => page.length)).toEqual([10, 10, 3]);
    expect(pages.flat()).toEqual(names);
  });

  test('a recursive walk descends, and stays below the path', async () => {
    for (const name of ['/app/x', '/app/deep/er/y', '/apple/z']) await put(name, 'v');
    const { Parameters } = await client.send(
      new GetParametersByPathCommand({ Path: '/app/', Recursive: true }),
    );
    expect(Parameters?.map(({ Name }) => Name)).toEqual(['/app/deep/er/y', '/app/x']);
  });

  test('a SecureString without WithDecryption does not show its value', async () => {
    await put('/app/s', 'hidden', { Type: 'SecureString' });
    expect((await get('/app/s')).Parameter?.Value).not.toContain('hidden');
    expect((await get('/app/s', true)).Parameter?.Value).toBe('hidden');
  });

  test('what exceeds a standard parameter is refused', async () => {
    await expect(put('/app/long', 'x'.repeat(4097))).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('a deleted parameter is gone', async () => {
    await put('/app/p', 'one');
    await client.send(new DeleteParameterCommand({ Name: '/app/p' }));
    await expect(get('/app/p')).rejects.toMatchObject({ name: 'ParameterNotFound' });
    await expect(client.send(new DeleteParameterCommand({ Name: '/app/p' }))).rejects.toMatchObject({
      name: 'ParameterNotFound',
    });
  });
});

test('parameters survive a restart with their versions', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'parameters-'));
  const stateFile = path.join(folder, 'parameters.json');
  const before = await startParameterStore({ stateFile });
  const writer = clientOf(before.url);
  await writer.send(new PutParameterCommand({ Name: '/kept', Value: 'one', Type: 'String' }));
  writer.destroy();
  await before.close();

  const after = await startParameterStore({ stateFile });
  const reader = clientOf(after.url);
  const put = await reader.send(new PutParameterCommand({ Name: '/kept', Value: 'two', Overwrite: true }));
  const first = await reader.send(new GetParameterCommand({ Name: '/kept:1' }));
  reader.destroy();
  await after.close();

  expect([put.Version, first.Parameter?.Value]).toEqual([2, 'one']);
  await rm(folder, { recursive: true });
});

function clientOf(endpoint: string): SSMClient {
  return new SSMClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
}
