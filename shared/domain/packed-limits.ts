/**
 * Limits as short texts: they travel with every request, inside the 4 KB of its signed identity. A limit is its letter
 * and its number in base36, in shadow with a `!`: `R1oM4ldqpds!` is 60 requests a minute and, in shadow, 10 USD a month.
 */
import { parseModelRef } from './ids.ts';
import {
  byRef,
  LIMIT_NAMES,
  type LimitName,
  type LimitSet,
  type ModelLimits,
  type ModelRefLimits,
  type RequestLimits,
} from './limits.ts';

/** Capital letters, so that they part the numbers. */
const LETTERS: Readonly<Record<LimitName, string>> = {
  requestsPerMinute: 'R',
  requestsPerDay: 'D',
  tokensPerMinute: 'T',
  tokensPerDay: 'V',
  tokensPerMonth: 'N',
  nanoUsdPerDay: 'U',
  nanoUsdPerMonth: 'M',
};
const LIMIT = /([A-Z])([0-9a-z]+)(!?)/g;

/** Throws TypeError where a limit is no count: read again it would be another limit, or none. */
export const packLimitSet = (limits: LimitSet): string =>
  LIMIT_NAMES.map((name) => {
    const limit = limits[name];
    if (limit === undefined) return '';
    const mark = limits.shadow?.includes(name) === true ? '!' : '';
    return LETTERS[name] + checkedCount(limit).toString(36) + mark;
  }).join('');

/**
 * Reads packLimitSet. What it was given was signed by the authorizer: where it is anything else, a letter that this
 * version does not know among it, it throws TypeError, since a limit that is passed over is one that nobody enforces.
 */
export function unpackLimitSet(packed: string): LimitSet {
  const limits: Partial<Record<LimitName, number>> = {};
  const shadow: LimitName[] = [];
  let read = 0;
  for (const [text, letter, digits = '', mark] of packed.matchAll(LIMIT)) {
    const name = LIMIT_NAMES.find((candidate) => LETTERS[candidate] === letter);
    if (name === undefined) throw new TypeError(`No limit has the letter ${letter}.`);
    limits[name] = checkedCount(Number.parseInt(digits, 36));
    if (mark === '!') shadow.push(name);
    read += text.length;
  }
  if (read !== packed.length) throw new TypeError('Limits were packed otherwise than they are read.');
  return shadow.length === 0 ? limits : { ...limits, shadow };
}

function checkedCount(limit: number): number {
  if (Number.isSafeInteger(limit) && limit >= 0) return limit;
  throw new TypeError(`A limit is a whole number from 0 to 2^53 - 1, which ${limit} is not.`);
}

/** A tenant's limits, their parts in a fixed order. */
export type PackedTenantLimits = readonly [
  own: string,
  version: number,
  inflightMax: number,
  outputTokensDefault: number,
  /** Letters of what is chosen: `s`moothing, `b`edrock's counting, `e`stimates. */
  choices: string,
  /** A model's reference and its limits, `Ab12Cd34R1o`, parted by spaces. */
  models: string,
];

export const packTenantLimits = (limits: RequestLimits): PackedTenantLimits => [
  packLimitSet(limits),
  limits.version,
  limits.inflightMax,
  limits.outputTokensDefault,
  (limits.smoothing === undefined ? '' : 's') +
    (limits.tokenCounting === undefined ? '' : 'b') +
    (limits.estimation === undefined ? '' : 'e'),
  packModels(limits.models ?? []),
];

export function unpackTenantLimits(packed: PackedTenantLimits): RequestLimits {
  const [own, version, inflightMax, outputTokensDefault, choices, models] = packed;
  return {
    ...unpackLimitSet(own),
    version,
    inflightMax,
    outputTokensDefault,
    ...(choices.includes('s') && { smoothing: '10s' }),
    ...(choices.includes('b') && { tokenCounting: 'bedrock' }),
    ...(choices.includes('e') && { estimation: 'balanced' }),
    ...(models !== '' && { models: models.split(' ').map(unpackModel) }),
  };
}

const packModels = (models: readonly ModelRefLimits[]): string =>
  models.map(({ ref, limits }) => ref + packLimitSet(limits)).join(' ');

const REF_LENGTH = 8;

/** Throws TypeError where it names no model: its limits would be nobody's. */
function unpackModel(packed: string): ModelRefLimits {
  const ref = parseModelRef(packed.slice(0, REF_LENGTH));
  if (ref === undefined) throw new TypeError('Limits of a model were packed otherwise than they are read.');
  return { ref, limits: unpackLimitSet(packed.slice(REF_LENGTH)) };
}

/**
 * What limits of models may take together as they travel, in bytes, inside CONTEXT_BYTES_MAX (context-mac.ts): at least
 * fourteen models with three limits each.
 */
export const MODEL_LIMITS_BYTES_MAX = 480;

/** Whether so many limits of models are short enough to travel with a request. */
export const modelLimitsFit = (models: readonly ModelLimits[]): boolean =>
  Buffer.byteLength(packModels(models.map(byRef))) <= MODEL_LIMITS_BYTES_MAX;
