/**
 * Reads JSON by the rules of restJson1: null is the same as absent, and a value of the wrong type is a
 * SerializationException before any constraint is looked at.
 */
import { refuseType, ServiceError } from './service-error.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The body as a JSON object; SerializationException where it is not one. */
export function parseBody(bytes: Buffer): Fields {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new ServiceError('SerializationException', 'Could not parse request body into json');
  }
  return readObject(value) ?? refuseType(value, 'an Object');
}

export function readObject(value: unknown): Fields | undefined {
  if (value === undefined || value === null) return undefined;
  return isObject(value) ? value : refuseType(value, 'an Object');
}

export function readList(value: unknown): readonly unknown[] | undefined {
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? value : refuseType(value, 'a List');
}

export function readString(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : refuseType(value, 'a String');
}

export function readNumber(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' ? value : refuseType(value, 'a Float');
}

export function readInteger(value: unknown): number | undefined {
  const number = readNumber(value);
  return number === undefined || Number.isInteger(number) ? number : refuseType(value, 'an Integer');
}

export function readStrings(value: unknown): readonly string[] | undefined {
  return readList(value)?.map((item) => readString(item) ?? refuseType(item, 'a String'));
}

const isObject = (value: unknown): value is Fields => typeof value === 'object' && !Array.isArray(value);
