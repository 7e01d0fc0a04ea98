/**
 * Makes a value that is valid for a JSON schema, the same for the same schema and seed. Speaks what tools use: types,
 * const, enum, default, examples, properties, required, items, prefixItems, anyOf, oneOf, allOf, $ref into the schema
 * itself, bounds, formats. A `pattern` it can only meet with a few usual strings; a `not` it does not see.
 */
import { refuse } from './service-error.ts';
import type { Fields } from './wire-value.ts';

/** ValidationException for a schema that nothing can be made for. */
export const valueFor = (schema: unknown, seed: number): unknown =>
  make(schema, { root: schema, seed, depth: 0 });

interface Context {
  readonly root: unknown;
  readonly seed: number;
  readonly depth: number;
}

/** Schemas that contain themselves are followed so deep; beyond, optional properties are left out. */
const OPTIONAL_DEPTH_MAX = 4;
const DEPTH_MAX = 32;

function make(given: unknown, context: Context): unknown {
  if (context.depth > DEPTH_MAX)
    refuse('The Bedrock emulator can make no value for a schema without an end.');
  if (given === false) refuse('The Bedrock emulator can make no value for the schema false.');
  if (!isFields(given)) return {};
  const schema = resolve(given, context);
  if ('const' in schema) return schema['const'];
  const choices = listOf(schema['enum']);
  if (choices.length > 0) return choices[context.seed % choices.length];
  const [alternative] = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])];
  if (alternative !== undefined) return make(merge(without(schema), alternative, context), context);
  return makeOfType(typeOf(schema), schema, context);
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The schema with its $ref and allOf put in. */
function resolve(schema: Fields, context: Context): Fields {
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    const { $ref: _, ...rest } = schema;
    const target = pointed(reference, context.root);
    return resolve(merge(rest, target, context), deeper(context));
  }
  const parts = listOf(schema['allOf']);
  if (parts.length === 0) return schema;
  const { allOf: _, ...rest } = schema;
  return parts.reduce<Fields>((sum, part) => resolve(merge(sum, part, context), deeper(context)), rest);
}

function pointed(reference: string, root: unknown): unknown {
  const steps = reference.replace(/^#\/?/, '').split('/').filter(Boolean);
  const target = steps
    .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, step) => (isFields(at) ? at[step] : undefined), root);
  if (!reference.startsWith('#') || target === undefined) {
    refuse(`The Bedrock emulator cannot follow the $ref ${reference}.`);
  }
  return target;
}

function merge(one: Fields, other: unknown, context: Context): Fields {
  if (!isFields(other)) return one;
  const resolved = resolve(other, deeper(context));
  const properties = { ...fieldsOf(one['properties']), ...fieldsOf(resolved['properties']) };
  const required = [...new Set([...listOf(one['required']), ...listOf(resolved['required'])])];
  return {
    ...one,
    ...resolved,
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(required.length > 0 && { required }),
  };
}

const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

const without = ({ anyOf: _any, oneOf: _one, ...rest }: Fields): Fields => rest;

const deeper = (context: Context): Context => {
  if (context.depth > DEPTH_MAX)
    refuse('The Bedrock emulator can make no value for a schema without an end.');
  return { ...context, depth: context.depth + 1 };
};

function typeOf(schema: Fields): string {
  const [type] = [...listOf(schema['type']), schema['type']].filter((name) => typeof name === 'string');
  if (type !== undefined) return String(type);
  if ('items' in schema || 'prefixItems' in schema || 'minItems' in schema) return 'array';
  if ('minimum' in schema || 'maximum' in schema || 'multipleOf' in schema) return 'number';
  if ('pattern' in schema || 'format' in schema || 'minLength' in schema) return 'string';
  return 'object';
}

function makeOfType(type: string, schema: Fields, context: Context): unknown {
  switch (type) {
    case 'object':
      return makeObject(schema, context);
    case 'array':
      return makeArray(schema, context);
    case 'string':
      return makeString(schema, context);
    case 'integer':
      return makeNumber(schema, { ...context, step: 1 });
    case 'number':
      return makeNumber(schema, { ...context, step: 0.5 });
    case 'boolean':
      return context.seed % 2 === 0;
    default:
      return null;
  }
}

