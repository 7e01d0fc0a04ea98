import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { createMemorySecretVault } from '../../../local/memory/secret-vault.ts';
import { startSecretsManager } from '../../../local/secrets-manager/server.ts';
import { createSecretVault } from '../../../shared/aws/secret-vault.ts';
import type { SignedHttp } from '../../../shared/aws/signed-http.ts';
import { TransportError } from '../../../shared/aws/transport-error.ts';
import type { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { parseAccountRef, parseKeyRef, parseTenantRef } from '../../../shared/domain/ids.ts';
import type { SecretVersion } from '../../../shared/domain/secret-version.ts';
import type { SecretVault } from '../../../shared/ports.ts';
import { noWaiting, sdkAccess, signedHttpTo } from '../../support/aws-emulator.ts';
import {
  hangUp,
  json,
  type Script,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scripted-server.ts';

const NAME = 'bedrock-proxy/test/tenants/AbCdEf0123/accounts/Acc0un/keys/Acc0unLINE';

function versionOf(number: number): SecretVersion {
  const [tenant, account] = [parseTenantRef('AbCdEf0123'), parseAccountRef('Acc0un')];
  const line = parseKeyRef('Acc0unLINE');
  if (tenant === undefined || account === undefined || line === undefined)
    throw new Error('These are references.');
  return {
    tenant,
    account,
    line,
    versionId: `rotation-AbCdEf0123-Acc0unAAAA-${String(number).padStart(6, '0')}`,
  };
}
const [FIRST, SECOND, THIRD] = [versionOf(1), versionOf(2), versionOf(3)] as const;

interface TestVault {
  readonly vault: SecretVault;
  /** What a workload of the account reads. */
  currentValue(): Promise<string | undefined>;
}

/** Secrets Manager's clock moves on between any two calls. */
async function startClockedSecretsManager() {
  let nowMs = Date.UTC(2026, 10, 20, 12);
  const service = await startSecretsManager({
    clock: () => {
      nowMs += 1;
      return nowMs;
    },
  });
  const client = new SecretsManagerClient(sdkAccess(service.url));
  const http = signedHttpTo(service.url, 'secretsmanager');
  const close = async () => {
    client.destroy();
    http.close();
    await service.close();
  };
  return { url: service.url, client, http, close };
}

describe.each([
  [
    'in memory',
    async () => {
      const vault = createMemorySecretVault();
      return { vault, currentValue: async () => vault.currentValue(FIRST), close: async () => undefined };
    },
  ],
  [
    'in Secrets Manager',
    async () => {
      const { client, http, close } = await startClockedSecretsManager();
      const vault = createSecretVault({ http, stage: 'test', waiting: noWaiting() });
      const currentValue = async () =>
        (await client.send(new GetSecretValueCommand({ SecretId: NAME }))).SecretString;
      return { vault, currentValue, close };
    },
  ],
])('the secret vault %s', (_where, open: () => Promise<TestVault & { close(): Promise<void> }>) => {
  let vault: SecretVault;
  let currentValue: TestVault['currentValue'];
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ vault, currentValue, close } = await open());
  });
  afterEach(() => close());

  test('holds the first value that was put as a version, and says so to whoever brings another', async () => {
    const first = await vault.putPending(FIRST, 'one');
    expect(first).toEqual({ arn: expect.stringContaining('AbCdEf0123'), value: 'one' });
    expect(await vault.putPending(FIRST, 'one')).toEqual(first);
    expect(await vault.putPending(FIRST, 'other')).toEqual(first);
  });

  test('lets racing writers of one version end with one value', async () => {
    const values = Array.from({ length: 8 }, (_, index) => `value ${index}`);
    const stored = await Promise.all(values.map((value) => vault.putPending(FIRST, value)));
    expect(new Set(stored.map(({ value }) => value)).size).toBe(1);
    await vault.promote(FIRST);
    expect(await currentValue()).toBe(stored[0]?.value);
  });

  test('shows workloads a successor only once it is promoted, which may be repeated', async () => {
    await vault.putPending(FIRST, 'one');
    await vault.promote(FIRST);
    await vault.putPending(SECOND, 'two');
    expect(await currentValue()).toBe('one');
    await vault.promote(SECOND);
    await vault.promote(SECOND);
    expect(await currentValue()).toBe('two');
  });

  test('never brings an older version back over a newer one', async () => {
    await vault.putPending(FIRST, 'one');
    await vault.putPending(SECOND, 'two');
    await vault.putPending(THIRD, 'three');
    await vault.promote(THIRD);
    for (const late of [SECOND, FIRST]) await vault.promote(late);
    expect(await currentValue()).toBe('three');
  });

  test('promotes a version after which another was put that never came to anything', async () => {
    await vault.putPending(FIRST, 'one');
    await vault.putPending(SECOND, 'two');
    await vault.putPending(THIRD, 'three');
    await vault.promote(SECOND);
    expect(await currentValue()).toBe('two');
    await vault.promote(THIRD);
    expect(await currentValue()).toBe('three');
  });

  test('ends with the newest version however promotions race', async () => {
    for (const version of [FIRST, SECOND, THIRD]) await vault.putPending(version, version.versionId);
    await Promise.all([FIRST, SECOND, THIRD, SECOND, THIRD].map((version) => vault.promote(version)));
    expect(await currentValue()).toBe(THIRD.versionId);
  });

  test.each([
    { account: parseAccountRef('0ther0') ?? FIRST.account },
    { line: parseKeyRef('Acc0unELSE') ?? FIRST.line },
  ])('keeps accounts and lines apart: %j', async (change) => {
    const other = { ...FIRST, ...change };
    await vault.putPending(FIRST, 'one');
    await vault.putPending(other, 'of another');
    await vault.promote(other);
    expect(await currentValue()).toBe('one');
  });

  test('has nothing to promote where somebody removed what it held', async () => {
    await vault.promote(FIRST);
    await vault.putPending(FIRST, 'one');
    await vault.promote(SECOND);
    expect(await currentValue()).toBe('one');
  });
});

