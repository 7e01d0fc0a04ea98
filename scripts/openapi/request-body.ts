/** Bodies of requests, from the schemas that check them; the descriptions are laid over. */
import * as z from 'zod/mini';
import type { Schema } from './schema.ts';

/** Descriptions by path: `limits.usd_per_month`; items of a list, and values of a map, have their list's or map's. */
export type Descriptions = Readonly<Record<string, string>>;

/** The JSON Schema of a body, each field described. Throws where a field has no description, or a description no field. */
export function bodyOf(schema: z.ZodMiniType, descriptions: Descriptions): Schema {
  const { $schema, ...json } = z.toJSONSchema(schema, { io: 'input' });
  const unused = new Set(Object.keys(descriptions));
  const described = describe(json, { path: '', descriptions, unused });
  if (unused.size > 0) throw new Error(`The body has no field ${[...unused].join(', ')}.`);
  return described;
}

interface Place {
  readonly path: string;
  readonly descriptions: Descriptions;
  readonly unused: Set<string>;
}

function describe(schema: Schema, place: Place): Schema {
  const { properties, anyOf, oneOf, items, additionalProperties, ...rest } = schema;
  return {
    ...rest,
    ...(isSchemas(properties) && { properties: describeFields(properties, place) }),
    ...(Array.isArray(anyOf) && { anyOf: anyOf.map((one: Schema) => describe(one, place)) }),
    ...(Array.isArray(oneOf) && { oneOf: oneOf.map((one: Schema) => describe(one, place)) }),
    ...(isSchemas(items) && { items: describe(items, place) }),
    ...(additionalProperties !== undefined && {
      additionalProperties: isSchemas(additionalProperties)
        ? describe(additionalProperties, place)
        : additionalProperties,
    }),
  };
}

function describeFields(fields: Readonly<Record<string, Schema>>, of: Place): Schema {
  const described = Object.entries(fields).map(([name, field]) => {
    const path = of.path === '' ? name : `${of.path}.${name}`;
    const description = of.descriptions[path];
    if (description === undefined) throw new Error(`The field ${path} has no description.`);
    of.unused.delete(path);
    return [name, { ...describe(field, { ...of, path }), description }];
  });
  return Object.fromEntries(described);
}

const isSchemas = (value: unknown): value is Readonly<Record<string, Schema>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Descriptions of fields that are inside of another: `under('limits', {…})`. */
export const under = (prefix: string, descriptions: Descriptions): Descriptions =>
  Object.fromEntries(Object.entries(descriptions).map(([path, words]) => [`${prefix}.${path}`, words]));
