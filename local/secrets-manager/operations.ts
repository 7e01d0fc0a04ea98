/**
 * Secrets Manager's operations, with its rules of staging labels and idempotent writes
 * (https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html).
 */
import { randomBytes } from 'node:crypto';
import type { Operation } from '../aws-json-server.ts';
import { AwsServiceError } from '../aws-json-server.ts';
import * as input from './input.ts';
import {
  CURRENT,
  holds,
  labelled,
  refuseUnknown,
  type Secret,
  type SecretVersion,
  versionOf,
  withLabel,
  withVersion,
} from './secret.ts';
import type { Vault } from './vault.ts';

interface Dependencies {
  readonly vault: Vault;
  readonly clock: () => number;
}

const ARN_PREFIX = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:';
const RECOVERY_DAYS = 30;
const DAY_SECONDS = 86_400;
/** Secrets Manager allows 7 to 30 days. */
const RECOVERY_DAYS_MIN = 7;

/** The operations by their names on the wire. */
export function secretOperations(deps: Dependencies): Readonly<Record<string, Operation>> {
  return {
    CreateSecret: (body) => createSecret(deps, input.createSecret(body)),
    PutSecretValue: (body) => putSecretValue(deps, input.putSecretValue(body)),
    GetSecretValue: (body) => getSecretValue(deps, input.getSecretValue(body)),
    DescribeSecret: (body) => describeSecret(deps, input.describeSecret(body)),
    UpdateSecretVersionStage: (body) => moveLabel(deps, input.updateSecretVersionStage(body)),
    DeleteSecret: (body) => deleteSecret(deps, input.deleteSecret(body)),
  };
}

function createSecret(deps: Dependencies, order: input.CreateSecret): object {
  const now = seconds(deps);
  const value = givenValue(order);
  const existing = deps.vault.find(order.Name);
  if (existing !== undefined) return recreated(existing, { order, value });
  const empty: Secret = {
    name: order.Name,
    arn: `${ARN_PREFIX}${order.Name}-${randomBytes(9).toString('base64').replace(/[+/]/g, 'x').slice(0, 6)}`,
    ...(order.Description !== undefined && { description: order.Description }),
    ...(order.Tags !== undefined && { tags: order.Tags }),
    createdAt: now,
    changedAt: now,
    versions: [],
  };
  const version = { id: order.ClientRequestToken, stages: [CURRENT], ...value, createdAt: now };
  const secret = hasValue(value) ? withVersion(empty, version) : empty;
  deps.vault.save(secret);
  return { ARN: secret.arn, Name: secret.name, ...(hasValue(value) && { VersionId: version.id }) };
}

/** A repeat with the same token and value is the same call again; anything else is refused. */
function recreated(
  existing: Secret,
  again: { readonly order: input.CreateSecret; readonly value: Value },
): object {
  if (existing.deletesAt !== undefined) {
    throw invalidRequest(
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  }
  const version = versionOf(existing, again.order.ClientRequestToken);
  if (version === undefined || !holds(version, again.value)) {
    throw new AwsServiceError(
      'ResourceExistsException',
      `The operation failed because the secret ${existing.name} already exists.`,
    );
  }
  return { ARN: existing.arn, Name: existing.name, VersionId: version.id };
}

function putSecretValue(deps: Dependencies, order: input.PutSecretValue): object {
  const secret = usable(deps, order.SecretId);
  const value = givenValue(order);
  if (!hasValue(value)) throw invalidParameter('You must provide either SecretString or SecretBinary.');
  const id = order.ClientRequestToken;
  const existing = versionOf(secret, id);
  if (existing !== undefined && !holds(existing, value)) {
    throw new AwsServiceError(
      'ResourceExistsException',
      `You can't use ClientRequestToken ${id} because that value is already in use for a version of secret ${secret.arn}.`,
    );
  }
  const version = existing ?? newVersion(deps, { secret, order, value });
  return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: version.stages };
}

function newVersion(
  deps: Dependencies,
  of: { readonly secret: Secret; readonly order: input.PutSecretValue; readonly value: Value },
): SecretVersion {
  // A secret's first version becomes current whatever the call says, as in AWS.
  const first = of.secret.versions.length === 0 ? [CURRENT] : [];
  const version: SecretVersion = {
    id: of.order.ClientRequestToken,
    stages: [...new Set([...first, ...(of.order.VersionStages ?? [CURRENT])])],
    ...of.value,
    createdAt: seconds(deps),
  };
  deps.vault.save({ ...withVersion(of.secret, version), changedAt: seconds(deps) });
  return version;
}

function getSecretValue(deps: Dependencies, order: input.GetSecretValue): object {
  const secret = usable(deps, order.SecretId);
  const version = chosenVersion(secret, order);
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    ...(version.secretString !== undefined && { SecretString: version.secretString }),
    ...(version.secretBinary !== undefined && { SecretBinary: version.secretBinary }),
    VersionStages: version.stages,
    CreatedDate: version.createdAt,
  };
}