describe('a secret, as the AWS SDK sees it', () => {
  let manager: Awaited<ReturnType<typeof startClockedSecretsManager>>;
  let vault: SecretVault;
  beforeEach(async () => {
    manager = await startClockedSecretsManager();
    vault = createSecretVault({ http: manager.http, stage: 'test', waiting: noWaiting() });
  });
  afterEach(() => manager.close());

  const describeIt = () => manager.client.send(new DescribeSecretCommand({ SecretId: NAME }));
  const move = (of: { VersionStage: string; MoveToVersionId: string; RemoveFromVersionId: string }) =>
    manager.client.send(new UpdateSecretVersionStageCommand({ SecretId: NAME, ...of }));

  test('is named and tagged by its tenant and stage, and holds the bare key', async () => {
    const { arn } = await vault.putPending(FIRST, 'bpk_test_the-key');
    const { ARN, Name, Tags, Description } = await describeIt();
    expect({ ARN, Name, Tags, Description }).toEqual({
      ARN: arn,
      Name: NAME,
      Tags: [
        { Key: 'tenantId', Value: 'AbCdEf0123' },
        { Key: 'stage', Value: 'test' },
      ],
      Description: 'API key of svc_AbCdEf0123Acc0un',
    });
    const { SecretString, VersionId } = await manager.client.send(
      new GetSecretValueCommand({ SecretId: NAME }),
    );
    expect({ SecretString, VersionId }).toEqual({
      SecretString: 'bpk_test_the-key',
      VersionId: FIRST.versionId,
    });
  });

  test('is pending until it is promoted, and no longer', async () => {
    await vault.putPending(FIRST, 'one');
    await vault.promote(FIRST);
    await vault.putPending(SECOND, 'two');
    expect((await describeIt()).VersionIdsToStages).toEqual({
      [FIRST.versionId]: ['AWSCURRENT'],
      [SECOND.versionId]: ['AWSPENDING'],
    });
    await vault.promote(SECOND);
    expect((await describeIt()).VersionIdsToStages).toEqual({
      [FIRST.versionId]: ['AWSPREVIOUS'],
      [SECOND.versionId]: ['AWSCURRENT'],
    });
  });

  test('stays as somebody set it by hand, whatever is promoted again', async () => {
    await vault.putPending(FIRST, 'one');
    await vault.putPending(SECOND, 'two');
    await vault.promote(SECOND);
    await move({
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: FIRST.versionId,
      RemoveFromVersionId: SECOND.versionId,
    });
    await vault.promote(SECOND);
    expect((await describeIt()).VersionIdsToStages).toEqual({
      [FIRST.versionId]: ['AWSCURRENT'],
      [SECOND.versionId]: ['AWSPREVIOUS'],
    });
  });

  test('takes what the SDK has put for what the vault would have put', async () => {
    await vault.putPending(FIRST, 'one');
    await manager.client.send(
      new PutSecretValueCommand({
        SecretId: NAME,
        ClientRequestToken: SECOND.versionId,
        SecretString: 'by the SDK',
        VersionStages: ['AWSPENDING'],
      }),
    );
    expect(await vault.putPending(SECOND, 'by the vault')).toMatchObject({ value: 'by the SDK' });
  });
});

