/** A deployment's own names for models. */
import { DEPLOYMENT_ALIASES } from './alias-data.ts';
import type { ModelAliases } from './tenant-settings.ts';

/** Those of all stages, and those of this one, which come first. */
export const aliasesOf = (
  stage: string,
  byStage: Readonly<Record<string, ModelAliases>> = DEPLOYMENT_ALIASES,
): ModelAliases => ({ ...byStage['*'], ...byStage[stage] });
