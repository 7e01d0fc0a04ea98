import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { startSecretsManager } from '../../../local/secrets-manager/server.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 12);
const FIRST = '11111111-1111-1111-1111-111111111111';
const SECOND = '22222222-2222-2222-2222-222222222222';
const THIRD = '33333333-3333-3333-3333-333333333333';

describe('the Secrets Manager emulator, through the AWS SDK', () => {
  let close: () => Promise<void>;
  let client: SecretsManagerClient;

  beforeEach(async () => {
    const service = await startSecretsManager({ clock: () => NOW_MS });
    client = clientOf(service.url);
    close = service.close;
  });
  afterEach(async () => {
    client.destroy();
    await close();
  });

  const create = (value = 'one') =>
    client.send(
      new CreateSecretCommand({ Name: 'app/dev/key', SecretString: value, ClientRequestToken: FIRST }),
    );
  const put = (token: string, value: string, stages?: string[]) =>
    client.send(
      new PutSecretValueCommand({
        SecretId: 'app/dev/key',
        ClientRequestToken: token,
        SecretString: value,
        ...(stages !== undefined && { VersionStages: stages }),
      }),
    );
  const get = (choice: { VersionId?: string; VersionStage?: string } = {}) =>
    client.send(new GetSecretValueCommand({ SecretId: 'app/dev/key', ...choice }));
  const stages = async () =>
    (await client.send(new DescribeSecretCommand({ SecretId: 'app/dev/key' }))).VersionIdsToStages;

  test('a created secret is read back by name and by ARN, with its version and date', async () => {
    const { ARN } = await create();
    const { $metadata, ...answer } = await client.send(new GetSecretValueCommand({ SecretId: ARN }));
    expect(answer).toEqual({
      ARN: expect.stringMatching(
        /^arn:aws:secretsmanager:us-east-1:\d{12}:secret:app\/dev\/key-[A-Za-z0-9]{6}$/,
      ),
      Name: 'app/dev/key',
      SecretString: 'one',
      VersionId: FIRST,
      VersionStages: ['AWSCURRENT'],
      CreatedDate: new Date(NOW_MS),
    });
    expect($metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('an unknown secret is ResourceNotFoundException', async () => {
    await expect(get()).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret.",
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('creating twice is refused, unless token and value say that it is the same call', async () => {
    await create();
    await expect(create()).resolves.toMatchObject({ VersionId: FIRST });
    await expect(create('other')).rejects.toMatchObject({ name: 'ResourceExistsException' });
  });

  test('a new value is current and leaves the one before as AWSPREVIOUS', async () => {
    await create();
    await put(SECOND, 'two');
    await put(THIRD, 'three');
    expect(await stages()).toEqual({ [SECOND]: ['AWSPREVIOUS'], [THIRD]: ['AWSCURRENT'] });
    expect((await get({ VersionStage: 'AWSPREVIOUS' })).SecretString).toBe('two');
    expect((await get({ VersionId: FIRST })).SecretString).toBe('one');
  });

  test('a pending value does not touch the current one until its label is moved', async () => {
    await create();
    await put(SECOND, 'two', ['AWSPENDING']);
    expect((await get()).SecretString).toBe('one');
    await client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: 'app/dev/key',
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: SECOND,
        RemoveFromVersionId: FIRST,
      }),
    );
    expect(await stages()).toEqual({ [FIRST]: ['AWSPREVIOUS'], [SECOND]: ['AWSPENDING', 'AWSCURRENT'] });
  });

  test('a label moves only for a caller who names the version it is on', async () => {
    await create();
    await put(SECOND, 'two', ['AWSPENDING']);
    const move = client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: 'app/dev/key',
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: SECOND,
      }),
    );
    await expect(move).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining(`currently attached to version ${FIRST}`),
    });
    expect((await get()).SecretString).toBe('one');
  });

  test('a repeated put is the same put; the same token with another value is refused', async () => {
    await create();
    await put(SECOND, 'two', ['AWSPENDING']);
    await expect(put(SECOND, 'two', ['AWSPENDING'])).resolves.toMatchObject({ VersionId: SECOND });
    await expect(put(SECOND, 'changed')).rejects.toMatchObject({ name: 'ResourceExistsException' });
    expect((await get({ VersionId: SECOND })).SecretString).toBe('two');
  });

  test('a label or version that is not there is named in the error', async () => {
    await create();
    await expect(get({ VersionStage: 'AWSPENDING' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret value for staging label: AWSPENDING",
    });
    await expect(get({ VersionId: FIRST, VersionStage: 'AWSPENDING' })).rejects.toMatchObject({
      name: 'InvalidRequestException',
    });
  });

  test('a binary secret comes back byte for byte', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await client.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary: bytes }));
    const { SecretBinary } = await client.send(new GetSecretValueCommand({ SecretId: 'bytes' }));
    expect(Buffer.from(SecretBinary ?? [])).toEqual(Buffer.from(bytes));
  });

  test('a deleted secret cannot be read, keeps its name for the recovery window, and is gone when forced', async () => {
    await create();
    const deleted = await client.send(new DeleteSecretCommand({ SecretId: 'app/dev/key' }));
    expect(deleted.DeletionDate).toEqual(new Date(NOW_MS + 30 * 86_400_000));
    await expect(get()).rejects.toMatchObject({ name: 'InvalidRequestException' });
    await expect(create()).rejects.toMatchObject({ name: 'InvalidRequestException' });
    await client.send(new DeleteSecretCommand({ SecretId: 'app/dev/key', ForceDeleteWithoutRecovery: true }));
    await expect(create()).resolves.toMatchObject({ Name: 'app/dev/key' });
  });

  test('an operation that is not emulated says so', async () => {
    await expect(client.send(new ListSecretsCommand({}))).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: "This emulator has no operation 'ListSecrets'.",
    });
  });
});

test('secrets survive a restart in a file that only its owner may read', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'secrets-'));
  const stateFile = path.join(folder, 'secrets.json');
  const before = await startSecretsManager({ stateFile });
  const writer = clientOf(before.url);
  await writer.send(new CreateSecretCommand({ Name: 'kept', SecretString: 'value' }));
  writer.destroy();
  await before.close();

  const after = await startSecretsManager({ stateFile });
  const reader = clientOf(after.url);
  const { SecretString } = await reader.send(new GetSecretValueCommand({ SecretId: 'kept' }));
  reader.destroy();
  await after.close();

  expect(SecretString).toBe('value');
  expect((await stat(stateFile)).mode & 0o777).toBe(0o600);
  await rm(folder, { recursive: true });
});

function clientOf(endpoint: string): SecretsManagerClient {
  return new SecretsManagerClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
}