describe('whichever response is lost after Secrets Manager acted', () => {
  /** Everything that delivery asks for, twice over, as by two workers. */
  async function deliver(vault: SecretVault): Promise<void> {
    for (const version of [FIRST, SECOND]) {
      await Promise.all([1, 2].map(() => vault.putPending(version, version.versionId)));
      await Promise.all([1, 2].map(() => vault.promote(version)));
    }
  }

  /** The nth answer never comes; how many were asked for. */
  function losing(http: SignedHttp, nth: number): { http: SignedHttp; sent(): number } {
    let sent = 0;
    const send: SignedHttp['send'] = async (request) => {
      sent += 1;
      const lost = sent === nth;
      const answer = await http.send(request);
      if (lost) throw new TransportError('timeout');
      return answer;
    };
    return { http: { ...http, send }, sent: () => sent };
  }

  async function deliverLosing(nth: number) {
    const manager = await startClockedSecretsManager();
    const wire = losing(manager.http, nth);
    await deliver(createSecretVault({ http: wire.http, stage: 'test', waiting: noWaiting() }));
    const { VersionIdsToStages } = await manager.client.send(new DescribeSecretCommand({ SecretId: NAME }));
    const { SecretString } = await manager.client.send(new GetSecretValueCommand({ SecretId: NAME }));
    await manager.close();
    return { sent: wire.sent(), VersionIdsToStages, SecretString };
  }

  test('the secret ends with the same versions, labels and value', async () => {
    const { sent: without, ...expected } = await deliverLosing(0);
    expect(expected).toEqual({
      SecretString: SECOND.versionId,
      VersionIdsToStages: { [FIRST.versionId]: ['AWSPREVIOUS'], [SECOND.versionId]: ['AWSCURRENT'] },
    });
    expect(without).toBeGreaterThan(12);
    for (let nth = 1; nth <= without; nth += 1) {
      const { sent: _, ...ended } = await deliverLosing(nth);
      expect({ nth, ...ended }).toEqual({ nth, ...expected });
    }
  });
});

