/** The catalogue's model of an application inference profile, hence its price, limits and permissions. */
import type { Model } from './model.ts';
import { modelBehind, profileReaches } from './model-access.ts';

/** The region is empty where a request may run anywhere. */
const FOUNDATION_MODEL = /^arn:aws[a-z-]*:bedrock:([a-z0-9-]*)::foundation-model\/(.+)$/;

/**
 * The id of the model that a profile with these foundation models leads to; undefined where that is not one model with
 * a price. A profile of one region is the model of the region itself. One of several was copied from a system
 * profile, which it does not name: it is the dearest of the system profiles that reach all of the regions, and a
 * global one only where no other does, since permissions tell geographies apart.
 */
export function modelBehindProfile(
  modelArns: readonly string[],
  catalogue: readonly Model[],
): string | undefined {
  const parsed = modelArns.map((arn) => FOUNDATION_MODEL.exec(arn));
  const [foundation = '', ...others] = new Set(parsed.map((match) => match?.[2] ?? ''));
  if (foundation === '' || others.length > 0) return undefined;
  const regions = [...new Set(parsed.map((match) => match?.[1] ?? ''))];
  const priced = catalogue.filter(({ price }) => price !== undefined);
  const own = priced.find(({ id }) => id === foundation);
  if (regions.length === 1 && regions[0] !== '' && own !== undefined) return own.id;
  const reaching = priced.filter(
    ({ id }) => id !== foundation && modelBehind(id) === foundation && profileReaches(id, regions),
  );
  const near = reaching.filter(({ id }) => !id.startsWith('global.'));
  return dearest(near.length > 0 ? near : reaching)?.id;
}

/** By what a token of the prompt and one of the answer cost together; the first of the catalogue where that is equal. */
const dearest = (models: readonly Model[]): Model | undefined =>
  models.toSorted((one, other) => costOfBoth(other) - costOfBoth(one))[0];

const costOfBoth = ({ price }: Model): number => (price === undefined ? 0 : price.input + price.output);