function makeObject(schema: Fields, context: Context): Fields {
  const properties = fieldsOf(schema['properties']);
  const required = listOf(schema['required']).filter((name) => typeof name === 'string');
  const optional = context.depth < OPTIONAL_DEPTH_MAX ? Object.keys(properties) : [];
  const names = [...new Set([...optional, ...required])];
  const made = Object.fromEntries(
    names.map((name, index) => [name, make(properties[name] ?? {}, inner(context, index))]),
  );
  const missing = numberOf(schema['minProperties'], 0) - names.length;
  const extra = schema['additionalProperties'] ?? {};
  for (let index = 0; index < missing; index += 1) {
    Object.assign(made, { [`extra${index}`]: make(extra === true ? {} : extra, inner(context, index)) });
  }
  return made;
}

function makeArray(schema: Fields, context: Context): readonly unknown[] {
  const first = listOf(schema['prefixItems']).map((item, index) => make(item, inner(context, index)));
  const wanted = context.depth < OPTIONAL_DEPTH_MAX ? 1 : 0;
  const length = Math.min(
    Math.max(numberOf(schema['minItems'], 0), wanted),
    numberOf(schema['maxItems'], Number.MAX_SAFE_INTEGER),
  );
  const rest = Array.from({ length: Math.max(0, length - first.length) }, (_, index) =>
    make(schema['items'] ?? {}, inner(context, first.length + index)),
  );
  return [...first, ...rest];
}

const inner = (context: Context, index: number): Context => ({
  ...context,
  seed: (Math.imul(context.seed ^ (index + 1), 1664525) + 1013904223) >>> 0,
  depth: context.depth + 1,
});

function makeNumber(schema: Fields, { seed, step }: Context & { readonly step: number }): number {
  const unit = numberOf(schema['multipleOf'], step);
  const { exclusiveMinimum, exclusiveMaximum } = schema;
  const low = Math.max(
    numberOf(schema['minimum'], Number.NEGATIVE_INFINITY),
    numberOf(exclusiveMinimum, Number.NEGATIVE_INFINITY),
  );
  const high = Math.min(
    numberOf(schema['maximum'], Number.POSITIVE_INFINITY),
    numberOf(exclusiveMaximum, Number.POSITIVE_INFINITY),
  );
  const start = low > Number.NEGATIVE_INFINITY ? low : Math.min(0, high);
  const lowest = Math.ceil(start / unit) * unit;
  const from = lowest === exclusiveMinimum ? lowest + unit : lowest;
  const to = high === exclusiveMaximum ? high - unit : high;
  // Between two fractions there may be no multiple of a half.
  if (from > high || from === exclusiveMaximum) return (low + high) / 2;
  const steps = Math.min(100, Math.max(0, Math.floor((to - from) / unit)));
  return from + (seed % (steps + 1)) * unit;
}

const numberOf = (value: unknown, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise;

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-11-20',
  'date-time': '2026-11-20T12:00:00Z',
  duration: 'PT5M',
  email: 'pear@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  time: '12:00:00Z',
  uri: 'https://example.com/pears',
  uuid: '123e4567-e89b-42d3-a456-426614174000',
};
/** Tried in order where a pattern must be met. */
const WORDS = ['amber', 'Pear "Grüße" 🍐', 'Basket\\Bridge', 'candle\ncanyon', 'desert'];
const PATTERN_TRIES = [
  'amber',
  'Amber',
  'AMB',
  'AB',
  'A',
  'a',
  '7',
  '42',
  '123',
  '2026',
  '12345',
  '555-0100',
  '1.0.0',
  'A-1',
  'a1',
  '2026-11-20',
  'pear@example.com',
];

function makeString(schema: Fields, { seed }: Context): string {
  const format = schema['format'];
  if (typeof format === 'string' && FORMATS[format] !== undefined) return FORMATS[format];
  const pattern = schema['pattern'];
  if (typeof pattern === 'string') return matching(new RegExp(pattern, 'u'), schema);
  return fitted(WORDS[seed % WORDS.length] ?? '', schema);
}

function matching(pattern: RegExp, schema: Fields): string {
  const found = PATTERN_TRIES.map((text) => fitted(text, schema)).find((text) => pattern.test(text));
  return found ?? refuse(`The Bedrock emulator knows no text of the pattern ${pattern.source}.`);
}

/** Lengths count code points, as JSON schema has it. */
function fitted(text: string, schema: Fields): string {
  const characters = [...text];
  const min = numberOf(schema['minLength'], 0);
  const max = numberOf(schema['maxLength'], Number.MAX_SAFE_INTEGER);
  const long = characters.length < min ? text.padEnd(text.length + min - characters.length, 'x') : text;
  return [...long].slice(0, max).join('');
}