function chosenVersion(secret: Secret, order: input.GetSecretValue): SecretVersion {
  const { VersionId: id, VersionStage: stage } = order;
  if (id === undefined) {
    return labelled(secret, stage ?? CURRENT) ?? refuseValue(`staging label: ${stage ?? CURRENT}`);
  }
  const version = versionOf(secret, id) ?? refuseValue(`VersionId: ${id}`);
  if (stage === undefined || version.stages.includes(stage)) return version;
  throw invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.');
}

function refuseValue(named: string): never {
  throw new AwsServiceError(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret value for ${named}`,
  );
}

function describeSecret(deps: Dependencies, order: { readonly SecretId: string }): object {
  const secret = deps.vault.find(order.SecretId) ?? refuseUnknown();
  const labels = secret.versions.filter((version) => version.stages.length > 0);
  return {
    ARN: secret.arn,
    Name: secret.name,
    ...(secret.description !== undefined && { Description: secret.description }),
    ...(secret.tags !== undefined && { Tags: secret.tags }),
    ...(secret.deletesAt !== undefined && { DeletedDate: seconds(deps) }),
    CreatedDate: secret.createdAt,
    LastChangedDate: secret.changedAt,
    VersionIdsToStages: Object.fromEntries(labels.map((version) => [version.id, version.stages])),
  };
}

function moveLabel(deps: Dependencies, order: input.UpdateSecretVersionStage): object {
  const secret = usable(deps, order.SecretId);
  const { VersionStage: label, MoveToVersionId: to, RemoveFromVersionId: from } = order;
  for (const id of [to, from]) {
    if (id !== undefined && versionOf(secret, id) === undefined) refuseValue(`VersionId: ${id}`);
  }
  if (to === undefined && label === CURRENT) {
    throw invalidParameter('You can only move staging label AWSCURRENT to a different secret version.');
  }
  refuseUnlessNamed(secret, { label, from, to });
  deps.vault.save({ ...withLabel(secret, { label, to }), changedAt: seconds(deps) });
  return { ARN: secret.arn, Name: secret.name };
}

/** The caller must say where the label is now: a caller who is out of date moves nothing. */
function refuseUnlessNamed(
  secret: Secret,
  move: { readonly label: string; readonly from: string | undefined; readonly to: string | undefined },
): void {
  const attached = labelled(secret, move.label)?.id;
  if (attached === move.from || attached === move.to) return;
  if (attached === undefined) {
    throw invalidParameter(`Staging label ${move.label} is not attached to version ${move.from}.`);
  }
  throw invalidParameter(
    `Staging label ${move.label} is currently attached to version ${attached}, so you must explicitly reference that version in RemoveFromVersionId.`,
  );
}

function deleteSecret(deps: Dependencies, order: input.DeleteSecret): object {
  const days = order.RecoveryWindowInDays;
  const forced = order.ForceDeleteWithoutRecovery === true;
  if (days !== undefined && forced) {
    throw invalidParameter(
      "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    );
  }
  if (days !== undefined && (days < RECOVERY_DAYS_MIN || days > RECOVERY_DAYS)) {
    throw invalidParameter(
      `RecoveryWindowInDays must be between ${RECOVERY_DAYS_MIN} and ${RECOVERY_DAYS} days.`,
    );
  }
  const secret = deps.vault.find(order.SecretId) ?? refuseUnknown();
  const deletesAt = seconds(deps) + (forced ? 0 : (days ?? RECOVERY_DAYS) * DAY_SECONDS);
  if (forced) deps.vault.remove(secret);
  else deps.vault.save({ ...secret, deletesAt });
  return { ARN: secret.arn, Name: secret.name, DeletionDate: deletesAt };
}

type Value = Pick<SecretVersion, 'secretString' | 'secretBinary'>;

function givenValue(order: { readonly SecretString?: string; readonly SecretBinary?: string }): Value {
  if (order.SecretString !== undefined && order.SecretBinary !== undefined) {
    throw invalidParameter("You can't provide both SecretString and SecretBinary.");
  }
  return {
    ...(order.SecretString !== undefined && { secretString: order.SecretString }),
    ...(order.SecretBinary !== undefined && { secretBinary: order.SecretBinary }),
  };
}

const hasValue = (value: Value): boolean =>
  value.secretString !== undefined || value.secretBinary !== undefined;

function usable(deps: Dependencies, id: string): Secret {
  const secret = deps.vault.find(id) ?? refuseUnknown();
  if (secret.deletesAt === undefined) return secret;
  throw invalidRequest("You can't perform this operation on the secret because it was marked for deletion.");
}

const seconds = (deps: Dependencies): number => deps.clock() / 1000;

const invalidRequest = (message: string) => new AwsServiceError('InvalidRequestException', message);

const invalidParameter = (message: string) => new AwsServiceError('InvalidParameterException', message);
