/** The template's secrets, made in a local Secrets Manager as CloudFormation would make them. */
import { randomInt } from 'node:crypto';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod/mini';
import { type CompiledTemplate, resourcesOfType } from '../api-gateway/compiled-template.ts';
import { refusedField } from '../schema-issue.ts';
import type { AwsAccess } from './identity.ts';

/** What this file interprets; any other property stops the stack, since it would not be honoured. */
const properties = z.strictObject({
  Name: z.string(),
  Description: z.optional(z.string()),
  Tags: z.optional(z.unknown()),
  KmsKeyId: z.optional(z.unknown()),
  SecretString: z.optional(z.string()),
  GenerateSecretString: z.optional(
    z.strictObject({
      SecretStringTemplate: z.optional(z.string()),
      GenerateStringKey: z.optional(z.string()),
      PasswordLength: z.optional(z.int().check(z.gte(1), z.lte(4096))),
      ExcludeCharacters: z.optional(z.string()),
      ExcludeLowercase: z.optional(z.boolean()),
      ExcludeUppercase: z.optional(z.boolean()),
      ExcludeNumbers: z.optional(z.boolean()),
      ExcludePunctuation: z.optional(z.boolean()),
      IncludeSpace: z.optional(z.boolean()),
      RequireEachIncludedType: z.optional(z.boolean()),
    }),
  ),
});

/** A secret of the template with its first value. */
export interface TemplateSecret {
  readonly name: string;
  readonly value: string;
}

type Generation = NonNullable<z.output<typeof properties>['GenerateSecretString']>;

/** Between 0 and the bound, the bound excluded. */
export type RandomInteger = (bound: number) => number;

/** Makes the secrets that are not there yet; those that are keep their value, as in a deployment. */
export async function createSecrets(access: AwsAccess, template: CompiledTemplate): Promise<void> {
  const client = new SecretsManagerClient({ ...access });
  try {
    for (const secret of secretsOfTemplate(template)) {
      if (await exists(client, secret.name)) continue;
      await client.send(new CreateSecretCommand({ Name: secret.name, SecretString: secret.value }));
    }
  } finally {
    client.destroy();
  }
}

/** The secrets of a compiled template, each with a freshly generated value. Throws on what it cannot honour. */
export function secretsOfTemplate(
  template: CompiledTemplate,
  random: RandomInteger = (bound) => randomInt(bound),
): readonly TemplateSecret[] {
  return resourcesOfType(template, 'AWS::SecretsManager::Secret').map(({ logicalId, properties: given }) => {
    const result = properties.safeParse(given);
    if (!result.success) {
      throw new Error(`${logicalId}: the local stack would not honour ${refusedField(result.error)}.`);
    }
    const { Name, SecretString, GenerateSecretString } = result.data;
    return { name: Name, value: SecretString ?? generatedValue(GenerateSecretString ?? {}, random) };
  });
}

async function exists(client: SecretsManagerClient, name: string): Promise<boolean> {
  try {
    await client.send(new DescribeSecretCommand({ SecretId: name }));
    return true;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return false;
    throw error;
  }
}

/** `GenerateSecretString`: the password alone, or as one field of the given JSON. */
function generatedValue(generation: Generation, random: RandomInteger): string {
  const password = generatedPassword(generation, random);
  const { SecretStringTemplate: frame, GenerateStringKey: key } = generation;
  if (frame === undefined || key === undefined) return password;
  return JSON.stringify({ ...z.record(z.string(), z.unknown()).parse(JSON.parse(frame)), [key]: password });
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
/** The punctuation that GetRandomPassword may use, as its documentation lists it. */
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';
const PASSWORD_LENGTH = 32;

function generatedPassword(generation: Generation, random: RandomInteger): string {
  const excluded = new Set(generation.ExcludeCharacters ?? '');
  const types = [
    generation.ExcludeLowercase === true ? '' : LETTERS,
    generation.ExcludeUppercase === true ? '' : LETTERS.toUpperCase(),
    generation.ExcludeNumbers === true ? '' : '0123456789',
    generation.ExcludePunctuation === true ? '' : PUNCTUATION,
    generation.IncludeSpace === true ? ' ' : '',
  ]
    .map((type) => [...type].filter((character) => !excluded.has(character)))
    .filter((type) => type.length > 0);
  const length = generation.PasswordLength ?? PASSWORD_LENGTH;
  const all = types.flat();
  if (all.length === 0) throw new Error('A generated secret excludes every character.');
  const one = (from: readonly string[]) => from[random(from.length)] ?? '';
  // One of each type first, so that the default RequireEachIncludedType holds; the shuffle hides where.
  const required = generation.RequireEachIncludedType === false ? [] : types.map(one);
  const rest = Array.from({ length: Math.max(0, length - required.length) }, () => one(all));
  return shuffled([...required, ...rest], random).join('');
}

function shuffled(characters: readonly string[], random: RandomInteger): readonly string[] {
  const left = [...characters];
  return characters.flatMap(() => left.splice(random(left.length), 1));
}
