/**
 * Keys' values in Secrets Manager: one secret a line of successors, one version a key, the value the bare text of the
 * key, so that a workload reads it as it is. A version's id is its ClientRequestToken: whoever writes it first decides
 * what it holds (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html).
 */
import { randomUUID } from 'node:crypto';
import { serviceAccountId } from '../domain/ids.ts';
import type { SecretVersion, StoredSecret } from '../domain/secret-version.ts';
import type { SecretVault } from '../ports.ts';
import { asRecord, isRefusal, MalformedAnswer, sendJson, textField, withRetries } from './json-service.ts';
import type { SignedHttp } from './signed-http.ts';
import { unavailable } from './store-failure.ts';
import { REAL_WAITING, type Waiting } from './waiting.ts';

export interface SecretVaultOptions {
  /** A transport for service `secretsmanager`. */
  readonly http: SignedHttp;
  /** The stage whose secrets these are: it is part of their names. */
  readonly stage: string;
  readonly waiting?: Waiting;
}

/** One operation, its passing failures retried. */
type Call = (operation: string, input: object) => Promise<Readonly<Record<string, unknown>>>;

interface Vault {
  readonly stage: string;
  readonly waiting: Waiting;
  readonly call: Call;
}

const CURRENT = 'AWSCURRENT';
const PENDING = 'AWSPENDING';
const PREVIOUS = 'AWSPREVIOUS';
/** How often a race, or a creation that is not seen everywhere yet, is met before the caller is told to come back. */
const ROUNDS_MAX = 5;
const ROUND_WAIT_MS = 200;

/** Both methods reject with service_unavailable, whose cause says what Secrets Manager answered and never a value. */
export function createSecretVault(options: SecretVaultOptions): SecretVault {
  const { http, stage, waiting = REAL_WAITING } = options;
  const service = { http, targetPrefix: 'secretsmanager' };
  const call: Call = (operation, input) =>
    withRetries(waiting, () => sendJson(service, { operation, input }));
  const vault = { stage, waiting, call };
  return {
    putPending: (version, value) => orUnavailable(() => putPending(vault, { version, value })),
    promote: (version) => orUnavailable(() => promote(vault, version)),
  };
}

/** `bedrock-proxy/prod/tenants/<tenant>/accounts/<account>/keys/<the line's first key>`. */
export const secretName = (stage: string, { tenant, account, line }: SecretVersion): string =>
  `bedrock-proxy/${stage}/tenants/${tenant}/accounts/${account}/keys/${line}`;

async function orUnavailable<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw unavailable('secret store', error);
  }
}

async function putPending(
  vault: Vault,
  order: { readonly version: SecretVersion; readonly value: string },
): Promise<StoredSecret> {
  const { version, value } = order;
  for (let round = 1; ; round += 1) {
    try {
      const answer = await vault.call('PutSecretValue', {
        SecretId: secretName(vault.stage, version),
        ClientRequestToken: version.versionId,
        SecretString: value,
        VersionStages: [PENDING],
      });
      return { arn: textField(answer, 'ARN'), value };
    } catch (error) {
      // The version exists with another value: somebody was first, and what they wrote stands.
      if (isRefusal(error, 'ResourceExistsException')) return readVersion(vault, version);
      if (!isRefusal(error, 'ResourceNotFoundException') || round === ROUNDS_MAX) throw error;
      if (round > 1) await waitRound(vault);
      await createSecret(vault, version);
    }
  }
}

async function readVersion(vault: Vault, version: SecretVersion): Promise<StoredSecret> {
  const answer = await getVersion(vault, { version, id: version.versionId });
  return { arn: textField(answer, 'ARN'), value: textField(answer, 'SecretString') };
}

/** Without a value, so that whose value is first is decided in one place, and with the tags that policies rely on. */
async function createSecret(vault: Vault, version: SecretVersion): Promise<void> {
  const { tenant, account } = version;
  try {
    await vault.call('CreateSecret', {
      Name: secretName(vault.stage, version),
      // Of a creation, which may be repeated; without a value it names no version.
      ClientRequestToken: randomUUID(),
      Description: `API key of ${serviceAccountId(tenant, account)}`,
      Tags: [
        { Key: 'tenantId', Value: tenant },
        { Key: 'stage', Value: vault.stage },
      ],
    });
  } catch (error) {
    if (!isRefusal(error, 'ResourceExistsException')) throw error;
  }
}

