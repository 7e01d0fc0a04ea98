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
