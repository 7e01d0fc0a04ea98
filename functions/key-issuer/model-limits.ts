/** Limits of single models within a project. */
import { quotable } from '../../shared/domain/api-key.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { LimitSet, ModelLimits } from '../../shared/domain/limits.ts';
import type { Model } from '../../shared/domain/model.ts';
import { modelBehind } from '../../shared/domain/model-access.ts';
import { MODEL_LIMITS_BYTES_MAX, modelLimitsFit } from '../../shared/domain/packed-limits.ts';
import { type LimitSetBody, limitSetOf } from './limit-set.ts';

/** By id, with or without an inference profile; null removes those of one model, or of all. */
type ModelLimitsBody = Readonly<Record<string, LimitSetBody | null>> | null | undefined;

/** The models' limits that a body asks for, over those that hold where it says nothing. */
export function modelLimitsOf(
  body: ModelLimitsBody,
  of: { readonly absent: readonly ModelLimits[]; readonly catalogue: readonly Model[] },
): readonly ModelLimits[] {
  if (body === undefined) return of.absent;
  if (body === null) return [];
  const named = new Set<string>();
  const models = Object.entries(body).reduce((before, [id, limits]) => {
    const path = `limits.models.${quotable(id, { charactersMax: 64 })}`;
    const model = limitedModel(id, { ...of, absent: before }) ?? refuseModel(path, UNKNOWN);
    if (named.has(model)) refuseModel(path, `'${model}' is named twice. Name each model once.`);
    named.add(model);
    const absent = before.find((one) => one.model === model)?.limits;
    return withModelLimits(before, {
      model,
      limits: limits === null ? {} : limitSetOf(limits, { absent, path }),
    });
  }, of.absent);
  return refuseTooLong(models, 'limits.models');
}

const UNKNOWN = 'no such model. Name one that GET /v1/models lists, or the model behind its profile.';

function refuseModel(param: string, reason: string): never {
  throw new GatewayError('invalid_value', `Invalid value for '${param}': ${reason}`, { param });
}

/**
 * The model whose limits an id means: without an inference profile, since whichever leads to it counts alike. Known
 * are those of the catalogue and, so that they can be removed, those that have limits; undefined for any other.
 */
export function limitedModel(
  id: string,
  of: { readonly absent: readonly ModelLimits[]; readonly catalogue: readonly Model[] },
): string | undefined {
  const isKnown =
    of.absent.some(({ model }) => model === id) ||
    of.catalogue.some((model) => model.id === id || modelBehind(model.id) === id);
  return isKnown ? modelBehind(id) : undefined;
}

/** The same with the limits of one model, in place of those that it had; without an entry where it has none. */
export function withModelLimits(
  models: readonly ModelLimits[],
  { model, limits }: ModelLimits,
): readonly ModelLimits[] {
  const isEmpty = Object.keys(limits).length === 0;
  if (models.every((one) => one.model !== model)) return isEmpty ? models : [...models, { model, limits }];
  return models.flatMap((one) => {
    if (one.model !== model) return [one];
    return isEmpty ? [] : [{ model, limits }];
  });
}

/** They travel with every request in its signed context. */
export function refuseTooLong(models: readonly ModelLimits[], param: string): readonly ModelLimits[] {
  if (modelLimitsFit(models)) return models;
  throw new GatewayError(
    'invalid_value',
    `Invalid value for '${param}': the limits of ${models.length} models do not fit in the ${MODEL_LIMITS_BYTES_MAX} bytes that there are for all models of a project. Limit fewer models or fewer things of each; null removes a model's limits.`,
    { param },
  );
}

/** The limits of one model; none where it has no entry. */
export const limitsOfModel = (models: readonly ModelLimits[] | undefined, model: string): LimitSet =>
  models?.find((one) => one.model === model)?.limits ?? {};
