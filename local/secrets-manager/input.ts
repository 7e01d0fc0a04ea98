/** What each operation takes. A field that is not emulated is refused, so that nobody relies on it by mistake. */
import * as z from 'zod/mini';
import { parseInput } from '../service-input.ts';

const secretId = z.string().check(z.minLength(1), z.maxLength(2048));
const name = z.string().check(z.regex(/^[A-Za-z0-9/_+=.@-]{1,512}$/));
const token = z.string().check(z.minLength(32), z.maxLength(64));
const label = z.string().check(z.minLength(1), z.maxLength(256));
const value = {
  SecretString: z.optional(z.string().check(z.maxLength(65_536))),
  SecretBinary: z.optional(z.base64()),
};

const schemas = {
  createSecret: z.strictObject({
    Name: name,
    ClientRequestToken: token,
    Description: z.optional(z.string()),
    Tags: z.optional(z.array(z.object({ Key: z.string(), Value: z.string() }))),
    ...value,
  }),
  putSecretValue: z.strictObject({
    SecretId: secretId,
    ClientRequestToken: token,
    VersionStages: z.optional(z.array(label).check(z.minLength(1), z.maxLength(20))),
    ...value,
  }),
  getSecretValue: z.strictObject({
    SecretId: secretId,
    VersionId: z.optional(token),
    VersionStage: z.optional(label),
  }),
  describeSecret: z.strictObject({ SecretId: secretId }),
  updateSecretVersionStage: z.strictObject({
    SecretId: secretId,
    VersionStage: label,
    RemoveFromVersionId: z.optional(token),
    MoveToVersionId: z.optional(token),
  }),
  deleteSecret: z.strictObject({
    SecretId: secretId,
    RecoveryWindowInDays: z.optional(z.int()),
    ForceDeleteWithoutRecovery: z.optional(z.boolean()),
  }),
};

export const createSecret = parseInput(schemas.createSecret);
export const putSecretValue = parseInput(schemas.putSecretValue);
export const getSecretValue = parseInput(schemas.getSecretValue);
export const describeSecret = parseInput(schemas.describeSecret);
export const updateSecretVersionStage = parseInput(schemas.updateSecretVersionStage);
export const deleteSecret = parseInput(schemas.deleteSecret);

export type CreateSecret = ReturnType<typeof createSecret>;
export type PutSecretValue = ReturnType<typeof putSecretValue>;
export type GetSecretValue = ReturnType<typeof getSecretValue>;
export type UpdateSecretVersionStage = ReturnType<typeof updateSecretVersionStage>;
export type DeleteSecret = ReturnType<typeof deleteSecret>;
