/** Reads fields of a parsed JSON body; `null` and absent are both undefined inside. */
import { refuseChoice, refuseMissing, refuseType, refuseUnknown, refuseValue } from './refusal.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Bounds of a number, both inclusive. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where a list or a field is, in the wire's spelling: `messages[0]`, `messages[0].content`. */
export const within = (parent: string, key: string | number): string => {
  if (typeof key === 'number') return `${parent}[${key}]`;
  return parent === '' ? key : `${parent}.${key}`;
};

export function readString(value: unknown, param: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : refuseType(param, { expected: 'a string', got: value });
}

/** The text of a field that must be there; `''` is a text. */
export const requireString = (value: unknown, param: string): string =>
  readString(value, param) ?? refuseMissing(param);

/** The object of a field that must be there. */
export const requireObject = (value: unknown, param: string): JsonObject =>
  readObject(value, param) ?? refuseMissing(param);

/** One of a closed set of texts. */
export function readChoice<Choice extends string>(
  value: unknown,
  of: { readonly param: string; readonly choices: readonly Choice[] },
): Choice | undefined {
  const text = readString(value, of.param);
  if (text === undefined) return undefined;
  return of.choices.find((choice) => choice === text) ?? refuseChoice(of.param, of.choices);
}

/** A list; absent where there is none. */
export function readArray(value: unknown, param: string): readonly unknown[] | undefined {
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? value : refuseType(param, { expected: 'an array', got: value });
}

/** Refuses the first key that is not among these. A key whose value is `null` says nothing. */
export function assertKeys(
  value: JsonObject,
  of: { readonly param: string; readonly known: ReadonlySet<string> },
): void {
  for (const key of Object.keys(value)) {
    if (!of.known.has(key) && value[key] !== null) refuseUnknown(within(of.param, key));
  }
}

export function readBoolean(value: unknown, param: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'boolean' ? value : refuseType(param, { expected: 'a boolean', got: value });
}

export function readObject(value: unknown, param: string): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  return isObject(value) ? value : refuseType(param, { expected: 'an object', got: value });
}

export function readNumber(
  value: unknown,
  of: { readonly param: string; readonly bounds: Bounds },
): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') return refuseType(of.param, { expected: 'a decimal', got: value });
  return bounded(value, of);
}

export function readInteger(
  value: unknown,
  of: { readonly param: string; readonly bounds: Bounds },
): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Number.isInteger(value)) return refuseType(of.param, { expected: 'an integer', got: value });
  return bounded(Number(value), of);
}

function bounded(value: number, of: { readonly param: string; readonly bounds: Bounds }): number {
  const { min, max } = of.bounds;
  if (value < min) return refuseValue(of.param, `expected a value >= ${min}, but got ${value} instead.`);
  if (value > max) return refuseValue(of.param, `expected a value <= ${max}, but got ${value} instead.`);
  return value;
}
