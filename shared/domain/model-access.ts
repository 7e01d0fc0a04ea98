/** Which models may be called: from where a deployment runs, and by whom. */
import type { Model } from './model.ts';

/**
 * The first part of a system inference profile's id, and the regions that may call it, by the beginning of their
 * names. An id without such a part is a model of the region itself, and a `global` profile is for everyone.
 * Source: Amazon Bedrock user guide, "Supported Regions and models for inference profiles".
 */
const PROFILE_REGIONS: Readonly<Record<string, readonly string[]>> = {
  apac: ['ap-'],
  au: ['ap-southeast-2', 'ap-southeast-4'],
  eu: ['eu-'],
  jp: ['ap-northeast-1', 'ap-northeast-3'],
  us: ['us-east-', 'us-west-', 'ca-'],
  'us-gov': ['us-gov-'],
};

/** The models of a catalogue that a deployment in this region can call. */
export const modelsOfRegion = (catalogue: readonly Model[], region: string): readonly Model[] =>
  catalogue.filter(({ id }) => {
    const regions = PROFILE_REGIONS[id.slice(0, id.indexOf('.'))];
    return regions === undefined || regions.some((beginning) => region.startsWith(beginning));
  });

/**
 * The models of a catalogue that a key may call. Each pattern is a model's id, or the beginning of one followed by
 * `*`; a key without patterns may call all.
 */
export const modelsOfKey = (
  catalogue: readonly Model[],
  patterns: readonly string[] | undefined,
): readonly Model[] =>
  patterns === undefined
    ? catalogue
    : catalogue.filter(({ id }) => patterns.some((pattern) => matches(pattern, id)));

const matches = (pattern: string, id: string): boolean =>
  pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern;
