/** Limits as maps of the config table's items: an absent limit is an absent attribute. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import {
  LIMIT_NAMES,
  type LimitName,
  type LimitSet,
  type ModelLimits,
  type TenantLimits,
} from '../domain/limits.ts';
import {
  type Item,
  integer,
  integerOf,
  malformed,
  mapOf,
  oneOf,
  optionalIntegerOf,
  text,
  textOf,
  texts,
  textsOf,
} from './attribute.ts';

export function limitSetMap(limits: LimitSet): Item {
  const map: Item = {};
  for (const name of LIMIT_NAMES) {
    const limit = limits[name];
    if (limit !== undefined) map[name] = integer(limit);
  }
  return { ...map, ...(limits.shadow !== undefined && { shadow: texts(limits.shadow) }) };
}

export function fromLimitSet(map: Item): LimitSet {
  const limits: Partial<Record<LimitName, number>> = {};
  for (const name of LIMIT_NAMES) {
    const limit = optionalIntegerOf(map, name);
    if (limit !== undefined) limits[name] = limit;
  }
  if (map['shadow'] === undefined) return limits;
  const shadow = textsOf(map, 'shadow').map(
    (text) => LIMIT_NAMES.find((name) => name === text) ?? malformed('shadow'),
  );
  return { ...limits, shadow };
}

export const tenantLimitsMap = (limits: TenantLimits): Item => ({
  ...limitSetMap(limits),
  version: integer(limits.version),
  inflightMax: integer(limits.inflightMax),
  outputTokensDefault: integer(limits.outputTokensDefault),
  ...(limits.smoothing !== undefined && { smoothing: text(limits.smoothing) }),
  ...(limits.tokenCounting !== undefined && { tokenCounting: text(limits.tokenCounting) }),
  ...(limits.estimation !== undefined && { estimation: text(limits.estimation) }),
  ...(limits.models !== undefined && { models: { L: limits.models.map(modelLimitsAttribute) } }),
});

export const fromTenantLimits = (map: Item): TenantLimits => ({
  ...fromLimitSet(map),
  version: integerOf(map, 'version'),
  inflightMax: integerOf(map, 'inflightMax'),
  outputTokensDefault: integerOf(map, 'outputTokensDefault'),
  ...(map['smoothing'] !== undefined && { smoothing: oneOf(map, 'smoothing', ['10s']) }),
  ...(map['tokenCounting'] !== undefined && { tokenCounting: oneOf(map, 'tokenCounting', ['bedrock']) }),
  ...(map['estimation'] !== undefined && { estimation: oneOf(map, 'estimation', ['balanced']) }),
  ...(map['models'] !== undefined && {
    models: (map['models'].L ?? malformed('models')).map(fromModelLimits),
  }),
});

const modelLimitsAttribute = ({ model, limits }: ModelLimits): AttributeValue => ({
  M: { model: text(model), limits: { M: limitSetMap(limits) } },
});

function fromModelLimits(attribute: AttributeValue): ModelLimits {
  const map = attribute.M ?? malformed('models');
  return { model: textOf(map, 'model'), limits: fromLimitSet(mapOf(map, 'limits')) };
}
