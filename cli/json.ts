/** JSON of the API, read without trusting its shape: what is not there is undefined. */
import { Failure } from './failure.ts';

export type JsonObject = { readonly [name: string]: unknown };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value behind a dotted path, such as `owner.service_account.id`. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), value);
}

/** The text behind a path; undefined where there is none. */
export function textAt(value: unknown, path: string): string | undefined {
  const found = at(value, path);
  return typeof found === 'string' ? found : undefined;
}

/** The objects of a list behind a path. */
export function objectsAt(value: unknown, path: string): readonly JsonObject[] {
  const found = at(value, path);
  return Array.isArray(found) ? found.filter(isObject) : [];
}

/** An answer as an object. Anything else comes from a server that is not this product's. */
export function expectObject(answer: unknown): JsonObject {
  if (isObject(answer)) return answer;
  throw new Failure(
    'unreachable',
    'Something answers at this URL, but not as a bedrock-proxy does. Check --url or BPX_URL.',
  );
}
