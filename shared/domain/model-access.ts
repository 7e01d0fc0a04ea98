/** Which models may be called: from where a deployment runs, and by whom. */
import { patternCovers } from './grant.ts';
import type { Model } from './model.ts';

/**
 * The first part of a system inference profile's id, and the regions that may call it, by the beginning of their
 * names, where `global` is for all. An id without such a part is a model of the region itself.
 * Source: Amazon Bedrock user guide, "Supported Regions and models for inference profiles".
 */
const PROFILE_REGIONS: Readonly<Record<string, readonly string[]>> = {
  apac: ['ap-'],
  au: ['ap-southeast-2', 'ap-southeast-4'],
  ca: ['ca-'],
  eu: ['eu-'],
  global: [''],
  jp: ['ap-northeast-1', 'ap-northeast-3'],
  us: ['us-east-', 'us-west-', 'ca-'],
  'us-gov': ['us-gov-'],
};

/** The models of a catalogue that a deployment in this region can call. */
export const modelsOfRegion = (catalogue: readonly Model[], region: string): readonly Model[] =>
  catalogue.filter(({ id }) => {
    const regions = PROFILE_REGIONS[profileOf(id)];
    return regions === undefined || regions.some((beginning) => region.startsWith(beginning));
  });

const profileOf = (id: string): string => id.slice(0, id.indexOf('.'));

/** The model that a profile's id leads to: `anthropic.claude-…` of `eu.anthropic.claude-…`, and any other id as it is. */
export const modelBehind = (id: string): string =>
  Object.hasOwn(PROFILE_REGIONS, profileOf(id)) ? id.slice(id.indexOf('.') + 1) : id;

/** Whether all of these regions are of a system inference profile's own geography; false for an id of another kind. */
export const profileReaches = (id: string, regions: readonly string[]): boolean =>
  regions.every((region) =>
    PROFILE_REGIONS[profileOf(id)]?.some(
      (beginning) => beginning === '' || (region !== '' && region.startsWith(beginning)),
    ),
  );

/**
 * A tenant's own list of models: the only ones, or all but these. Each is an id, or a beginning followed by `*`. To
 * deny a model denies it through every inference profile too, for the profile leads to the same model; to allow
 * something allows what is written, since a profile may carry data to other regions.
 */
export interface ModelPermissions {
  readonly mode: 'allow_list' | 'deny_list';
  readonly models: readonly string[];
}

/** What a tenant's list may take as JSON, in bytes: it travels with each request, inside CONTEXT_BYTES_MAX. */
export const MODEL_PERMISSIONS_BYTES_MAX = 1200;

/** Whether a tenant's list is short enough to travel with a request. */
export const modelPermissionsFit = (permissions: ModelPermissions): boolean =>
  Buffer.byteLength(JSON.stringify(permissions)) <= MODEL_PERMISSIONS_BYTES_MAX;

/** The models of a catalogue that a caller may call: its grant's patterns and its tenant's permissions both allow. */
export const modelsOf = (catalogue: readonly Model[], caller: ModelCaller): readonly Model[] =>
  caller.models === undefined && caller.modelPermissions === undefined
    ? catalogue
    : catalogue.filter(({ id }) => mayCall(caller, id));

/** What decides which models a caller may call. */
export interface ModelCaller {
  readonly models?: readonly string[];
  readonly modelPermissions?: ModelPermissions;
}

/** Whether a caller may call the model of this id. Names that lead to a model are not asked here: only the model counts. */
export const mayCall = (caller: ModelCaller, id: string): boolean =>
  isNamed(caller.models, id) && isPermitted(caller.modelPermissions, id);

const isNamed = (patterns: readonly string[] | undefined, id: string): boolean =>
  patterns === undefined || patterns.some((pattern) => patternCovers(pattern, id));

function isPermitted(permissions: ModelPermissions | undefined, id: string): boolean {
  if (permissions === undefined) return true;
  const { mode, models } = permissions;
  return mode === 'allow_list'
    ? isNamed(models, id)
    : !isNamed(models, id) && !isNamed(models, modelBehind(id));
}