describe('a secret vault whose Secrets Manager has a bad day', () => {
  let server: ScriptedServer;
  let http: SignedHttp;
  beforeAll(async () => {
    server = await startScriptedServer();
    http = signedHttpTo(server.endpoint, 'secretsmanager');
  });
  afterAll(async () => {
    http.close();
    await server.close();
  });

  const opened = () => createSecretVault({ http, stage: 'test', waiting: noWaiting() });
  const refusal = (type: string, status = 400): Script =>
    json(status, { __type: type, Message: 'It may quote SECRET-VALUE.' });
  const put = json(200, { ARN: 'arn:1', VersionId: FIRST.versionId });
  const asked = () => server.requests.map(({ headers }) => String(headers['x-amz-target']).split('.')[1]);
  const refusedBy = async (work: Promise<unknown>): Promise<GatewayError> =>
    work.then(
      () => {
        throw new Error('It was not refused.');
      },
      (error) => error,
    );

  test.each([
    ['throttled', refusal('ThrottlingException')],
    ['failing inside', refusal('InternalServiceError', 500)],
    ['hanging up', hangUp],
    ['answering no JSON', (response) => void response.writeHead(200).end('<html>')],
  ] satisfies [string, Script][])('gets the value in after two answers of one %s', async (_how, script) => {
    server.play(script, script, put);
    expect(await opened().putPending(FIRST, 'SECRET-VALUE')).toEqual({ arn: 'arn:1', value: 'SECRET-VALUE' });
    expect(asked()).toEqual(['PutSecretValue', 'PutSecretValue', 'PutSecretValue']);
  });

  test('sends the same version again after a lost response', async () => {
    server.play(hangUp, put);
    await opened().putPending(FIRST, 'one');
    const bodies = server.requests.map(({ body }) => body);
    expect(new Set(bodies).size).toBe(1);
    expect(JSON.parse(bodies[0] ?? '')).toEqual({
      SecretId: NAME,
      ClientRequestToken: FIRST.versionId,
      SecretString: 'one',
      VersionStages: ['AWSPENDING'],
    });
  });

  test('makes the secret for its first version, and so may another at the same time', async () => {
    server.play(refusal('ResourceNotFoundException'), refusal('ResourceExistsException'), put);
    expect(await opened().putPending(FIRST, 'one')).toEqual({ arn: 'arn:1', value: 'one' });
    expect(asked()).toEqual(['PutSecretValue', 'CreateSecret', 'PutSecretValue']);
  });

  test('gives up on a secret that stays unknown after it was made', async () => {
    const [unknown, exists] = [refusal('ResourceNotFoundException'), refusal('ResourceExistsException')];
    server.play(unknown, exists, unknown, exists, unknown, exists, unknown, exists, unknown);
    const error = await refusedBy(opened().putPending(FIRST, 'one'));
    expect(error).toMatchObject({ code: 'service_unavailable', retryAfterMs: 1000 });
    expect(asked()).toHaveLength(9);
  });

  test.each([
    ['three times unavailable', refusal('ServiceUnavailable', 503), 3],
    ['not allowed', refusal('AccessDeniedException'), 1],
    ['about to be deleted', refusal('InvalidRequestException'), 1],
    ['of another shape', json(200, { ARN: '' }), 1],
  ])('answers 503 and never quotes a value where the secret is %s', async (_how, script, requests) => {
    server.play(script);
    const error = await refusedBy(opened().putPending(FIRST, 'SECRET-VALUE'));
    expect(error).toMatchObject({ code: 'service_unavailable', retryAfterMs: 1000 });
    expect(`${error.message} ${String(error.cause)} ${JSON.stringify(error.cause)}`).not.toContain(
      'SECRET-VALUE',
    );
    expect(server.requests).toHaveLength(requests);
  });

  test('looks again where a label was moved by another meanwhile', async () => {
    const stages = (of: Record<string, string[]>) => json(200, { VersionIdsToStages: of });
    server.play(
      stages({ [FIRST.versionId]: ['AWSCURRENT'], [SECOND.versionId]: ['AWSPENDING'] }),
      refusal('InvalidParameterException'),
      stages({ [FIRST.versionId]: ['AWSPREVIOUS'], [SECOND.versionId]: ['AWSCURRENT'] }),
    );
    await opened().promote(SECOND);
    expect(asked()).toEqual(['DescribeSecret', 'UpdateSecretVersionStage', 'DescribeSecret']);
  });

  test('gives up on labels that never rest', async () => {
    const stages = { [FIRST.versionId]: ['AWSCURRENT'], [SECOND.versionId]: ['AWSPENDING'] };
    const script: Script = (response, request) =>
      String(request.headers['x-amz-target']).endsWith('DescribeSecret')
        ? json(200, { VersionIdsToStages: stages })(response, request)
        : refusal('InvalidParameterException')(response, request);
    server.play(script);
    const error = await refusedBy(opened().promote(SECOND));
    expect(error).toMatchObject({ code: 'service_unavailable' });
    expect(asked()).toHaveLength(10);
  });
});