async function promote(vault: Vault, version: SecretVersion): Promise<void> {
  for (let round = 1; ; round += 1) {
    try {
      const moves = await movesOf(vault, version);
      for (const move of moves) await vault.call('UpdateSecretVersionStage', move);
      return;
    } catch (error) {
      // Somebody removed the secret or the version: there is nothing to promote, and never will be.
      if (isRefusal(error, 'ResourceNotFoundException')) return;
      // A label is no longer where it was: another worker, or an earlier try of ours, moved it. Look again.
      if (!isRefusal(error, 'InvalidParameterException') || round === ROUNDS_MAX) throw error;
      await waitRound(vault);
    }
  }
}

const waitRound = ({ waiting }: Vault): Promise<void> => waiting.wait(waiting.random() * ROUND_WAIT_MS);

interface LabelMove {
  readonly SecretId: string;
  readonly VersionStage: string;
  readonly MoveToVersionId?: string;
  /** Where the label must be, or nothing moves: what makes a move safe to race. */
  readonly RemoveFromVersionId?: string;
}

/** What promotes the version, as its labels are now; nothing where it must not be promoted. */
async function movesOf(vault: Vault, version: SecretVersion): Promise<readonly LabelMove[]> {
  const SecretId = secretName(vault.stage, version);
  const { versionId } = version;
  const labels = labelsIn(await vault.call('DescribeSecret', { SecretId }));
  const current = labels.get(CURRENT);
  if (current !== versionId && !(await mayReplace(vault, { version, labels }))) return [];
  const takeCurrent: LabelMove = {
    ...{ SecretId, VersionStage: CURRENT, MoveToVersionId: versionId },
    ...(current !== undefined && { RemoveFromVersionId: current }),
  };
  const dropPending: LabelMove = { SecretId, VersionStage: PENDING, RemoveFromVersionId: versionId };
  return [
    ...(current === versionId ? [] : [takeCurrent]),
    ...(labels.get(PENDING) === versionId ? [dropPending] : []),
  ];
}

/**
 * Whether the version is newer than the current one. AWSPENDING is on the newest that was put, and AWSPREVIOUS on one
 * that has been current and was replaced, by a newer one or by hand. One with neither was followed by another put:
 * that alone does not make it stale, because the other's key may never have been committed, and then this version is
 * the only one that works; so dates decide.
 */
async function mayReplace(
  vault: Vault,
  of: { readonly version: SecretVersion; readonly labels: ReadonlyMap<string, string> },
): Promise<boolean> {
  const { version, labels } = of;
  const current = labels.get(CURRENT);
  if (current === undefined) return true;
  if (labels.get(PREVIOUS) === version.versionId) return false;
  if (labels.get(PENDING) === version.versionId) return true;
  const own = await getVersion(vault, { version, id: version.versionId });
  const others = await getVersion(vault, { version, id: current });
  return secondsField(own, 'CreatedDate') > secondsField(others, 'CreatedDate');
}

const getVersion = (vault: Vault, of: { readonly version: SecretVersion; readonly id: string }) =>
  vault.call('GetSecretValue', { SecretId: secretName(vault.stage, of.version), VersionId: of.id });

/** `VersionIdsToStages`, the other way round: each label is on one version. */
function labelsIn(description: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const versions = Object.entries(asRecord(description['VersionIdsToStages']) ?? {});
  return new Map(
    versions.flatMap(([id, stages]) => [stages].flat().map((stage): [string, string] => [String(stage), id])),
  );
}

/** Unix seconds, with milliseconds behind the point. */
function secondsField(answer: Readonly<Record<string, unknown>>, field: string): number {
  const value = answer[field];
  if (typeof value === 'number') return value;
  throw new MalformedAnswer(`The answer has no ${field}.`);
}
