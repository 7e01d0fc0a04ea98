import * as z from 'zod/mini';
import { readStateFile, writeStateFile } from '../state-file.ts';
import type { Secret } from './secret.ts';

/** Where the secrets are, by name. Holds the state of the emulator. */
export interface Vault {
  /** By name, by ARN, or by ARN without the six characters that Secrets Manager adds to a name. */
  find(idOrArn: string): Secret | undefined;
  save(secret: Secret): void;
  remove(secret: Secret): void;
}

const state = z.object({
  secrets: z.array(
    z.object({
      name: z.string(),
      arn: z.string(),
      description: z.optional(z.string()),
      tags: z.optional(z.array(z.object({ Key: z.string(), Value: z.string() }))),
      createdAt: z.number(),
      changedAt: z.number(),
      deletesAt: z.optional(z.number()),
      versions: z.array(
        z.object({
          id: z.string(),
          stages: z.array(z.string()),
          secretString: z.optional(z.string()),
          secretBinary: z.optional(z.string()),
          createdAt: z.number(),
        }),
      ),
    }),
  ),
});

/** Opens the file's secrets, or begins with none; without a file nothing is kept. */
export function openVault(file: string | undefined): Vault {
  const secrets = new Map<string, Secret>();
  for (const secret of file === undefined ? [] : readSecrets(file)) secrets.set(secret.name, secret);
  const keep = () => {
    if (file !== undefined) writeStateFile(file, { secrets: [...secrets.values()] });
  };
  return {
    find: (id) =>
      secrets.get(id) ??
      [...secrets.values()].find((secret) => secret.arn === id || secret.arn.slice(0, -7) === id),
    save: (secret) => {
      secrets.set(secret.name, secret);
      keep();
    },
    remove: (secret) => {
      secrets.delete(secret.name);
      keep();
    },
  };
}

function readSecrets(file: string): readonly Secret[] {
  const value = readStateFile(file);
  // The schema's optional fields admit undefined; JSON has none, so absent stays absent.
  return value === undefined ? [] : (state.parse(value).secrets as readonly Secret[]);
}
