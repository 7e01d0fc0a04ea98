/** A secret as Secrets Manager keeps it: versions, and staging labels of which each is on one version at a time. */
import { AwsServiceError } from '../aws-json-server.ts';

export interface SecretVersion {
  readonly id: string;
  readonly stages: readonly string[];
  readonly secretString?: string;
  /** Base64, as on the wire. */
  readonly secretBinary?: string;
  /** Unix seconds, with milliseconds behind the point, as on the wire. */
  readonly createdAt: number;
}

export interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly description?: string;
  readonly tags?: readonly { readonly Key: string; readonly Value: string }[];
  readonly createdAt: number;
  readonly changedAt: number;
  /** When the secret will be gone; present where deletion was asked for. */
  readonly deletesAt?: number;
  readonly versions: readonly SecretVersion[];
}

export const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';

/** The version that a label is on. */
export const labelled = (secret: Secret, label: string): SecretVersion | undefined =>
  secret.versions.find((version) => version.stages.includes(label));

/** The version of an id. */
export const versionOf = (secret: Secret, id: string): SecretVersion | undefined =>
  secret.versions.find((version) => version.id === id);

/** Adds a version; its labels leave the versions they were on. */
export function withVersion(secret: Secret, version: SecretVersion): Secret {
  const bare = { ...secret, versions: [...secret.versions, { ...version, stages: [] }] };
  return version.stages.reduce<Secret>((moved, label) => withLabel(moved, { label, to: version.id }), bare);
}

/**
 * Moves a label to a version, or off every version where `to` is undefined. AWSCURRENT leaves AWSPREVIOUS
 * behind on the version it was taken from, so that a consumer can always fall back by one.
 */
export function withLabel(
  secret: Secret,
  move: { readonly label: string; readonly to: string | undefined },
): Secret {
  const from = labelled(secret, move.label);
  if (from?.id === move.to) return secret;
  const moved = {
    ...secret,
    versions: secret.versions.map((version) => ({
      ...version,
      stages: [
        ...version.stages.filter((stage) => stage !== move.label),
        ...(version.id === move.to ? [move.label] : []),
      ],
    })),
  };
  if (move.label !== CURRENT || from === undefined) return moved;
  return withLabel(moved, { label: PREVIOUS, to: from.id });
}

/** Whether a version holds exactly this value. */
export const holds = (
  version: SecretVersion,
  value: Pick<SecretVersion, 'secretString' | 'secretBinary'>,
): boolean => version.secretString === value.secretString && version.secretBinary === value.secretBinary;

/** What Secrets Manager answers for a secret that is not there. */
export function refuseUnknown(): never {
  throw new AwsServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
}
