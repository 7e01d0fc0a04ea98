/** Reads fields of a parsed JSON body; `null` and absent are both undefined inside. */
import { refuseType, refuseValue } from './refusal.ts';

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
