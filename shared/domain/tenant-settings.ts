/** What a tenant sets now and then, and every one of its requests reads. */

/**
 * Names that callers may use for a model: `gpt-4o` for a model of the catalogue, or for the ARN of an application
 * inference profile of this account. No alias leads to an alias.
 */
export type ModelAliases = Readonly<Record<string, string>>;

export interface TenantSettings {
  readonly modelAliases: ModelAliases;
}

export const NO_SETTINGS: TenantSettings = { modelAliases: {} };

/**
 * An application inference profile, of any partition and region: what an alias may lead to beside a model of the
 * catalogue. Source: Amazon Bedrock API reference, GetInferenceProfile, the pattern of `inferenceProfileArn`.
 */
const PROFILE_ARN =
  /^arn:aws(?:-[a-z]+)*:bedrock:[a-z0-9-]{1,20}:\d{12}:application-inference-profile\/[a-z0-9]{1,64}$/;
const REGION_FIELD = 3;

export const isProfileArn = (target: string): boolean => PROFILE_ARN.test(target);

/** The region of an application inference profile; empty for what is no ARN. */
export const regionOfProfile = (arn: string): string => arn.split(':')[REGION_FIELD] ?? '';
