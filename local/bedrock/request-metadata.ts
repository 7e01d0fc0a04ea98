/** requestMetadata: 1 to 16 entries of plain characters (service model of bedrock-runtime, 2023-09-30). */
import type { Constraints } from './constraints.ts';
import { refuseType } from './service-error.ts';
import { type Fields, readObject, readString } from './wire-value.ts';

export type RequestMetadata = Readonly<Record<string, string>>;

const CHARACTERS = /^[a-zA-Z0-9\s:_@$#=/+,\-.]*$/;
const FIELD = 'requestMetadata';

/** The map of strings, empty where absent. */
export function readRequestMetadata(value: unknown): RequestMetadata {
  const entries = Object.entries(readObject(value) ?? {});
  return Object.fromEntries(
    entries.map(([key, item]) => [key, readString(item) ?? refuseType(item, 'a String')]),
  );
}

/** `given` tells an empty map, which is refused, from an absent one. */
export function checkRequestMetadata(given: Fields | undefined, constraints: Constraints): void {
  if (given === undefined) return;
  const entries = Object.entries(readRequestMetadata(given));
  constraints.length(entries.length, FIELD, { min: 1, max: 16 });
  for (const [key, value] of entries) {
    constraints.length(key.length, `${FIELD}.key`, { min: 1, max: 256 });
    constraints.pattern(key, `${FIELD}.key`, CHARACTERS);
    constraints.length(value.length, `${FIELD}.${key}.value`, { min: 0, max: 256 });
    constraints.pattern(value, `${FIELD}.${key}.value`, CHARACTERS);
  }
}
